"""Rejected rows: listed with their reasons, replayed, and settled by later loads."""
