"""Tests of what the contracts promise."""
