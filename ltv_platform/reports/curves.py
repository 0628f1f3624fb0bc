"""Curves of cumulative ROAS by days since install: small multiples that share their scale."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from ltv_platform.reports.pages import CONSTANTS, Row
from ltv_platform.settings import SUMMARY_HORIZON

# The plot area within a drawing of 300 × 150 units, with room for labels at the left and below.
LEFT, RIGHT, TOP, BOTTOM = 30, 290, 12, 126
_LABEL_HEIGHT = 12
#: Lines that go higher leave the plot: a campaign that earns its spend many times over would
#: flatten all others.
_HIGHEST = 6.0


@dataclass(frozen=True)
class Line:
    """One line of a curve, over a fixed base of cohorts.

    Attributes:
        points: SVG points.
        share: Share of the campaign's spend of its cohorts.
        last_day: The age that all of them have reached.
    """

    points: str
    share: float
    last_day: int


@dataclass(frozen=True)
class Curve:
    """A campaign's curve, drawn.

    Attributes:
        campaign_id: The campaign.
        name: Its name.
        payback_day: As in campaign_summary.
        readings: (day, ROAS) at the summary horizon, after a month and at the last day, on the
            longest line.
        most: The line of cohorts with at least 80 % of the spend; None: no age has as many.
        oldest: The line of the oldest cohorts, where it is longer.
        payback: (x, y) of the payback day on a line.
        expected: y of the expected ROAS at the last day, of its lower and its upper end.
        expected_roas: The same three as values.
    """

    campaign_id: str
    name: str
    payback_day: int | None
    readings: list[tuple[int, float]]
    most: Line | None
    oldest: Line | None
    payback: tuple[float, float] | None
    expected: tuple[float, float, float] | None
    expected_roas: tuple[float, float, float] | None


@dataclass(frozen=True)
class Curves:
    """Curves with one scale.

    Attributes:
        curves: By campaign, in the order of the rows.
        ticks_x: (day, x).
        ticks_y: (ROAS, y).
        target: y of the target.
        is_cut: Whether a line leaves the plot at the top.
    """

    curves: list[Curve]
    ticks_x: list[tuple[int, float]]
    ticks_y: list[tuple[float, float]]
    target: float
    is_cut: bool


@dataclass(frozen=True)
class _Scale:
    last_day: int
    lowest: float
    highest: float

    def x(self, day: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * day / self.last_day, 1)

    def y(self, roas: float) -> float:
        height = (roas - self.lowest) / (self.highest - self.lowest)
        return round(BOTTOM - (BOTTOM - TOP) * height, 1)


def drawn_curves(
    rows: Sequence[Row],
    last_day: int,
    target: float = 1.0,
    expected: Mapping[str, tuple[float, float, float]] = MappingProxyType({}),
) -> Curves:
    """Lay out curves.

    Args:
        rows: Of ``campaigns/curves.sql``: by campaign, line and day.
        last_day: The highest age of the scale.
        target: The ROAS that counts as success.
        expected: ROAS at the last day with the ends of its interval, by campaign.
    """
    values = [row["roas"] for row in rows]
    greatest = max([*values, *(upper for _, _, upper in expected.values())], default=1.0)
    highest = _round_up(max(min(greatest, _HIGHEST * target), target))
    scale = _Scale(last_day, min(0.0, *values, 0.0), highest)
    room_for_zero = scale.y(0.0) - scale.y(target) > _LABEL_HEIGHT
    ticks = dict.fromkeys((0.0, target, highest))
    return Curves(
        curves=list(_curves(rows, scale, expected)),
        ticks_x=[(day, scale.x(day)) for day in (0, 7, 30, 60, 90) if day <= last_day],
        ticks_y=[(roas, scale.y(roas)) for roas in ticks if roas or room_for_zero],
        target=scale.y(target),
        is_cut=greatest > highest,
    )


def _curves(
    rows: Sequence[Row], scale: _Scale, expected: Mapping[str, tuple[float, float, float]]
) -> Iterator[Curve]:
    for campaign_id, group in groupby(rows, key=lambda row: row["campaign_id"]):
        points = list(group)
        lines = {
            line: {row["day"]: row["roas"] for row in points if row["line"] == line}
            for line in ("most", "oldest")
        }
        longest = lines["oldest"] or lines["most"]
        shares = {row["line"]: row["share"] for row in points}
        payback_day = points[0]["payback_day"]
        on = next((line for line in lines.values() if payback_day in line), None)
        telling = dict.fromkeys((SUMMARY_HORIZON, int(CONSTANTS["later_horizon"]), max(longest)))
        band = expected.get(campaign_id)
        shown = None
        if band is not None:
            at, lower, upper = (scale.y(min(roas, scale.highest)) for roas in band)
            shown = at, lower, upper
        yield Curve(
            campaign_id=campaign_id,
            name=points[0]["name"],
            payback_day=payback_day,
            readings=[(day, longest[day]) for day in telling if day in longest],
            most=_line(lines["most"], shares.get("most"), scale),
            oldest=_line(lines["oldest"], shares.get("oldest"), scale),
            payback=None if on is None else (scale.x(payback_day), scale.y(on[payback_day])),
            expected=shown,
            expected_roas=band,
        )


def _line(by_day: dict[int, float], share: float | None, scale: _Scale) -> Line | None:
    if not by_day or share is None:
        return None
    points = [f"{scale.x(0)},{scale.y(0.0)}"]
    points += [f"{scale.x(day)},{scale.y(roas)}" for day, roas in by_day.items()]
    return Line(" ".join(points), share, max(by_day))


def _round_up(roas: float) -> float:
    """Round up to one of a few steps."""
    size = 10.0 ** math.floor(math.log10(max(roas, 1.0)))
    return next(
        step * size
        for step in (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0)
        if roas <= step * size
    )
