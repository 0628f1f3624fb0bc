"""Backups of an LTV_HOME: making, keeping and restoring them.

``manifest`` defines a backup and whether it is complete, ``making`` and ``restoring`` do the work,
the daily schedule calls ``keeping``. The copy before an upgrade is made by
``warehouse.duckdb.schema_version``.
"""
