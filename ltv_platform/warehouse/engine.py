"""What every warehouse engine must do; each write is one transaction.

The protocol is composed of smaller ones, and a function asks for the smallest that it needs: checks
for a :class:`Reader`, a build for a :class:`Builder`, ingestion for a :class:`Loader`.

Whoever writes another engine must know:

- SQL is passed in the dialect of ``sql/`` (DuckDB's, with parameters as ``$name``); an engine with
  another dialect translates it.
- Every table of the catalog exists under its full name before anything is read, also those of
  ``contracts/operations.py``: other packages query ``raw.loads``, ``raw.built`` and their like.
- Touches and writes are numbered in one ascending sequence. A write draws its number before it
  reads anything; what is touched meanwhile has a higher one, and the planner finds the write stale.
- :meth:`Transaction.append` decides which rows are new versions and which are repetitions;
  ``duckdb/versions.py`` states the rules.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ltv_platform.contracts import Catalog, SourceTable, Table
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf, Select

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Parameters = Mapping[str, Any]


class StatementError(Exception):
    """A statement is invalid, or a value does not fit its type."""


class RaisedError(StatementError):
    """A statement called ``error(…)``; the first line ends with the text passed to it."""


@dataclass(frozen=True)
class Writer:
    """The author of a write, recorded in ``built`` in the same transaction.

    Attributes:
        asset: Full name of the table, or of another asset.
        code_hash: Hash of its SQL, contract and settings.
        as_of: as_of and watermarks at the write.
    """

    asset: str
    code_hash: str
    as_of: AsOf


class Built(NamedTuple):
    """One row of ``built``: the last write of a day of an asset."""

    seq: int
    code_hash: str
    as_of: date | None
    watermarks: str


@dataclass(frozen=True)
class State:
    """The input of the planner; ``None`` as day means the whole table.

    Attributes:
        touched: Per source table, the number of the newest load that touched each day.
        built: Per asset, the newest write of each day.
        as_of: The current as_of and watermarks.
    """

    touched: Mapping[str, Mapping[date | None, int]] = field(default_factory=dict)
    built: Mapping[str, Mapping[date | None, Built]] = field(default_factory=dict)
    as_of: AsOf = field(default_factory=AsOf)

    @property
    def newest(self) -> int:
        """The highest number so far; later touches and writes get higher ones."""
        touches = (number for days in self.touched.values() for number in days.values())
        writes = (built.seq for days in self.built.values() for built in days.values())
        return max((*touches, *writes), default=0)


@dataclass(frozen=True)
class Load:
    """One file on its way into the log.

    Attributes:
        load_id: SHA-256 of table, adapter text and decompressed content.
        table: The source table.
        source_file: Name of the file.
        adapter: Name of the adapter, if any.
        rows_in_file: All records of the file.
        received_at: When it was received (UTC, without zone).
        content_hash: SHA-256 of its decompressed content; None: not a file.
    """

    load_id: str
    table: SourceTable
    source_file: str
    adapter: str | None
    rows_in_file: int
    received_at: datetime
    content_hash: str | None = None


@dataclass(frozen=True)
class LoadCounts:
    """Counts of a load's rows; its row of ``loads``."""

    load_id: str
    table_name: str
    source_file: str
    adapter: str | None
    content_hash: str | None
    rows_in_file: int
    rows_skipped: int
    rows_received: int
    rows_accepted: int
    rows_quarantined: int
    rows_repeated: int
    attributes_unread: str | None
    rounded: int | None
    loaded_at: datetime


@dataclass(frozen=True)
class Judged:
    """The judged rows of a file, in the connection of :meth:`Loader.judging`.

    Attributes:
        connection: That connection.
        rows: Name of a relation: the stored columns, ``_line``, ``_reasons``, ``_unread``,
            ``_rounded`` and ``_day``; rows with reasons are not appended.
        rejected: Name of a relation (line, reasons, raw, row_key) of the rows for quarantine.
    """

    connection: "duckdb.DuckDBPyConnection"
    rows: str
    rejected: str


