"""Rows of erased persons at ingestion."""
