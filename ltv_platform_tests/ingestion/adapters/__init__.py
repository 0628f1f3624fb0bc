"""Adapters: what they may do, and what they declare about their files."""
