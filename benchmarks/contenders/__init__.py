"""Who takes part: the platform, DuckDB by hand, pandas, Polars; a module each."""
