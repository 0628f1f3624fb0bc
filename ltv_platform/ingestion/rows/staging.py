"""Takes one file from its private copy to judged rows: opened, adapted, validated.

The rows wait in a temporary table of the staging connection, valid and rejected ones, with
reasons. Nothing here writes to the log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.countries import is_known
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.apply import (
    Adapted,
    AdaptedFile,
    adapt,
    as_they_are,
    compare_columns,
)
from ltv_platform.ingestion.adapters.confinement import Connection
from ltv_platform.ingestion.files.private_copy import PrivateCopy, is_events
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.quarantine.settling import OPEN, row_key
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.double_rounding import scales_of
from ltv_platform.ingestion.reading.readers import (
    UnreliableReadError,
    confirm,
    engine_reads,
    enough_memory,
    make_malformed,
    open_file,
)
from ltv_platform.ingestion.requests import Request
from ltv_platform.ingestion.rows.judging import Judgement, count_rows, judge
from ltv_platform.ingestion.rows.start_date import Years
from ltv_platform.ingestion.rows.validation import BEFORE_START, ONLY_BEFORE_START
from ltv_platform.ingestion.suppression.keys import leave_out_malformed
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Load, Loader, Rows

if TYPE_CHECKING:
    from ltv_platform.ingestion.adapters.adapter import Adapter

#: Maximum number of countries that a message lists.
_SHOWN_COUNTRIES = 5

#: Replaces a record that could not be split, so its declared columns are unknown.
_NOT_KEPT = "(not kept: this format keeps only declared columns)"

#: Condition for quarantined records that could not even be split into columns.
MALFORMED = "starts_with(reasons[1], 'record:')"


@dataclass
class IncomingFile:
    """A copied file; the tables that it feeds share the output of its adapter.

    Attributes:
        copy: The private copy.
        adapters: The SELECTs of its adapter by table; empty: it has the columns of its table.
        taken_for: What its columns were recognized as; empty: its table or adapter was named.
        adapted: The output of its adapter, once that has run.
    """

    copy: PrivateCopy
    adapters: Mapping[str, "Adapter"] = field(default_factory=dict)
    taken_for: str = ""
    adapted: AdaptedFile | None = None


@dataclass(frozen=True)
class Incoming:
    """A copied file on its way into one table.

    Attributes:
        request: The request, with the table and adapter that were found.
        source: The table.
        file: The file.
        load_id: Identifies the load.
        suffix: Identifies the file and table within the call; part of temporary names.
    """

    request: Request
    source: SourceTable
    file: IncomingFile
    load_id: str
    suffix: str

    @property
    def adapter(self) -> "Adapter | None":
        """The SELECT that maps its columns, if any."""
        return self.file.adapters.get(self.source.name)

    @property
    def is_first(self) -> bool:
        """Notes on the whole file, and records that could not be split, belong to this table."""
        return next(iter(self.file.adapters), self.source.name) == self.source.name


@dataclass
class Staged:
    """Judged rows that wait to be appended.

    Attributes:
        incoming: The copied file.
        load: The file's row in the log of loads.
        rows: Name of the temporary view of its rows.
        malformed: Name of the temporary table of records that could not be split.
        start: The first partition that the rows were judged by.
        notes: What the user should know about the file.
        judged_notes: What the user should know about its rows, as last judged.
        adapted: The rows as text, so that they can be judged again by another start.
        left_out: Number of rows and records of erased persons that were left out.
        folder: The folder of the private copy.
    """

    incoming: Incoming
    load: Load
    rows: str
    malformed: str
    start: date | None
    notes: list[str]
    judged_notes: list[str]
    adapted: Adapted
    left_out: int
    folder: Path


def stage(
    connection: Connection,
    engine: Loader,
    incoming: Incoming,
    start: date | None,
) -> Staged:
    """Open a copied file and judge its rows.

    Args:
        connection: The staging connection.
        engine: The warehouse, which is only read.
        incoming: The file.
        start: First partition; None: not settled yet.

    Raises:
        UserError: the file as a whole cannot be loaded: it is empty, lacks a required column,
            or its adapter fails.
    """
    staging = _Staging(connection, engine, incoming, start)
    try:
        return staging.staged(by_hand=False)
    except UnreliableReadError:
        return staging.staged(by_hand=True)


@dataclass(frozen=True)
class _Staging:
    connection: Connection
    engine: Loader
    incoming: Incoming
    start: date | None

    def staged(self, *, by_hand: bool) -> Staged:
        connection, engine, incoming = self.connection, self.engine, self.incoming
        settings = engine.settings
        source, adapter, copy = incoming.source, incoming.adapter, incoming.file.copy
        received_at = settings.current_time().astimezone(UTC).replace(tzinfo=None)
        rows = f"staged_{incoming.suffix}"
        verdict = partial(
            judge,
            connection,
            engine,
            source,
            received_at=received_at,
            start=self.start,
            rows=rows,
        )
        if adapter is None:
            count, notes, adapted, judgement = self._as_it_is(verdict, by_hand=by_hand)
        else:
            count, notes, adapted = self._through(adapter, by_hand=by_hand)
            with enough_memory(copy.name):
                judgement = verdict(adapted)
            if adapter.many:
                count = judgement.rows
        if incoming.file.taken_for and incoming.is_first:
            notes.insert(0, f"{copy.name} was recognized as {incoming.file.taken_for}")
        malformed = f"malformed_{incoming.suffix}"
        connection.execute(f"ALTER TABLE malformed RENAME TO {malformed}")
        rows_in_file = count + count_rows(connection, malformed)
        delimiter = adapter.dialect.delimiter if adapter else None
        left_out = leave_out_malformed(connection, engine, source, malformed, delimiter)
        if adapter is not None and adapter.layout.columns:
            connection.execute(f"UPDATE {malformed} SET raw = {literal(_NOT_KEPT)}")
        left_out += count_rows(connection, f"left_out_{rows}")
        if left_out:
            notes.append(f"{left_out} rows of erased persons were skipped")
        has_currency = any(column.name == "currency" for column in source.columns)
        if adapter is not None and adapter.layout.columns and has_currency:
            notes += _without_currency(connection, settings, rows)
        has_country = any(column.name == "country" for column in source.columns)
        if has_country and "country" in adapted.columns:
            notes += _odd_countries(connection, rows)
        load = Load(
            load_id=incoming.load_id,
            table=source,
            source_file=copy.name,
            adapter=adapter.reference if adapter else None,
            rows_in_file=rows_in_file,
            received_at=received_at,
            content_hash=copy.content_hash,
        )
        return Staged(
            incoming,
            load,
            rows,
            malformed,
            self.start,
            notes,
            judgement.notes,
            adapted,
            left_out,
            copy.path.parent,
        )

    def _as_it_is(
        self, verdict: Callable[[Adapted], Judgement], *, by_hand: bool
    ) -> tuple[int, list[str], Adapted, Judgement]:
        """Read a file that has the columns of its table."""
        source, copy = self.incoming.source, self.incoming.file.copy
        wanted = [column.name for column in source.columns]
        records = open_file(
            self.connection,
            copy,
            Dialect(),
            wanted,
            single=wanted,
            scales=scales_of(source),
            by_hand=by_hand,
        )
        try:
            notes = compare_columns(source, records.columns, copy.name, None)
        except UserError as error:
            raise _with_better_advice(error, copy, self.engine.catalog.sources) from error
        notes = [*copy.notes, *records.notes, *notes]
        adapted = as_they_are(records, in_order=is_events(copy.name))
        with engine_reads(copy):
            judgement = verdict(adapted)
        confirm(self.connection, records, judgement.rows)
        return judgement.rows, notes, adapted, judgement

    def _through(self, adapter: "Adapter", *, by_hand: bool) -> tuple[int, list[str], Adapted]:
        """Read a file through its adapter: only once, however many tables it feeds."""
        file = self.incoming.file
        around = 0
        if file.adapted is None or self.incoming.is_first:
            # An adapter may unpack lists and objects.
            records = open_file(
                self.connection, file.copy, adapter.dialect, adapter.inputs, by_hand=by_hand
            )
            sources = self.engine.catalog.sources
            file.adapted = adapt(self.engine.settings, file.adapters, file.copy, records, sources)
            around = len(records.around)
        if not self.incoming.is_first:
            make_malformed(self.connection)
        adapted, notes = file.adapted.tables[adapter.table]
        if self.incoming.is_first:
            notes = [*file.copy.notes, *file.adapted.notes, *notes]
        return file.adapted.relation.records + around, notes, adapted


def _with_better_advice(
    error: UserError, copy: PrivateCopy, sources: Mapping[str, SourceTable]
) -> UserError:
    """The error for a file without the columns of its table, if it is a known export."""
    from ltv_platform.ingestion.adapters.recognition import recognize  # noqa: PLC0415 - it parses SQL

    try:
        found = recognize(copy, sources)
    except UserError:
        return error
    return UserError(
        f"{error.message} It looks like {found.name}.",
        "Load it without a table name: `ltv ingest FILE`.",
    )


def judge_again(connection: Connection, engine: Loader, staged: Staged, start: date | None) -> None:
    """Judge staged rows by another start of the partitions, if that makes a difference."""
    load = staged.load
    if not load.table.partitioned or start == staged.start:
        return
    later = max(day for day in (start, staged.start) if day is not None)
    before = connection.execute(f"SELECT 1 FROM {staged.rows} WHERE _day < $1 LIMIT 1", [later])
    if before.fetchone() is not None:
        staged.judged_notes = judge(
            connection,
            engine,
            load.table,
            staged.adapted,
            received_at=load.received_at,
            start=start,
            rows=staged.rows,
        ).notes
    staged.start = start


def discard(connection: Connection, staged: Staged) -> None:
    """Drop the temporary relations of an appended file."""
    connection.execute(f"DROP VIEW {staged.rows}")
    made = ("judged_", "left_out_", "conflicts_", "rejected_")
    for table in (*(f"{each}{staged.rows}" for each in made), staged.malformed):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def collect_rejected(connection: Connection, staged: Staged) -> str:
    """Create a temporary table of rejected rows (line, reasons, raw, key); return its name."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rejected AS "
        "SELECT _line AS line, _reasons AS reasons, _raw AS raw, "
        f"{row_key(staged.load.table)} AS row_key FROM {staged.rows} WHERE _reasons IS NOT NULL "
        f"UNION ALL SELECT line, [reason], raw, NULL FROM {staged.malformed}"
    )
    return "rejected"


