"""The published figures as files for other programs: CSV, Parquet and SQLite.

Everything here reads the snapshot and nothing else. Pages for people are in ``reports``.
"""
