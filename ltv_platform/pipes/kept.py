"""Tables of the snapshot that are kept in memory, because filters on them must be fast."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb

from ltv_platform.contracts.ddl import quoted

if TYPE_CHECKING:
    from ltv_platform.published.live import Reading

#: What is kept, and in which order: rows of one filter are adjacent, so that others are skipped.
_KEPT: Mapping[str, tuple[str, ...]] = {
    "customer_retention_sums": ("country", "segment"),
    "customer_cohort_sums": ("country", "segment"),
    "campaign_summary": (),
    "country_roas": (),
    "channel_reporting": (),
    "customer_ltv": ("country", "segment", "registration_date"),
    "campaign_ltv": ("country", "install_date"),
    "campaign_roas": ("country", "install_date"),
}
#: Larger tables (rows × columns) stay in their files: this many values take some 250 MB.
_MOST_VALUES = 20_000_000
#: Snapshots that questions may still read beside the newest.
_OTHERS = 4


class KeptTables:
    """Tables of the snapshots that are open, in memory; safe for several threads."""

    def __init__(self) -> None:
        self._kept: dict[str, frozenset[str]] = {}

    def of(self, reading: "Reading") -> frozenset[str]:
        """Names of the tables of a snapshot that are in memory."""
        return self._kept.get(reading.snapshot.path.name, frozenset())

    def load(self, reading: "Reading") -> None:
        """Keep the tables of a snapshot; it must not be read before."""
        loaded = set()
        reading.connection.execute("CREATE SCHEMA kept")
        # What exceeds the memory stays in its files.
        with suppress(duckdb.OutOfMemoryException):
            for table, order in _KEPT.items():
                if 0 < _values(reading, table) <= _MOST_VALUES:
                    by = f" ORDER BY {', '.join(map(quoted, order))}" if order else ""
                    reading.connection.execute(
                        f"CREATE TABLE kept.{quoted(table)} AS "
                        f"SELECT * FROM main.{quoted(table)}{by}"
                    )
                    loaded.add(table)
        newest = list(self._kept.items())[-_OTHERS:]
        self._kept = {**dict(newest), reading.snapshot.path.name: frozenset(loaded)}


def _values(reading: "Reading", table: str) -> int:
    """Rows × columns of a table; 0: the snapshot, of an earlier version, does not have it."""
    known = reading.snapshot.manifest["tables"].get(table)
    return 0 if known is None else known["rows"] * len(known["columns"])
