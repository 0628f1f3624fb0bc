"""The published figures in files that other programs read: CSV and SQLite.

Everything here reads the snapshot and nothing else. Pages for people are in ``reports``.
"""
