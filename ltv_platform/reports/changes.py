"""What changed since the snapshot before: sums, restated cohorts, moves of ROAS and verdicts."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ltv_platform.errors import UserError
from ltv_platform.published.current import Snapshot, snapshot_before
from ltv_platform.published.query import open_snapshot
from ltv_platform.reports.pages import Reader, Row, published
from ltv_platform.reports.shell import View
from ltv_platform.settings import SUMMARY_HORIZON, Settings

#: A smaller move of ROAS is not shown: pages round to two decimals.
_LEAST_MOVE = 0.005
_MOST_MOVES = 8
#: Summaries of earlier snapshots by folder: these never change, and opening one takes a while.
_KNOWN: dict[Path, "_Summary"] = {}
_LOCK = threading.Lock()
_MOST_KNOWN = 4


@dataclass(frozen=True)
class Changes:
    """The differences between two snapshots.

    Attributes:
        before: The earlier snapshot.
        sums: (what, its value before, its value now); money and numbers of rows.
        new_days: Install dates that the earlier snapshot did not have.
        matured: Install dates that became mature at the summary horizon.
        restated: Install dates whose figures, mature before, are different now: (date, revenue
            before, revenue now).
        spend: Campaigns whose spend changed: (name, before, now), the greatest changes first.
        spend_days: Install dates of both whose spend is different now: (date, before, now).
        moves: Campaigns whose ROAS moved: (name, before, now), the greatest moves first.
        verdicts: Campaigns whose verdict changed: (name, before, now).
    """

    before: Snapshot
    sums: list[tuple[str, Any, Any]]
    new_days: list[date]
    matured: list[date]
    restated: list[tuple[date, Any, Any]]
    spend: list[tuple[str, Decimal, Decimal]]
    spend_days: list[tuple[date, Any, Any]]
    moves: list[tuple[str, float, float]]
    verdicts: list[tuple[str, str, str]]


@dataclass(frozen=True)
class _Summary:
    """What is compared of one snapshot."""

    sums: Row
    days: Mapping[date, Row]
    campaigns: Mapping[str, Row]


def changes(view: View) -> Changes | None:
    """Compare the snapshot of a view with one of an earlier day; None: no other one is kept."""
    try:
        before = snapshot_before(view.settings, view.snapshot)
        earlier = None if before is None else _earlier(view.settings, before)
    except UserError:  # It is pruned while we read, or older than the tables that we compare.
        return None
    if before is None or earlier is None:
        return None
    now = _summary(view.reader_of("overview"), view.snapshot)
    shared = [day for day in now.days if day in earlier.days]
    moves = [
        (row["name"], old["roas"], row["roas"])
        for campaign, row in now.campaigns.items()
        if (old := earlier.campaigns.get(campaign))
        and None not in (old["roas"], row["roas"])
        and abs(row["roas"] - old["roas"]) >= _LEAST_MOVE
    ]
    spend = [
        (row["name"], _spend(earlier.campaigns.get(campaign)), _spend(row))
        for campaign, row in now.campaigns.items()
    ]
    spend = [each for each in spend if each[1] != each[2]]
    return Changes(
        before=before,
        sums=[(what, earlier.sums[what], now.sums[what]) for what in now.sums],
        new_days=[day for day in now.days if day not in earlier.days],
        matured=[
            day
            for day in shared
            if earlier.days[day]["revenue"] is None and now.days[day]["revenue"] is not None
        ],
        restated=[
            (day, earlier.days[day]["revenue"], now.days[day]["revenue"])
            for day in shared
            if earlier.days[day]["revenue"] is not None and earlier.days[day] != now.days[day]
        ],
        spend=sorted(spend, key=lambda each: -abs(each[2] - each[1]))[:_MOST_MOVES],
        spend_days=[
            (day, earlier.days[day]["spend"], now.days[day]["spend"])
            for day in shared
            if earlier.days[day]["spend"] != now.days[day]["spend"]
        ],
        moves=sorted(moves, key=lambda move: -abs(move[2] - move[1]))[:_MOST_MOVES],
        verdicts=[
            (row["name"], old["verdict"], row["verdict"])
            for campaign, row in now.campaigns.items()
            if (old := earlier.campaigns.get(campaign))
            and old["verdict"]
            and old["verdict"] != row["verdict"]
        ],
    )


def _spend(campaign: Row | None) -> Decimal:
    return Decimal(0) if campaign is None else campaign["spend"] or Decimal(0)


def _earlier(settings: Settings, snapshot: Snapshot) -> _Summary:
    with _LOCK:
        known = _KNOWN.get(snapshot.path)
    if known is not None:
        return known
    with open_snapshot(settings, snapshot) as connection:
        summary = _summary(Reader(published(connection), settings, "overview"), snapshot)
    with _LOCK:
        _KNOWN[snapshot.path] = summary
        while len(_KNOWN) > _MOST_KNOWN:
            _KNOWN.pop(next(iter(_KNOWN)))
    return summary


def _summary(reader: Reader, snapshot: Snapshot) -> _Summary:
    tables = snapshot.manifest["tables"]
    if f"revenue_d{SUMMARY_HORIZON}" not in tables["campaign_roas"]["columns"]:
        raise UserError("The snapshot does not have the summary horizon.")
    has_outlook = "campaign_outlook" in tables
    return _Summary(
        sums=reader.rows("sums")[0],
        days={row["install_date"]: row for row in reader.rows("days")},
        campaigns={
            row["campaign_id"]: row for row in reader.rows("campaigns", has_outlook=has_outlook)
        },
    )
