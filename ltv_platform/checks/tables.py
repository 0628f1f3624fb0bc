"""Checks of a single table: its keys, its rejected rows."""

from collections.abc import Iterable
from datetime import date

from ltv_platform.checks.model import CheckOutcome, ask, within
from ltv_platform.contracts import Table
from ltv_platform.contracts.ddl import column_list, quoted
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Reader


def unique_key(engine: Reader, table: Table, days: Iterable[date] | None) -> CheckOutcome:
    """No key occurs twice in the days just written (None: in the whole table), nor beyond them.

    A key without a day can occur on two days only if it has several versions in the log: these few
    keys are searched in all days.
    """
    key = column_list(table.key)
    rows, bounds = f"SELECT {key} FROM {table.full_name}", dict[str, date]()
    if table.partition is not None and days is not None:
        written, bounds = within(table.partition, days)
        everywhere, rows = rows, f"{rows} WHERE {written}"
        first = quoted(table.key[0])
        versions = " UNION ALL ".join(
            f"SELECT {first} FROM {source.log.full_name} WHERE version > 1"
            for source in engine.catalog.sources.values()
            if source.key == table.key and table.partition not in table.key
        )
        if versions:
            restated = f"SELECT {first} FROM {table.full_name} WHERE {written}"
            restated += f" AND {first} IN ({versions})"
            rows += f" UNION ALL {everywhere} WHERE NOT ({written}) AND {first} IN ({restated})"
    [(repeated,)] = engine.rows(
        f"SELECT COUNT(*) FROM (SELECT {key} FROM ({rows}) AS rows_to_look_at "
        f"GROUP BY {key} HAVING COUNT(*) > 1) AS repeated",
        bounds,
    )
    # A key can identify a person, and outcomes of checks are stored and shown in many places.
    find = f"SELECT {key} FROM {table.full_name} GROUP BY {key} HAVING COUNT(*) > 1"
    return CheckOutcome(
        repeated == 0,
        {"repeated_keys": repeated},
        ""
        if repeated == 0
        else f"{table.full_name} has {repeated} duplicate keys; to find them in the warehouse, "
        f"run {find}",
    )


def rejected_share(engine: Reader, source: str, settings: Settings) -> CheckOutcome:
    """The share of a source's received rows that are in quarantine is small."""
    [(received, quarantined)] = ask(engine, "tables/rejected_share", {"source": source})
    share = quarantined / received if received else 0.0
    return CheckOutcome(
        share <= settings.rejected_share,
        {"rejected_share": share, "rejected_rows": int(quarantined), "received": int(received)},
        f"{quarantined} of {received} rows are in quarantine; see `ltv quarantine list {source}`",
    )
