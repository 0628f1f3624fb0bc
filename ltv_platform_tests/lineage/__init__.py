"""Column lineage: found in SQL, kept, shown."""
