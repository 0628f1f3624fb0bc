"""Incoming files: the private copy, format detection, tables of workbooks and SQLite databases.

Nothing here knows the platform's tables; ``reading`` parses the records.
"""
