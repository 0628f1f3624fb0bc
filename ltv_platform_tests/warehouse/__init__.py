"""Tests of the warehouse: engine, planner, snapshot, and whole homes against a rebuild."""
