"""When something starts by itself: pure functions that sensors and schedules call.

``attempts`` says whether to try again, ``refresh`` what is stale and why, ``landing`` which files
are to be loaded, ``freshness`` what is late. What they remember is small JSON in the cursor of a
sensor. Nothing here knows Dagster, opens the warehouse or reads a clock.
"""
