"""The embedded engine: one DuckDB file. Nothing outside this package knows how it is written."""
