"""Backups of an LTV_HOME: making, keeping and restoring them.

``manifest`` says what a backup is and whether it is whole, ``making`` and ``restoring`` go one way
and the other, ``keeping`` is what the daily schedule calls. What an upgrade copies before it
changes the warehouse is the business of ``warehouse.schema_version``.
"""
