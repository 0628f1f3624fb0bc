"""The types of contracts: columns, tables, source tables and the catalog.

Contracts are plain data. What is derived from them is elsewhere: DDL in ``contracts.ddl``,
validation SQL in ``ingestion.rows.validation``, Dagster column schema and checks in
``orchestration``, the docs page in ``contracts.pages``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

#: Types a column may have, as the engine's SQL spells them.
ColumnType = Literal[
    "VARCHAR",
    "VARCHAR[]",
    "BOOLEAN",
    "INTEGER",
    "BIGINT",
    "DOUBLE",
    "DECIMAL(18,6)",
    "DECIMAL(18,8)",
    "DECIMAL(18,12)",
    "DECIMAL(38,6)",
    "DATE",
    "TIME",
    "TIMESTAMP",
]

MONEY: ColumnType = "DECIMAL(18,6)"
#: A sum of money: sums in rupiah or yen have more than twelve digits before the decimal point.
TOTAL: ColumnType = "DECIMAL(38,6)"
#: A share of a conversion, with enough decimals that shares add up to 1 within 1e-9.
CREDIT: ColumnType = "DECIMAL(18,12)"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Its name, in whole words.
        type: Its type in the engine.
        description: Its meaning, with its unit.
        required: NULL is not allowed.
        minimum: Smallest allowed value; ``exclusive`` makes it a strict bound.
        maximum: Largest allowed value.
        exclusive: ``minimum`` itself is not allowed.
        pattern: Regular expression that the whole text must match (VARCHAR only).
        pattern_name: What matching values are, as in "an ISO 4217 code".
        default: SQL literal that replaces a missing value.
        pii: Values can identify a person.
        upper: Text is converted to upper case.
        present: Every file must have the column, though values may be missing.
        attribute: It describes the row but decides no figure: an unreadable value becomes NULL and
            is counted, and the row is still accepted.
    """

    name: str
    type: ColumnType
    description: str
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    exclusive: bool = False
    pattern: str | None = None
    pattern_name: str = ""
    default: str | None = None
    pii: bool = False
    upper: bool = False
    present: bool = False
    attribute: bool = False

    @property
    def scale(self) -> int | None:
        """Decimals of a DECIMAL; None for other types."""
        if not self.type.startswith("DECIMAL"):
            return None
        return int(self.type.rstrip(")").rpartition(",")[2])


