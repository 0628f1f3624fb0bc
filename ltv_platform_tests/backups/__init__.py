"""Copies of the state of an LTV_HOME: how they are made, kept and restored."""
