"""Reads a private copy into records: with the engine's reader where that is safe, else by hand."""
