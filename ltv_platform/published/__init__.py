"""The published snapshot: written by the engine, read with DuckDB by people and programs.

The warehouse itself is never opened here for reading: whoever reads, reads the snapshot.
"""
