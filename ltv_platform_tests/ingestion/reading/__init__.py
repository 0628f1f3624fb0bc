"""How records are read: delimited text, JSON, Parquet, SQLite."""
