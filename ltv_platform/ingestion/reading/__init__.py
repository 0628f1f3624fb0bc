"""Reads a private copy into records: with the engine's reader if safe, otherwise by hand."""
