"""The campaign report: one HTML page for a marketing engineer, and its main figures as rows.

Reads the published snapshot with SQL and nothing else. Figures are added up in
``templates/campaigns.sql.j2`` and laid out in ``templates/campaigns.html.j2``; what is here
brings the two together and draws the curves. No wall clock: the same snapshot gives the same
page.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

import duckdb
from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from ltv_platform.export.drafts import draft_of, sync
from ltv_platform.failpoints import failpoint
from ltv_platform.settings import SUMMARY_HORIZON, Settings
from ltv_platform.warehouse.query import open_snapshot, require_snapshot
from ltv_platform.warehouse.snapshot import Snapshot, current_snapshot

Row: TypeAlias = dict[str, Any]
Table: TypeAlias = tuple[list[str], list[tuple[Any, ...]]]

#: Longer horizons stay in the tables: a page about campaigns is about the first quarter.
_LONGEST_SHOWN = 90
#: Up to half a year of cohorts is shown by week, more by month.
_MOST_WEEKS = 26
#: What the templates know beside the figures.
_CONSTANTS = {
    "summary_horizon": SUMMARY_HORIZON,
    # The terminal's tables show two horizons: does it start well, does it pay back?
    "later_horizon": 30,
    # Smaller groups carry a mark, because they win by luck (metrics.md section 2).
    "small_base": 30,
    # The spend that payback_day must rest on (metrics.md section 2); curves are dashed below.
    "firm_share": 0.8,
    # Cohorts and curves of their own; more make a page that no browser likes.
    "most_campaigns": 30,
    "most_countries": 10,
}

_TEMPLATES = files("ltv_platform") / "reports" / "templates"


@dataclass(frozen=True)
class _Reader:
    """An open snapshot and the horizons that both it and the settings have."""

    connection: duckdb.DuckDBPyConnection
    horizons: tuple[int, ...]

    def table(self, query: str, *arguments: object) -> Table:
        """Names and rows of a query of ``campaigns.sql.j2``."""
        cursor = self.connection.execute(_sql(query, *arguments))
        return [name for name, *_ in cursor.description or ()], cursor.fetchall()

    def rows(self, query: str, *arguments: object) -> list[Row]:
        """The same, each row by the names of its columns."""
        names, rows = self.table(query, *arguments)
        return [dict(zip(names, row, strict=True)) for row in rows]


@contextmanager
def _open(settings: Settings, snapshot: Snapshot) -> Iterator[_Reader]:
    # Settings may have changed since the snapshot was published: show what both know of.
    known = snapshot.manifest["tables"]["campaign_summary"]["columns"]
    horizons = tuple(n for n in settings.horizons if f"cohort_roas_d{n}" in known)
    with open_snapshot(settings, snapshot) as connection:
        connection.execute(_sql("campaign_view"))
        yield _Reader(connection, horizons)


def write_campaign_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or on what to do when there is none.

    Args:
        settings: Where the snapshot lies and the report goes, which horizons to show.

    Returns:
        The file, ``campaigns.html`` in the folder of reports; it is replaced in one step.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    page = _render(settings, current_snapshot(settings))
    path = settings.reports_path / "campaigns.html"
    with draft_of(path) as draft:
        draft.write_text(page, "utf-8")
        sync(draft)
        failpoint("report drafted")
    return path


def campaign_overview(settings: Settings) -> Table:
    """One row per campaign for the terminal, best D7 cohort ROAS first.

    Returns:
        Column names and rows of raw values; None is not mature, no spend or not configured.
        (organic) and (unknown) come last.

    Raises:
        UserError: nothing is published.
    """
    with _open(settings, require_snapshot(settings)) as reader:
        return reader.table("campaign_overview", reader.horizons)


def cohort_overview(settings: Settings) -> Table:
    """One row per install month (its first day) and campaign, for the terminal.

    Returns:
        Column names and rows of raw values, (organic) and (unknown) left out; None is not
        mature, no spend or not configured.

    Raises:
        UserError: nothing is published.
    """
    with _open(settings, require_snapshot(settings)) as reader:
        return reader.table("cohort_overview", reader.horizons)


def _render(settings: Settings, snapshot: Snapshot | None) -> str:
    page = _environment().get_template("campaigns.html.j2")
    if snapshot is None:
        return page.render(settings=settings, manifest=None).lstrip()
    with _open(settings, snapshot) as reader:
        figures = _figures(reader)
    return page.render(settings=settings, manifest=snapshot.manifest, **figures).lstrip()


def _figures(reader: _Reader) -> dict[str, Any]:
    """Everything that the page shows, by the names that its template has for it."""
    horizons = tuple(n for n in reader.horizons if n <= _LONGEST_SHOWN)
    longest = max(reader.horizons)
    [span] = reader.rows("span")
    unit = "month" if span["weeks"] > _MOST_WEEKS else "week"
    cohorts = reader.rows("detailed_cohorts", unit, horizons)
    last_day = min(longest, _LONGEST_SHOWN)
    return {
        "horizons": horizons,
        "longest": longest,
        "span": span,
        "unit": unit,
        "campaigns": reader.rows("campaigns"),
        "totals": {row["scope"]: row for row in reader.rows("totals", horizons)},
        "cohorts": {
            campaign: list(rows)
            for campaign, rows in groupby(cohorts, key=lambda row: row["campaign_id"])
        },
        "curves": [
            _Curve.drawn(list(points), last_day)
            for _, points in groupby(
                reader.rows("curves", last_day), key=lambda row: row["campaign_id"]
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
    """A campaign's cumulative ROAS by day since install, drawn.

    Attributes:
        name: The campaign.
        payback_day: As in campaign_summary.
        readings: (day, ROAS) at the summary horizon, after a month and at the last day.
        firm: SVG points over cohorts that hold most of the spend.
        thin: SVG points of later days, over the fewer cohorts that are so old.
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

    # The plot within a drawing of 300 × 150 units: room for labels at the left and below.
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
        firm = 1 + sum(point["share"] >= _CONSTANTS["firm_share"] for point in points)
        telling = dict.fromkeys((SUMMARY_HORIZON, _CONSTANTS["later_horizon"], max(by_day)))
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
    """The next of a few steps, so that most curves share a scale; break-even always fits in."""
    size = 10.0 ** math.floor(math.log10(max(roas, 1.0)))
    return next(step * size for step in (1.5, 2.0, 3.0, 5.0, 10.0, 15.0) if roas <= step * size)


@cache
def _environment() -> Environment:
    def load(name: str) -> str:
        return (_TEMPLATES / name).read_text("utf-8")

    environment = Environment(
        # Names come from files, so any of them may hold markup; SQL takes none of them in.
        autoescape=select_autoescape(disabled_extensions=("sql.j2",), default=True),
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_CONSTANTS)
    environment.filters.update(amount=_amount, count=_count, percent=_percent)
    return environment


def _sql(query: str, *arguments: object) -> str:
    queries = _environment().get_template("campaigns.sql.j2").module
    return str(getattr(queries, query)(*arguments))


def _amount(value: Decimal | float) -> str:
    """Two decimals, thousands apart, a true minus: −1,234.50; for money and for ratios."""
    text = f"{abs(value):,.2f}"
    return text if value >= 0 or not text.strip("0.,") else f"−{text}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float, decimals: int = 0) -> str:
    return f"{100 * value:.{decimals}f} %"
