"""Column lineage: which columns of which tables each column is computed from.

``tracing`` finds it in the text of a SELECT, ``tables`` puts SELECT, fit and presentation of a
table together, ``kept`` keeps what was found (for default settings in ``lineage.json`` beside it,
made by ``make docs``), ``tree`` and ``pages`` show it. Nothing here knows Dagster, and only
``tracing`` parses SQL.
"""
