"""The published snapshot: written by the engine, read with DuckDB by people and programs.

Readers open the snapshot, never the warehouse.
"""
