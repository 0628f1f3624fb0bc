"""The warehouse: the engine seam, what is stale, and the published snapshot.

``engine`` says what any engine can do, ``duckdb_engine`` is the embedded one, ``raw_log`` is
the SQL by which a load enters the log, ``planner`` decides what is stale (pure), ``snapshot``
publishes, ``published`` and ``query`` read what was. What the tables mean does not belong here.
"""
