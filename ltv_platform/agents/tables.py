"""What an agent can learn about the data itself: tables, quarantine, freshness."""

from collections.abc import Iterator
from datetime import date, datetime

from pydantic import BaseModel, Field

from ltv_platform.contracts import build_catalog
from ltv_platform.contracts.ddl import literal
from ltv_platform.contracts.model import Catalog
from ltv_platform.metrics import CannotAnswer
from ltv_platform.metrics.similar import similar
from ltv_platform.published.live import Reading
from ltv_platform.scheduling.freshness import late
from ltv_platform.settings import Settings

#: Most groups of quarantined rows.
_MOST_GROUPS = 100
_OTHER_REASON = "another reason; `ltv quarantine list` shows it"
#: Reasons that contracts do not word themselves, as regular expressions; see `ingestion/rows`.
_REASONS = (
    "is missing",
    "is not a number",
    "is not a whole number",
    "is not a timestamp",
    "is not a date",
    "is not a time",
    "is not 0 or 1",
    "is below [0-9]+",
    "is not above [0-9]+",
    "is above [0-9]+",
    "has more than [0-9]+ digits before the point",
    "has more than [0-9]+ decimals",
    "is more than 24 hours in the future",
    "lies before the first partition",
    "is also on line",
    "has [0-9]+ columns, not [0-9]+",
    "cannot be split into columns",
    "stands for a missing date",
)


class ColumnMeaning(BaseModel):
    """A column of a table."""

    name: str
    type: str
    meaning: str
    required: bool
    personal: bool = Field(description="Can identify a person: never shown, never a dimension.")


class TableMeaning(BaseModel):
    """What a table is."""

    name: str
    layer: str
    description: str
    key: list[str]
    partition: str | None = Field(description="Day column that the table is partitioned by.")
    rows: int
    columns: list[ColumnMeaning]
    as_of: date | None
    snapshot: str


class RejectedRows(BaseModel):
    """Quarantined rows with one reason."""

    table: str
    column: str
    reason: str
    rows: int = Field(description="Rows with this reason; a row can have several.")


class QuarantineSummary(BaseModel):
    """How many rows are in quarantine, and why."""

    rows: int = Field(description="Rows still in quarantine.")
    settled: int = Field(description="Rows replayed, settled by later loads, or dismissed.")
    by_table: dict[str, int]
    reasons: list[RejectedRows]
    reasons_left_out: int
    as_of: date | None
    snapshot: str


class Feed(BaseModel):
    """How far a feed reaches."""

    name: str
    newest: str | None = Field(description="Its newest event, a time in UTC or a day.")
    late: bool


class Freshness(BaseModel):
    """How far the data reaches, and which feeds are late."""

    as_of: date | None = Field(description="Last day in the figures.")
    snapshot: str
    now: datetime
    revenue_known_until: str | None
    cost_known_until: str | None
    feeds: list[Feed]
    late_after_hours: float | None


def describe_table(settings: Settings, reading: Reading, name: str) -> tuple[TableMeaning, str]:
    """What a published table is: its grain, its key, its columns.

    Raises:
        CannotAnswer: it does not exist; names similar ones.
    """
    published = reading.snapshot.manifest["tables"]
    plain = name.strip().rpartition(".")[2].lower()
    catalog = build_catalog(settings)
    found = {table.name: table for table in catalog if table.name in published}
    if plain not in found:
        near = similar(plain, found, cutoff=0.5)
        raise CannotAnswer(
            f"There is no published table {name!r}.",
            f"Did you mean {', '.join(near)}?" if near else f"There are: {', '.join(found)}.",
        )
    table = found[plain]
    meaning = TableMeaning(
        name=table.name,
        layer=published[plain]["layer"],
        description=table.description,
        key=list(table.key),
        partition=table.partition,
        rows=published[plain]["rows"],
        columns=[
            ColumnMeaning(
                name=column.name,
                type=column.type,
                meaning=column.description,
                required=column.required,
                personal=column.pii,
            )
            for column in table.published
        ],
        as_of=reading.snapshot.as_of,
        snapshot=str(reading.snapshot.manifest["id"]),
    )
    return meaning, "\n".join(_table_lines(meaning))


def _table_lines(table: TableMeaning) -> Iterator[str]:
    yield f"{table.name} ({table.layer}): {table.description}"
    yield f"Key: {', '.join(table.key)}. {table.rows:,} rows as of {table.as_of}."
    for column in table.columns:
        marks = ", ".join(
            mark
            for mark, holds in (("required", column.required), ("personal", column.personal))
            if holds
        )
        yield f"- {column.name} {column.type}{f' ({marks})' if marks else ''}: {column.meaning}"


