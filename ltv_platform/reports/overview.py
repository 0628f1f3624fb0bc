"""The first page: which campaigns pay back, which to stop, what changed, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ltv_platform.metrics import Cell, Metric, catalogue
from ltv_platform.reports.changes import changes
from ltv_platform.reports.data_page import feeds
from ltv_platform.reports.pages import Row
from ltv_platform.reports.shell import Page, View
from ltv_platform.settings import SUMMARY_HORIZON

#: Days of the headline figures without a period in the address: whole weeks, so that weekends
#: do not make a difference.
_DAYS = 28
_HEADLINES = (
    *("net_revenue", "spend", "installs", "cpi"),
    *(f"ltv_d{SUMMARY_HORIZON}", f"roas_d{SUMMARY_HORIZON}"),
)


@dataclass(frozen=True)
class Period:
    """A period and the one of the same length before it; days are inclusive."""

    start: date
    end: date

    @property
    def before(self) -> "Period":
        """The period of the same length that ends on the day before."""
        length = self.end - self.start + timedelta(days=1)
        return Period(self.start - length, self.start - timedelta(days=1))


@dataclass(frozen=True)
class Headline:
    """A headline figure with that of the period before."""

    metric: Metric
    now: Cell
    before: Cell


def _figures(view: View) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
    if view.snapshot.as_of is None:
        return {"loaded": False, **_health(view)}
    period = _period(view)
    verdicts = _verdicts(view)
    return {
        "loaded": True,
        "period": period,
        "headlines": _headlines(view, period),
        "verdicts": verdicts,
        "to_stop": [row for row in verdicts if row["action"] == "stop"],
        "to_reduce": [row for row in verdicts if row["action"] == "reduce"],
        "changes": changes(view),
        "changed_from": SUMMARY_HORIZON,
        **_health(view),
    }


def _period(view: View) -> Period:
    """The days of the address; by default the newest four weeks."""
    end = view.filters.end or view.snapshot.as_of
    assert end is not None  # checked before
    return Period(view.filters.start or end - timedelta(days=_DAYS - 1), end)


def _headlines(view: View, period: Period) -> list[Headline]:
    known = catalogue(view.known_settings)
    names = [name for name in _HEADLINES if name in known]
    if "daily_revenue" not in view.snapshot.manifest["tables"]:  # older than that table
        names.remove("net_revenue")

    def cells(of: Period) -> Mapping[str, Cell]:
        [row] = view.ask(*names, start=of.start, end=of.end).rows
        return row.cells

    now, before = cells(period), cells(period.before)
    return [Headline(known[name], now[name], before[name]) for name in names]


def _verdicts(view: View) -> list[Row]:
    """Campaigns with spend, what needs action first; none if the snapshot is older than that."""
    if "campaign_outlook" not in view.snapshot.manifest["tables"]:
        return []
    rows = view.reader_of("campaigns").rows("outlook")
    return [row for row in rows if row["verdict"] != "no_spend"]


def _health(view: View) -> dict[str, Any]:
    campaigns = view.reader_of("campaigns")
    loads = campaigns.rows("loads")
    return {
        "feeds": [feed for feed in feeds(view) if feed.newest is not None],
        "loads": loads,
        "quarantined": sum(row["quarantined"] for row in loads),
        "waiting_for_rate": campaigns.rows("waiting"),
        "waiting_for_customer": view.reader.rows("waiting_for_customer"),
        "gaps": campaigns.rows("gaps")[0],
    }


OVERVIEW = Page(
    "overview",
    "Overview",
    "Which campaigns pay back, which to stop, what changed, and what is missing.",
    _figures,
    filters=("start", "end", "country", "campaign"),
)
