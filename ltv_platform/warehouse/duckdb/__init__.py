"""The embedded engine: one DuckDB file. No other package knows how it is written."""
