"""The campaign report: one HTML page, and its main figures as rows.

Only reads the published snapshot. Figures are computed in
``sql/queries/reports/campaigns/`` and laid out in ``templates/campaigns.html.j2``; this module
brings the two together and draws the curves. It reads no clock: the same snapshot gives the same
page.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Self

import duckdb

from ltv_platform.published.current import Snapshot, require_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform.reports.filters import EVERYTHING, Filters
from ltv_platform.reports.pages import CONSTANTS, Reader, Row, Table, published
from ltv_platform.reports.shell import Page, View, write_report
from ltv_platform.settings import SUMMARY_HORIZON, Settings

#: Longer horizons are only in the tables: the page is about the first quarter after install.
_LONGEST_SHOWN = 90
#: Up to half a year of cohorts is shown by week, longer periods by month.
_MOST_WEEKS = 26


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
    horizons = tuple(n for n in reader.horizons if n <= _LONGEST_SHOWN)
    longest = max(reader.horizons)
    [span] = reader.rows("span")
    unit = "month" if span["weeks"] > _MOST_WEEKS else "week"
    cohorts = reader.rows("detailed_cohorts", unit=unit, shown_horizons=horizons)
    last_day = min(longest, _LONGEST_SHOWN)
    return {
        "horizons": horizons,
        "longest": longest,
        "span": span,
        "unit": unit,
        "campaigns": reader.rows("campaigns"),
        "totals": {row["scope"]: row for row in reader.rows("totals", shown_horizons=horizons)},
        "cohorts": {
            campaign: list(rows)
            for campaign, rows in groupby(cohorts, key=lambda row: row["campaign_id"])
        },
        "curves": [
            _Curve.drawn(list(points), last_day)
            for _, points in groupby(
                reader.rows("curves", last_day=last_day), key=lambda row: row["campaign_id"]
            )
        ],
        "countries": reader.rows("countries"),
        "buckets": reader.rows("buckets"),
        "gaps": reader.rows("gaps")[0],
        "waiting": reader.rows("waiting"),
        "loads": reader.rows("loads"),
    }


@dataclass(frozen=True)
class _Curve:
    """A drawn curve: a campaign's cumulative ROAS by day since install.

    Attributes:
        name: The campaign.
        payback_day: As in campaign_summary.
        readings: (day, ROAS) at the summary horizon, after a month and at the last day.
        firm: SVG points of days for which most of the spend is old enough.
        thin: SVG points of later days, based on fewer cohorts.
        ticks_x: (day, x).
        ticks_y: (ROAS, y); that of 1 is the break-even line.
        payback: (x, y) of the payback day.
    """

    name: str
    payback_day: int | None
    readings: list[tuple[int, float]]
    firm: str
    thin: str
    ticks_x: list[tuple[int, float]]
    ticks_y: list[tuple[float, float]]
    payback: tuple[float, float] | None

    # The plot area within a drawing of 300 × 150 units, with room for labels at the left and below.
    LEFT: ClassVar = 30
    RIGHT: ClassVar = 290
    TOP: ClassVar = 12
    BOTTOM: ClassVar = 126
    LABEL_HEIGHT: ClassVar = 12

    @classmethod
    def drawn(cls, points: list[Row], last_day: int) -> Self:
        """Lay out the points of one campaign, in order of day."""
        by_day: dict[int, float] = {point["day"]: point["roas"] for point in points}
        payback_day: int | None = points[0]["payback_day"]
        lowest = min(0.0, *by_day.values())
        highest = _round_up(max(by_day.values()))

        def x(day: int) -> float:
            return round(cls.LEFT + (cls.RIGHT - cls.LEFT) * day / last_day, 1)

        def y(roas: float) -> float:
            height = (roas - lowest) / (highest - lowest)
            return round(cls.BOTTOM - (cls.BOTTOM - cls.TOP) * height, 1)

        places = [f"{x(0)},{y(0.0)}", *(f"{x(day)},{y(roas)}" for day, roas in by_day.items())]
        firm = 1 + sum(point["share"] >= CONSTANTS["firm_share"] for point in points)
        telling = dict.fromkeys((SUMMARY_HORIZON, CONSTANTS["later_horizon"], max(by_day)))
        room_for_zero = y(0.0) - y(1.0) > cls.LABEL_HEIGHT
        return cls(
            name=points[0]["name"],
            payback_day=payback_day,
            readings=[(int(day), by_day[int(day)]) for day in telling if day in by_day],
            firm=" ".join(places[:firm]),
            thin=" ".join(places[firm - 1 :]) if firm < len(places) else "",
            ticks_x=[(day, x(day)) for day in (0, 7, 30, 60, 90) if day <= last_day],
            ticks_y=[(roas, y(roas)) for roas in (0.0, 1.0, highest) if roas or room_for_zero],
            payback=None if payback_day not in by_day else (x(payback_day), y(by_day[payback_day])),
        )


def _round_up(roas: float) -> float:
    """Round up to one of a few steps, so that most curves share a scale; includes break-even."""
    size = 10.0 ** math.floor(math.log10(max(roas, 1.0)))
    return next(step * size for step in (1.5, 2.0, 3.0, 5.0, 10.0, 15.0) if roas <= step * size)


CAMPAIGNS = Page(
    "campaigns",
    "Campaigns",
    "Which campaigns pay back, when, and how sure that is.",
    _figures,
    filters=("start", "end", "country", "campaign", "grain", "target"),
)
