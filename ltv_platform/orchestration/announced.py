"""The last announced write of each table: a killed run may have written more than it announced.

Stored in ``raw.built``, as the write of an asset ``announced.<table>``.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from ltv_platform.tables.transforms import AsOf
from ltv_platform.warehouse.engine import Builder, Writer

_PREFIX = "announced."


def unannounced(engine: Builder, tables: Iterable[str]) -> Mapping[str, set[date | None]]:
    """The unannounced days of each table; None: the whole table."""
    days: dict[str, set[date | None]] = {}
    for table, day in engine.rows(
        "SELECT built.asset, built.day FROM raw.built AS built "
        "LEFT JOIN raw.built AS mark ON mark.asset = $prefix || built.asset "
        "WHERE built.asset IN $tables AND built.seq > COALESCE(mark.seq, 0)",
        {"prefix": _PREFIX, "tables": list(tables)},
    ):
        days.setdefault(table, set()).add(day)
    return days


def remember_announced(engine: Builder, tables: Iterable[str]) -> None:
    """Record that all writes of some tables so far are announced."""
    for table, newest in engine.rows(
        "SELECT asset, MAX(seq) FROM raw.built WHERE asset IN $tables GROUP BY asset",
        {"tables": list(tables)},
    ):
        engine.record([Writer(_PREFIX + table, "", AsOf())], newest)
