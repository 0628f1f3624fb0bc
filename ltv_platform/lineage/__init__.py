"""Column lineage: which columns of which tables each column is computed from.

``tracing`` finds it in the text of a SELECT; ``tables`` combines a table's SELECT, fit and
presentation; ``store`` caches the result (for default settings in ``lineage.json`` next to it,
written by ``make docs``); ``tree`` and ``pages`` show it. Nothing here knows Dagster, and only
``tracing`` parses SQL.
"""