@dataclass(frozen=True)
class Table:
    """One table of the warehouse.

    Attributes:
        layer: ``raw``, ``core`` or ``marts``; also its schema.
        name: Its plain name, unique over core and marts.
        description: Grain and the question that it answers.
        key: Columns that identify a row.
        columns: The stored columns, in order.
        partition: The DATE column with the daily partition of a row; None: the table is written as
            a whole.
        presented: The published columns, if a presentation SELECT computes them from the stored
            ones; None: published as stored.
    """

    layer: Literal["raw", "core", "marts"]
    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: str | None = None
    presented: tuple[Column, ...] | None = None

    @property
    def full_name(self) -> str:
        """Schema and name, as in ``core.customers``."""
        return f"{self.layer}.{self.name}"

    @property
    def published(self) -> tuple[Column, ...]:
        """The columns in the snapshot."""
        return self.columns if self.presented is None else self.presented

    def column(self, name: str) -> Column:
        """The stored column of that name; raises KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.full_name} has no column {name}")


@dataclass(frozen=True)
class Rule:
    """A condition over a whole row: if it is true, the row is rejected.

    Attributes:
        breaks: SQL condition over the typed columns; ``{refund_types}`` is replaced by the words of
            LTV_REFUND_TYPES.
        reason: Why such a row is rejected, and what to do.
    """

    breaks: str
    reason: str


@dataclass(frozen=True)
class OwnDay:
    """A row changes the day that it falls on, and a new version also those of earlier versions.

    Such a source has daily partitions, so rows before the first one are rejected.
    """


@dataclass(frozen=True)
class DaysFrom:
    """A row changes the day that it falls on and some days after it, on which it still serves.

    Attributes:
        after: The number of days after its own.
    """

    after: int


@dataclass(frozen=True)
class DayOf:
    """A row changes the day of the row of another source table with the same key.

    Attributes:
        source: That table.
    """

    source: "SourceTable"


@dataclass(frozen=True)
class WholeTable:
    """A row has no day: it may change any."""


Touches: TypeAlias = "OwnDay | DaysFrom | DayOf | WholeTable"


@dataclass(frozen=True)
class Watermark:
    """How far a source is known.

    Attributes:
        name: What grows, in the singular; SQL finds the watermark in ``$<name>_watermark``.
        description: What it says, for people.
        is_instant: It is the instant of the newest event; else the day of that event, which may
            still grow.
    """

    name: str
    description: str
    is_instant: bool = False

    @property
    def parameter(self) -> str:
        """The parameter that carries it."""
        return f"{self.name}_watermark"


@dataclass(frozen=True)
class SourceTable:
    """A table that users bring, and the raw log that keeps it.

    Attributes:
        name: Its name, also that of its landing folder.
        description: Grain and purpose.
        key: Columns that identify a row; versions of a row share it.
        columns: Columns that a file may have.
        event_time: Column or computed column that dates a row (TIMESTAMP or DATE).
        computed: Columns computed at load: (column, SQL expression).
        rules: Conditions over whole rows.
        replaces: A load replaces all rows with the values that it has in these columns; None: the
            newest version of each key counts.
        last_line_counts: If a load has several lines with the same key, the last one counts, as for
            attributes that change; otherwise such lines contradict each other.
        touches: The days that a changed row makes stale in the tables that read it.
        moves_as_of: The newest event counts for as_of, and the earliest for the first partition.
        watermark: How far the source is known; None: nothing depends on that.
        earliest_counts: Of the versions of a key the one with the earliest ``event_time`` counts
            first, and only then the newest.
        person: Column with the person of a row; None: rows name nobody.
        person_source: For a table without ``person``: the source table with the same key that
            has one.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    event_time: str | None = None
    computed: tuple[tuple[Column, str], ...] = ()
    rules: tuple[Rule, ...] = ()
    replaces: tuple[str, ...] | None = None
    last_line_counts: bool = False
    touches: Touches = OwnDay()
    moves_as_of: bool = False
    watermark: Watermark | None = None
    earliest_counts: bool = False
    person: str | None = None
    person_source: str | None = None

    @property
    def partitioned(self) -> bool:
        """Its rows fall into daily partitions, so rows before the first one are rejected."""
        return isinstance(self.touches, OwnDay)

    @property
    def is_dated_by_day(self) -> bool:
        """Its rows say the reporting day that they fall on, and no instant."""
        time = self.event_time
        return any(each.name == time and each.type == "DATE" for each in self.stored_values)

    @property
    def is_personal(self) -> bool:
        """Whether its rows belong to persons."""
        return self.person is not None or self.person_source is not None

    @property
    def stored_values(self) -> tuple[Column, ...]:
        """The value columns of the raw log: given and computed ones."""
        return self.columns + tuple(column for column, _ in self.computed)

    @property
    def has_updated_at(self) -> bool:
        """Whether rows say which version is newer."""
        return any(column.name == "updated_at" for column in self.columns)

    @property
    def can_be_deleted(self) -> bool:
        """Whether a version can say that the source has deleted the row."""
        return any(column.name == "is_deleted" for column in self.columns)

    @property
    def log(self) -> Table:
        """The raw log: every accepted version of every row, with its origin."""
        return Table(
            layer="raw",
            name=self.name,
            description=self.description,
            key=("load_id", "line"),
            columns=self.stored_values + LOG_COLUMNS,
        )


LOG_COLUMNS = (
    Column("load_id", "VARCHAR", "The load that brought this version.", required=True),
    Column("source_file", "VARCHAR", "Name of the file it came from.", required=True),
    Column("line", "BIGINT", "Record number in that file, the header being 1.", required=True),
    Column("received_at", "TIMESTAMP", "When it was loaded (UTC).", required=True),
    Column("load_sequence", "BIGINT", "Order of receipt over all loads.", required=True),
    Column(
        "version", "INTEGER", "1 = first accepted version of its key, then counting.", required=True
    ),
)


class Catalog:
    """All contracts by full name.

    Args:
        sources: The source tables.
        tables: Derived and operational tables.
    """

    def __init__(self, sources: Iterable[SourceTable], tables: Iterable[Table]) -> None:
        self.sources = {source.name: source for source in sources}
        self._tables = {
            table.full_name: table
            for table in (*(source.log for source in self.sources.values()), *tables)
        }

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def __getitem__(self, full_name: str) -> Table:
        try:
            return self._tables[full_name]
        except KeyError:
            raise KeyError(f"no contract for {full_name}; see ltv_platform/contracts/") from None

    def __contains__(self, full_name: str) -> bool:
        return full_name in self._tables

    @property
    def feeds(self) -> tuple[SourceTable, ...]:
        """Sources whose newest event counts for as_of."""
        return tuple(source for source in self.sources.values() if source.moves_as_of)

    @property
    def watermarks(self) -> tuple[Watermark, ...]:
        """The watermarks of all sources."""
        marks = (source.watermark for source in self.sources.values())
        return tuple(mark for mark in marks if mark is not None)

    @property
    def known_parameters(self) -> dict[str, str]:
        """Parameters of SELECTs that say up to when the figures have data, and what each is."""
        marks = {mark.parameter: mark.description for mark in self.watermarks}
        return {"as_of": "Last day included in the figures.", **marks}

    @property
    def derived(self) -> tuple[Table, ...]:
        """Core and mart tables."""
        return tuple(table for table in self if table.layer != "raw")
