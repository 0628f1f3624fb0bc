"""Tests of what starts by itself, without Dagster: pure functions of what sensors see."""
