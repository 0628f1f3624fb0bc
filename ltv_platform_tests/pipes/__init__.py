"""Pipes: figures by name and parameters, without HTTP."""
