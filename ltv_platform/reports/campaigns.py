"""The page of campaigns, and its main figures as rows for the terminal.

Ratios come from the catalogue of metrics; cohorts and curves from
``sql/queries/reports/campaigns/``. ``templates/campaigns.html.j2`` lays them out.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from ltv_platform.days import ONE_DAY
from ltv_platform.errors import UserError
from ltv_platform.metrics import catalogue
from ltv_platform.published.current import Snapshot, require_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform.reports.campaign_table import (
    COLUMNS,
    EXPECTED_HORIZON,
    CampaignRow,
    campaign_rows,
    longest_reliable,
    ordered,
)
from ltv_platform.reports.curves import Curves, drawn_curves
from ltv_platform.reports.filters import EVERYTHING, Filters
from ltv_platform.reports.pages import CONSTANTS, Reader, Row, Table, published
from ltv_platform.reports.shell import Page, View, write_report
from ltv_platform.settings import SUMMARY_HORIZON, Settings

#: Longer horizons are only in the tables: the page is about the first quarter after install.
_LONGEST_SHOWN = 90
#: Up to half a year of cohorts is shown by week, longer periods by month.
_MOST_WEEKS = 26
#: Most periods of a table of cohorts: a quarter of days, years of months.
_MOST_PERIODS = 92


@dataclass(frozen=True)
class _Reader(Reader):
    """A reader with the horizons that both the snapshot and the settings have."""

    horizons: tuple[int, ...] = ()


@contextmanager
def _open(settings: Settings) -> Iterator[_Reader]:
    snapshot = require_snapshot(settings)
    with open_snapshot(settings, snapshot) as connection:
        yield _reader(settings, snapshot, connection)


def _reader(
    settings: Settings,
    snapshot: Snapshot,
    connection: duckdb.DuckDBPyConnection,
    filters: Filters = EVERYTHING,
) -> _Reader:
    # Settings may have changed since the snapshot was published: show the horizons of both.
    known = snapshot.manifest["tables"]["campaign_summary"]["columns"]
    horizons = tuple(n for n in settings.horizons if f"cohort_roas_d{n}" in known)
    ask = published(connection, filters.parameters)
    reader = _Reader(ask, settings, "campaigns", horizons=horizons)
    connection.execute(reader.sql("campaign_view"))
    return reader


def write_campaign_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or a page on what to do if there is none.

    Returns:
        The file, ``campaigns.html`` in the folder of reports; it is replaced atomically.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    return write_report(CAMPAIGNS, settings)


def campaign_overview(settings: Settings) -> Table:
    """One row per campaign for the terminal, best D7 cohort ROAS first.

    Returns:
        Column names and rows of raw values; None: not mature, no spend or not configured.
        (organic) and (unknown) come last.

    Raises:
        UserError: nothing is published.
    """
    with _open(settings) as reader:
        return reader.table("campaign_overview", shown_horizons=reader.horizons)


def cohort_overview(settings: Settings) -> Table:
    """One row per install month (its first day) and campaign, for the terminal.

    Returns:
        Column names and rows of raw values without (organic) and (unknown); None: not mature, no
        spend or not configured.

    Raises:
        UserError: nothing is published.
    """
    with _open(settings) as reader:
        return reader.table("cohort_overview", shown_horizons=reader.horizons)


def _figures(view: View) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
    reader = _reader(view.settings, view.snapshot, view.connection, view.filters)
    filters = view.filters
    [span] = reader.rows("span")
    if span["first_day"] is None:
        return _nothing(reader, filters)
    horizons = tuple(n for n in reader.horizons if n <= _LONGEST_SHOWN)
    names, known = _metrics(horizons), catalogue(view.known_settings)
    total_names = [name for name in names if not name.startswith("ltv_")]
    [total] = view.ask(*total_names, *_blended(horizons)).rows
    answer = view.ask(*names, by=("campaign",))
    is_whole = not (filters.start or filters.end or filters.country)
    outlook = _outlook(view, reader)
    rows = campaign_rows(
        answer,
        reader.rows("campaigns"),
        {row["campaign_id"]: row for row in outlook},
        is_whole=is_whole,
    )
    reliable = longest_reliable(total.cells, horizons)
    sort = _sort(filters, names) or f"-roas_d{reliable or min(horizons)}"
    target = filters.target or 1.0
    last_day = min(max(reader.horizons), _LONGEST_SHOWN)
    unit = filters.grain or ("month" if span["weeks"] > _MOST_WEEKS else "week")
    return {
        "loaded": True,
        "metrics": known,
        "definitions": _definitions(view, names),
        "anchors": {row.campaign_id: f"campaign-{number}" for number, row in enumerate(rows, 1)},
        "has_outlook": bool(outlook),
        "horizons": horizons,
        "longest": max(reader.horizons),
        "span": span,
        "unit": unit,
        "target": target,
        "is_whole": is_whole,
        "verdicts": _within(outlook, filters),
        "campaigns": ordered(rows, sort),
        "sort": sort,
        "reliable": reliable,
        "expected_horizon": EXPECTED_HORIZON,
        "total": total.cells,
        "totals": {row["scope"]: row for row in reader.rows("totals", shown_horizons=horizons)},
        "cohorts": _cohorts(view, reader, unit, horizons),
        "curves": _curves(reader, filters, last_day, target, rows if is_whole else ()),
        **_periods(view, unit),
        "countries": [] if filters.country else reader.rows("countries"),
        "feeds": _feeds(view, reader),
        **_reconciliation(reader),
    }


def _definitions(view: View, names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Label, definition and page of metrics; files have no pages of metrics."""
    known = catalogue(view.known_settings)
    return [
        (known[name].label, known[name].definition, "" if view.is_file else f"metrics/{name}")
        for name in names
    ]


