"""Erased persons stay out of later loads: hashes of their keys, and texts that name them."""
