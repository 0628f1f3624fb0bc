"""Tables of the snapshot that are kept in memory, because filters on them must be fast.

They are loaded in the background when a snapshot is first read; until then, statements read its
files.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, TypeAlias

import duckdb

from ltv_platform.contracts.ddl import quoted
from ltv_platform.errors import UserError

if TYPE_CHECKING:
    from ltv_platform.published.live import Reading

Read: TypeAlias = "Callable[[], AbstractContextManager[Reading]]"
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


class KeptTables:
    """Keeps tables of the current snapshot in memory; safe for several threads.

    Args:
        read: Opens the current snapshot for one question.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._snapshot = ""
        self._kept: frozenset[str] = frozenset()

    def of(self, reading: "Reading") -> frozenset[str]:
        """Names of the tables of this snapshot that are in memory by now."""
        name = reading.snapshot.path.name
        with self._lock:
            if name != self._snapshot:
                self._snapshot, self._kept = name, frozenset()
                threading.Thread(target=self._load, args=(name,), daemon=True).start()
            return self._kept

    def _load(self, name: str) -> None:
        # What is kept so far is used; the others stay in their files. Whoever reads a damaged file
        # is told so.
        with suppress(duckdb.OutOfMemoryException, UserError), self._read() as reading:
            if reading.snapshot.path.name != name:
                return
            reading.connection.execute("CREATE SCHEMA kept")
            for table, order in _KEPT.items():
                if not 0 < _values(reading, table) <= _MOST_VALUES:
                    continue
                by = f" ORDER BY {', '.join(map(quoted, order))}" if order else ""
                reading.connection.execute(
                    f"CREATE TABLE kept.{quoted(table)} AS SELECT * FROM main.{quoted(table)}{by}"
                )
                with self._lock:
                    if self._snapshot == name:
                        self._kept |= {table}


def _values(reading: "Reading", table: str) -> int:
    """Rows × columns of a table; 0: the snapshot, of an earlier version, does not have it."""
    known = reading.snapshot.manifest["tables"].get(table)
    return 0 if known is None else known["rows"] * len(known["columns"])