def _sort(filters: Filters, metrics: Sequence[str]) -> str | None:
    """The column that the address orders by.

    Raises:
        UserError: the table has no such column.
    """
    columns = (*COLUMNS, *metrics)
    if filters.sort is not None and filters.sort.removeprefix("-") not in columns:
        raise UserError(
            f"There is no column {filters.sort.removeprefix('-')!r} to order by.",
            f"The columns are {', '.join(columns)}.",
        )
    return filters.sort


def _nothing(reader: _Reader, filters: Filters) -> dict[str, Any]:
    """What a page without any cohort shows: none are loaded, or the filters match none."""
    is_filtered = filters != EVERYTHING
    return {"loaded": False, "is_filtered": is_filtered, **_reconciliation(reader)}


def _reconciliation(reader: _Reader) -> dict[str, Any]:
    return {
        "buckets": reader.rows("buckets"),
        "gaps": reader.rows("gaps")[0],
        "waiting": reader.rows("waiting"),
        "loads": reader.rows("loads"),
    }


def _metrics(horizons: Sequence[int]) -> tuple[str, ...]:
    """The metrics of the table; LTV at two horizons, ROAS at all."""
    ltv = [f"ltv_d{n}" for n in horizons if n in (SUMMARY_HORIZON, CONSTANTS["later_horizon"])]
    sums = ("installs", "spend", "cpi", "revenue_to_date", "roas_to_date")
    return (*sums, *ltv, *(f"roas_d{n}" for n in horizons))


def _blended(horizons: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"blended_roas_d{n}" for n in horizons)


def _outlook(view: View, reader: _Reader) -> list[Row]:
    """Verdicts of campaigns; empty if the snapshot is older than they are."""
    known = view.snapshot.manifest["tables"]
    return reader.rows("outlook") if "campaign_outlook" in known else []


def _within(outlook: Sequence[Row], filters: Filters) -> list[Row]:
    """The verdicts to show: of campaigns with spend, or of the chosen one."""
    return [
        row
        for row in outlook
        if row["verdict"] != "no_spend" and filters.campaign in (None, row["campaign_id"])
    ]


def _cohorts(
    view: View, reader: _Reader, unit: str, horizons: Sequence[int]
) -> dict[str, list[Row]]:
    """Cohorts by campaign, the newest last; '' is all paid campaigns together.

    A file has those of all campaigns; the dashboard those of the chosen one.
    """
    rows = reader.rows(
        "detailed_cohorts", unit=unit, shown_horizons=horizons, all_campaigns=view.is_file
    )
    return {
        campaign: list(of_campaign)[-_MOST_PERIODS:]
        for campaign, of_campaign in groupby(rows, key=lambda row: row["campaign_id"])
    }


def _periods(view: View, unit: str) -> dict[str, Any]:
    """Revenue new and returning, ROAS paid and blended, by period; the newest last.

    The newest is not compared with the one before while days of it are missing.
    """
    names = tuple(f"{name}_d{SUMMARY_HORIZON}" for name in ("roas", "blended_roas"))
    if "daily_revenue" in view.snapshot.manifest["tables"]:
        names = ("new_revenue", "returning_revenue", *names)
    rows = list(view.ask("spend", *names, grain=unit).rows)[-_MOST_PERIODS:]
    newest, known = rows[-1].period, view.filters.end or view.snapshot.as_of
    is_over = newest is not None and known is not None and _next(newest, unit) <= known + ONE_DAY
    return {"periods": rows, "is_newest_over": is_over}


def _next(period: date, unit: str) -> date:
    """The first day of the period after this one."""
    days = {"day": 1, "week": 7, "month": monthrange(period.year, period.month)[1]}
    return period + timedelta(days=days[unit])


def _feeds(view: View, reader: _Reader) -> Row:
    """Both feeds of spend over the days that both cover; without sessions there are none."""
    if "channel_reporting" not in view.snapshot.manifest["tables"]:
        return {"days": 0}
    return reader.rows("feeds")[0]


def _curves(
    reader: _Reader, filters: Filters, last_day: int, target: float, rows: Sequence[CampaignRow]
) -> Curves | None:
    """Curves of campaigns; None for a country: their table has no countries."""
    if filters.country:
        return None
    expected = {}
    for row in rows:
        roas, lower, upper = row.expected
        if last_day == EXPECTED_HORIZON and None not in (roas, lower, upper):
            expected[row.campaign_id] = (float(roas or 0), float(lower or 0), float(upper or 0))
    return drawn_curves(reader.rows("curves", last_day=last_day), last_day, target, expected)


CAMPAIGNS = Page(
    "campaigns",
    "Campaigns",
    "Which campaigns pay back, when, how sure that is, and which to stop.",
    _figures,
    filters=("start", "end", "country", "campaign", "grain", "target"),
)
