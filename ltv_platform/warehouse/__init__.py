"""The warehouse: what any engine can do (``engine``), the embedded one (``duckdb``), what is stale.

``opening`` chooses an engine; no other module names one.

``planner`` decides what is stale, as pure functions of a state. What the tables mean does not
belong here, nor does the snapshot that people read (``published``).
"""