class Rows(Protocol):
    """Queries: part of an engine and of a transaction."""

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small query as Python values."""


class Reader(Rows, Protocol):
    """Reading the warehouse."""

    @property
    def settings(self) -> Settings:
        """The settings that it was opened with."""

    @property
    def catalog(self) -> Catalog:
        """All contracts."""

    def hold(self) -> AbstractContextManager[None]:
        """Prevent writes by others during several calls; may be nested within a thread."""

    def fetch(self, sql: str, parameters: Parameters | None = None) -> "pa.Table":
        """The rows of a query."""

    def copy_to_parquet(self, select: Select, order: Sequence[str], path: Path) -> int:
        """Write the rows of a SELECT, ordered by columns if any are given; returns their number."""

    def tables(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """The columns of all existing tables, by schema and name: types by column, in order."""

    def state(self, tables: Collection[str] | None = None) -> State:
        """Touches and writes (of all tables, or of some), with as_of and watermarks."""

    def as_of(self) -> AsOf:
        """The current as_of and watermarks."""

    def newest_event(self, feed: str) -> date | datetime | None:
        """The newest date among the counting rows of a source; None: it has none."""

    def first_day(self) -> date | None:
        """The day of the earliest row of the log; None if no source has a dated row."""


class Builder(Reader, Protocol):
    """Writing derived tables, and recording from which state they were built."""

    def replace_range(
        self, table: Table, rows: "Select | pa.Table", start: date, end: date, writer: Writer
    ) -> int:
        """Replace the days start to end (both included) with the rows of a SELECT or Arrow table.

        Returns:
            The number of rows written.

        Raises:
            UserError: the columns are not those of the contract, rows belong to other days, or an
                amount does not fit its type; nothing was written.
            ValueError: the table has no partitions.
        """

    def replace(self, table: Table, rows: "Select | pa.Table", writer: Writer) -> int:
        """Replace the whole table with the rows of a SELECT or of an Arrow table.

        Returns:
            The number of rows written.

        Raises:
            UserError: the columns are not those of the contract, or an amount does not fit its
                type; nothing was written.
        """

    def record(self, writers: Iterable[Writer], sequence: int) -> None:
        """Record writes of assets that are not derived tables.

        Args:
            writers: The assets.
            sequence: The newest number that they have seen (:attr:`State.newest`).
        """

    def confirm(
        self, asset: str, written_as: str, code_hash: str, days: Collection[date] | None
    ) -> None:
        """Replace the code hash of an asset's writes, once its checks have passed.

        Args:
            asset: The asset.
            written_as: The code hash under which it was written.
            code_hash: The final code hash.
            days: The days that were checked; None: the whole table.
        """

    def forget(self, asset: str, start: date | None = None, end: date | None = None) -> None:
        """Mark the days start to end (None: all) of an asset as never built.

        For a write that failed a blocking check: its rows stay for inspection, but the table is
        stale, so no later run skips and publishes it.
        """


class Transaction(Rows, Protocol):
    """Small writes to tables that are not derived, committed together or not at all."""

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run a statement that writes; returns the number of rows inserted, updated or deleted.

        Raises:
            StatementError: the statement is invalid; the transaction must be rolled back.
        """

    def columns(self, source: str, parameters: Parameters | None = None) -> dict[str, str]:
        """The type of each column of a relation from :meth:`incoming`."""

    def incoming(self, rows: "Select | pa.Table") -> AbstractContextManager[tuple[str, Parameters]]:
        """A relation with the rows: SQL for use after FROM, and its parameters."""

    def touch(self, days: Mapping[str, Collection[date | None]]) -> None:
        """Mark days of source tables as changed, for the planner; None: the whole table."""

    def record(self, writer: Writer, days: tuple[date, date] | None) -> None:
        """Record a write of the days first to last, or (None) of the whole table."""

    def append(self, load: Load, judged: Judged, load_sequence: int | None = None) -> LoadCounts:
        """Append the good rows of a file to the log, with their load, quarantine and touched days.

        Args:
            load: The file.
            judged: Its rows.
            load_sequence: Their position in the order of receipt (:meth:`load_sequence_of`);
                None: after all others.

        Returns:
            The row of ``loads``.
        """

    def load_sequence_of(self, source: SourceTable, load_id: str) -> int:
        """The position of a load in the order of receipt, even if no row was accepted."""


class Loader(Reader, Protocol):
    """Writing to the log and the other tables of the raw layer."""

    def judging(self) -> AbstractContextManager["duckdb.DuckDBPyConnection"]:
        """The connection in which ingestion judges rows; the warehouse is held meanwhile.

        DuckDB reads, adapts and judges files, with any engine. The embedded engine returns its
        own connection, so that judged rows need not be copied. Another engine returns a database in
        memory, and fetches the judged rows from it in :meth:`Transaction.append`.
        """

    def bring(
        self,
        connection: "duckdb.DuckDBPyConnection",
        name: str,
        sql: str,
        parameters: Parameters | None = None,
    ) -> None:
        """Copy the rows of a query into a temporary table of the connection that judges."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Statements that are committed together, or rolled back after an error."""


class Keeper(Protocol):
    """What backups, erasure and ``ltv doctor`` need of the stored warehouse."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Names of the Python packages that it uses."""

    @property
    def schema_version(self) -> int:
        """The schema version that this code works with."""

    def stored_version(self) -> int | None:
        """The schema version of the stored warehouse, before any upgrade; None: there is none.

        Raises:
            UserError: it cannot be read: another process holds it, or it is damaged.
        """

    def prepare(self) -> None:
        """Bring the stored tables in line with the contracts, as the first read or write does.

        An older schema version is upgraded, after a copy. Missing tables are created. A derived
        table whose contract has changed is recreated empty and counts as never built. Partitions
        before ``LTV_START_DATE`` are removed; then all derived tables count as never built.

        Raises:
            UserError: the schema version is newer than :attr:`schema_version`, the upgrade failed,
                or a raw table differs from its contract.
        """

    def copy(self, target: Path) -> None:
        """Copy all committed data, in the format of ``Settings.warehouse_path``.

        Raises:
            OSError: the copy cannot be written.
        """

    def alone(self) -> AbstractContextManager[None]:
        """Lock out all processes while a restore replaces the stored warehouse.

        Raises:
            UserError: another process held it for longer than LTV_LOCK_TIMEOUT.
        """

    def compact(self) -> tuple[int, int]:
        """Remove all bytes of deleted rows from storage; returns the sizes before and after.

        Raises:
            UserError: the disk is full; nothing was changed.
        """


class Engine(Builder, Loader, Keeper, Protocol):
    """The seam between the platform and the engine that holds its tables."""

    def __hash__(self) -> int:
        """By identity, so that results can be cached per engine."""