def years_of_load(connection: Connection, staged: Staged) -> Years:
    """Valid rows of a file per year, including those rejected only for lying before the start."""
    if not staged.load.table.partitioned:
        return {}
    good = f"_reasons IS NULL OR ({ONLY_BEFORE_START.replace('reasons', '_reasons')})"
    counted: list[tuple[int, int]] = connection.execute(
        f"SELECT CAST(year(_day) AS INTEGER), COUNT(*) FROM {staged.rows} "
        f"WHERE _day IS NOT NULL AND ({good}) GROUP BY ALL"
    ).fetchall()
    return dict(counted)


def years_of_log(warehouse: Rows, source: SourceTable) -> Years:
    """Valid rows per year: those in the log, and those rejected only for lying before the start."""
    counted = warehouse.rows(
        "SELECT year, COUNT(*) FROM ("
        f"SELECT CAST(year({quoted(str(source.event_time))}) AS INTEGER) AS year "
        f"FROM raw.{source.name} UNION ALL "
        rf"SELECT CAST(regexp_extract(reasons[1], '(\d+)-\d\d-\d\d {BEFORE_START}', 1) AS INTEGER)"
        " FROM raw.quarantine WHERE table_name = $table AND "
        f"{OPEN} "
        f"AND {ONLY_BEFORE_START}) AS years GROUP BY year",
        {"table": source.name},
    )
    return dict(counted)


def _without_currency(connection: Connection, settings: Settings, rows: str) -> list[str]:
    """A note about amounts of an export whose currency is unknown."""
    [(accepted, without)] = connection.execute(
        f"SELECT COUNT(*), COUNT(*) FILTER (WHERE currency IS NULL) FROM {rows} "
        "WHERE _reasons IS NULL"
    ).fetchall()
    if not without:
        return []
    which = (
        "the file has no currency"
        if without == accepted
        else (f"{without:,} rows have no currency")
    )
    return [f"{which}: amounts are read as {settings.currency} (LTV_CURRENCY)"]


def _odd_countries(connection: Connection, rows: str) -> list[str]:
    """A note about unknown countries: each becomes a separate group."""
    given = connection.execute(
        f"SELECT country, COUNT(*) FROM {rows} WHERE _reasons IS NULL AND country IS NOT NULL "
        "GROUP BY country ORDER BY COUNT(*) DESC, country"
    ).fetchall()
    found = [(country, count) for country, count in given if not is_known(country)]
    if not found:
        return []
    return [
        f"country: {sum(count for _, count in found)} rows have no ISO 3166-1 code or English "
        f"country name: {some([country for country, _ in found], _SHOWN_COUNTRIES)}; kept as given"
    ]
