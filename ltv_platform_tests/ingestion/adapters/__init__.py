"""Adapters: what they may do, and what they say of their files."""