def quarantine_summary(
    settings: Settings, reading: Reading, table: str
) -> tuple[QuarantineSummary, str]:
    """How many rows are in quarantine, by table, column and kind of reason.

    Values are left out: they can be personal, and they are whatever a file contained.

    Raises:
        CannotAnswer: the source table does not exist.
    """
    catalog = build_catalog(settings)
    name = table.strip().lower().removesuffix("_quarantine")
    if name and name not in catalog.sources:
        near = similar(name, catalog.sources, cutoff=0.5)
        raise CannotAnswer(
            f"There is no source table {table!r}.",
            f"Did you mean {', '.join(near)}?"
            if near
            else f"There are: {', '.join(catalog.sources)}.",
        )
    only = f"table_name = {literal(name)}" if name else "TRUE"
    open_rows = "replayed_at IS NULL AND settled_at IS NULL"
    counts = reading.connection.execute(
        f"SELECT table_name, COUNT(*) FILTER (WHERE {open_rows}), COUNT(*) FROM quarantine "
        f"WHERE {only} GROUP BY table_name ORDER BY table_name"
    ).fetchall()
    grouped = reading.connection.execute(
        f"""
        WITH reasons AS (
          SELECT table_name, UNNEST(reasons) AS reason FROM quarantine
          WHERE {only} AND {open_rows}
        )
        SELECT
          table_name,
          CASE WHEN split_part(reason, ':', 1) IN ({_columns(catalog)})
            THEN split_part(reason, ':', 1) ELSE '' END,
          COALESCE(NULLIF(regexp_replace(regexp_extract(
            regexp_replace(reason, '''.*''', '', 's'), {literal(_phrases(catalog))}
          ), '^[a-z_]+: ', ''), ''), {literal(_OTHER_REASON)}),
          COUNT(*)
        FROM reasons GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
        """
    ).fetchall()
    summary = QuarantineSummary(
        rows=sum(count for _, count, _ in counts),
        settled=sum(every - count for _, count, every in counts),
        by_table={of_table: count for of_table, count, _ in counts},
        reasons=[
            RejectedRows(table=of_table, column=column, reason=reason, rows=count)
            for of_table, column, reason, count in grouped[:_MOST_GROUPS]
        ],
        reasons_left_out=max(0, len(grouped) - _MOST_GROUPS),
        as_of=reading.snapshot.as_of,
        snapshot=str(reading.snapshot.manifest["id"]),
    )
    return summary, "\n".join(_quarantine_lines(summary))


def _columns(catalog: Catalog) -> str:
    names = {column.name for source in catalog.sources.values() for column in source.columns}
    return ", ".join(map(literal, sorted(names | {"record"})))


def _phrases(catalog: Catalog) -> str:
    """A regular expression of everything that a reason can say without a value."""
    patterns = {
        f"is not {column.pattern_name}"
        for source in catalog.sources.values()
        for column in source.columns
        if column.pattern_name
    }
    rules = {rule.reason for source in catalog.sources.values() for rule in source.rules}
    worded = [_escaped(text.partition("{")[0]) for text in sorted(patterns | rules)]
    return f"({'|'.join([*worded, *_REASONS])})"


def _escaped(text: str) -> str:
    return "".join(f"[{char}]" if char in "().*+?|[]{}^$" else char for char in text)


def _quarantine_lines(summary: QuarantineSummary) -> Iterator[str]:
    yield f"{summary.rows:,} rows are in quarantine; {summary.settled:,} more were settled."
    for table, count in summary.by_table.items():
        yield f"- {table}: {count:,}"
    yield "By reason (values are left out):"
    for group in summary.reasons:
        yield f"- {group.table}.{group.column or 'row'} {group.reason}: {group.rows:,}"
    if summary.reasons_left_out:
        yield f"{summary.reasons_left_out} reasons are left out; ask for one table."
    yield "After a correction, `ltv quarantine replay` loads them again."


def freshness(settings: Settings, reading: Reading) -> tuple[Freshness, str]:
    """How far each feed reaches, and which are late by LTV_FRESHNESS_HOURS."""
    manifest = reading.snapshot.manifest
    now = settings.current_time()
    behind = {one.what for one in late(settings, manifest, now)}
    found = Freshness(
        as_of=reading.snapshot.as_of,
        snapshot=str(manifest["id"]),
        now=now,
        revenue_known_until=manifest["revenue_watermark"],
        cost_known_until=manifest["cost_watermark"],
        feeds=[
            Feed(name=name, newest=newest, late=name in behind)
            for name, newest in sorted(manifest["watermarks"].items())
        ],
        late_after_hours=settings.freshness_hours,
    )
    return found, "\n".join(_freshness_lines(found))


def _freshness_lines(found: Freshness) -> Iterator[str]:
    yield f"Figures end on {found.as_of} (snapshot {found.snapshot})."
    yield (
        f"Revenue is known until {found.revenue_known_until}, cost until {found.cost_known_until}."
    )
    for feed in found.feeds:
        reach = f"newest event {feed.newest}" if feed.newest else "no events"
        yield f"- {feed.name}: {reach}{' (LATE)' if feed.late else ''}"
    if found.late_after_hours is None:
        yield "No feed counts as late: LTV_FRESHNESS_HOURS is none."
    else:
        yield f"A feed is late after {found.late_after_hours:g} hours; now is {found.now}."
