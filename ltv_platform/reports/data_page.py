"""The data page: what is missing, how fresh each feed is, what was loaded and what was rejected.

Reads the manifest of the snapshot and ``sql/queries/reports/data/``; ``templates/data.html.j2``
lays it out. A file reads no clock: a feed is late by the end of its data. The dashboard uses the
clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Any

from ltv_platform.checks import table_checks
from ltv_platform.contracts.sources import SOURCES
from ltv_platform.days import ONE_DAY, day_start
from ltv_platform.published.current import require_snapshot
from ltv_platform.reports.pages import Row, Table, open_reader
from ltv_platform.reports.shell import Page, View, write_report
from ltv_platform.scheduling.freshness import late
from ltv_platform.settings import Settings

#: What cannot be answered without a source.
_LACKS: Mapping[str, str] = {
    "customers": "no installs, cohorts and countries",
    "transactions": "no revenue",
    "campaign_costs": "no spend, CPI and ROAS of campaigns",
    "session_sources": "no channels and no attribution",
    "session_costs": "no cost per order and no ROAS of channels",
    "conversions": "nothing to credit to channels",
    "customer_interactions": "retention knows purchases and sessions alone",
}


@dataclass(frozen=True)
class Feed:
    """A source: what came, and how far it reaches.

    Attributes:
        name: The source.
        newest: Its newest event; None: it has no events, or none came.
        days_behind: Days from its newest event to the last day of the figures; None: not known.
        is_late: Whether it is late by LTV_FRESHNESS_HOURS.
        loads: Sums of its loads; None: nothing was loaded.
    """

    name: str
    newest: str | None
    days_behind: int | None
    is_late: bool
    loads: Row | None


@dataclass(frozen=True)
class Gap:
    """Something that is missing.

    Attributes:
        what: What, in one sentence.
        then: What to do; a command if it begins with ``ltv``.
    """

    what: str
    then: str


def write_data_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or a page on what to do if there is none.

    Returns:
        The file, ``data.html`` in the folder of reports; it is replaced atomically.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    return write_report(DATA, settings)


def feed_overview(settings: Settings) -> Table:
    """One row per loaded source for the terminal.

    Returns:
        Column names and rows of raw values.

    Raises:
        UserError: nothing is published.
    """
    with open_reader("data", settings, require_snapshot(settings)) as reader:
        return reader.table("feeds")


def feeds(view: View) -> list[Feed]:
    """All sources in the order of their contracts."""
    manifest, as_of = view.snapshot.manifest, view.snapshot.as_of
    now = view.settings.current_time()
    if view.is_file and as_of is not None:
        now = day_start(as_of + ONE_DAY, view.settings).replace(tzinfo=UTC)
    are_late = {each.what for each in late(view.settings, manifest, now)}
    loads = {row["table_name"]: row for row in view.reader_of(DATA.name).rows("feeds")}
    found = []
    for source in SOURCES:
        newest = manifest.get("watermarks", {}).get(source.name)
        behind = None
        if newest is not None and as_of is not None:
            behind = (as_of - date.fromisoformat(newest[:10])).days
        found.append(
            Feed(
                source.name,
                newest,
                behind,
                source.name in are_late,
                loads.get(source.name),
            )
        )
    return found


def missing(
    sources: Sequence[Feed], waiting: Sequence[Row], campaigns: Sequence[Row]
) -> Iterator[Gap]:
    """What is missing, the most important first.

    Args:
        sources: All feeds.
        waiting: Rows of ``data/waiting.sql``.
        campaigns: Rows of ``data/spend.sql``.
    """
    for feed in sources:
        if feed.loads is None and feed.name in _LACKS:
            lacks = _LACKS[feed.name]
            yield Gap(f"No {feed.name} are loaded: {lacks}.", f"ltv ingest {feed.name} FILE")
    for feed in sources:
        if feed.is_late:
            newest = (feed.newest or "").replace("T", " ")
            yield Gap(
                f"{feed.name} are late: their newest event is of {newest}.",
                "Put the missing files into landing, or ask their sender for them.",
            )
    for row in waiting:
        rows, verb = ("row", "waits") if row["waiting_rows"] == 1 else ("rows", "wait")
        needs = "fx_rates" if row["waits_for"].startswith("an exchange") else "customers"
        yield Gap(
            f"{row['waiting_rows']:,} {rows} of {row['table_name']} {verb} for {row['waits_for']}, "
            f"from {row['first_day']} to {row['last_day']}.",
            f"ltv ingest {needs} FILE",
        )
    rejected = [feed for feed in sources if feed.loads is not None and feed.loads["quarantined"]]
    if rejected:
        counts = {feed.name: feed.loads["quarantined"] for feed in rejected if feed.loads}
        named = ", ".join(f"{rows:,} of {name}" for name, rows in counts.items())
        yield Gap(
            f"{sum(counts.values()):,} records are in quarantine: {named}.", "ltv quarantine list"
        )
    for row in campaigns:
        yield Gap(
            f"Campaign {row['campaign_id']} has {row['lacks']}.",
            "Compare its id in both files: capitals and spaces matter.",
        )


def _figures(view: View) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
    reader = view.reader
    sources, waiting = feeds(view), reader.rows("waiting")
    return {
        "feeds": sources,
        "waiting": waiting,
        "gaps": list(missing(sources, waiting, reader.rows("spend"))),
        "loads": reader.rows("loads"),
        "reasons": reader.rows("reasons"),
        "checks": [check for check in table_checks(view.settings) if check.blocking],
        "freshness_hours": view.settings.freshness_hours,
    }


DATA = Page(
    "data",
    "Data",
    "Which data is missing, how fresh each feed is, what was loaded and what was rejected.",
    _figures,
)
