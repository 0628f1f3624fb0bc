"""Decides when something starts by itself: pure functions for sensors and schedules.

``attempts`` decides whether to try again, ``refresh`` what is stale and why, ``landing`` which
files to load, ``freshness`` what is late. Their memory is small JSON in the cursor of a sensor.
Nothing here knows Dagster, opens the warehouse or reads a clock.
"""
