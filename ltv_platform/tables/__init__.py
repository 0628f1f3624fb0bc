"""Renders the SELECT of a derived table, finds and cuts its inputs, and hashes its code."""
