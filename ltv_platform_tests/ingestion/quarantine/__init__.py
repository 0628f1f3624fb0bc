"""Rows in quarantine: listed, replayed, settled."""
