"""What every warehouse engine can do; all writes are one transaction each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ltv_platform.contracts import SourceTable, Table
from ltv_platform.tables.transforms import AsOf, Select

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Writer:
    """Who writes: recorded in ``built`` together with the write.

    Attributes:
        asset: Full name of the table, or of another asset.
        code_hash: Hash of the SQL, contract and settings that it is made with.
        as_of: What the figures knew of at the write.
    """

    asset: str
    code_hash: str
    as_of: AsOf


class Built(NamedTuple):
    """One row of ``built``: when a day of an asset was last written, and from what."""

    seq: int
    code_hash: str
    as_of: date | None
    watermarks: str


@dataclass(frozen=True)
class State:
    """What the planner looks at; ``None`` as day means the whole table.

    Attributes:
        touched: Per source table, the number of the newest load that touched each day.
        built: Per asset, the newest write of each day.
        as_of: What the figures know of now.
    """

    touched: Mapping[str, Mapping[date | None, int]] = field(default_factory=dict)
    built: Mapping[str, Mapping[date | None, Built]] = field(default_factory=dict)
    as_of: AsOf = field(default_factory=AsOf)

    @property
    def newest(self) -> int:
        """The highest number so far; whatever comes later bears a higher one."""
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
        content_hash: SHA-256 of its decompressed content; None: it is no file.
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
    """What became of the rows of a load; the row of ``loads``."""

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


class Engine(Protocol):
    """The seam between the platform and the engine that holds its tables."""

    def hold(self) -> AbstractContextManager[None]:
        """Keep others from writing over several calls."""

    def prepare(self) -> None:
        """Create what is missing: every table exists, empty, from the start."""

    def replace_range(
        self, table: Table, rows: "Select | pa.Table", start: date, end: date, writer: Writer
    ) -> int:
        """Replace the days start to end (both included) by the rows of a SELECT or Arrow table.

        Returns:
            The number of rows written.

        Raises:
            UserError: the columns are not the contract's; nothing was written.
        """

    def replace(self, table: Table, rows: "Select | pa.Table", writer: Writer) -> int:
        """Replace the whole table by the rows of a SELECT or of an Arrow table."""

    def record(self, writers: Iterable[Writer], sequence: int) -> None:
        """Record the work of assets that are no derived tables.

        Args:
            writers: The assets.
            sequence: The newest number that it has seen (:attr:`State.newest`).
        """

    def confirm(
        self, asset: str, written_as: str, code_hash: str, days: Collection[date] | None
    ) -> None:
        """Take what an asset was written as for made by that code: its checks hold.

        Args:
            asset: The asset.
            written_as: The code hash under which it was written.
            code_hash: That of the code.
            days: The days that were checked; None: the whole table.
        """

    def forget(self, asset: str, start: date | None = None, end: date | None = None) -> None:
        """Take the days start to end (None: all) of an asset as never built.

        For a write that a blocking check found wrong: its rows stay to be looked at, but the
        table is stale, so no later run passes it by and publishes it.
        """

    def state(self, tables: Collection[str] | None = None) -> State:
        """What has been touched and built (of all tables, or of some), and what is known."""

    def as_of(self) -> AsOf:
        """What the figures know of now."""

    def fetch(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pa.Table":
        """The rows of a query."""

    def copy_to_parquet(self, select: Select, order: Sequence[str], path: Path) -> int:
        """Write the rows of a SELECT, totally ordered, and return their number."""
