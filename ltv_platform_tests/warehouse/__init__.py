"""The planner, and below it the embedded engine."""
