"""Whether campaigns pay back: weekly sums and forecasts in, the rows of the mart out.

:mod:`.parts` computes the intervals of whole campaigns, :mod:`.verdicts` the words. Definitions
load this module, so everything heavy is imported where it is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from ltv_platform.contracts.arrow import arrow_table
from ltv_platform.contracts.campaign_outlook import outlook_table
from ltv_platform.forecasting.cohorts.tables import Cohorts, money, read_cohorts
from ltv_platform.forecasting.cohorts.verdicts import (
    ACTIONS,
    ENOUGH_SPEND,
    Case,
    Expected,
    reason_of,
    status_of,
    verdict_of,
)

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from ltv_platform.forecasting.cohorts.parts import Parts

#: The expected day, the earliest and the latest of its interval.
_Days: TypeAlias = tuple[int | None, int | None, int | None]

_MATURE, _PREDICTED = "mature_spend_share_d", "predicted_d"


def campaign_outlook(rows: "pa.Table") -> "pa.Table":
    """When each campaign pays back, and how sure that is.

    Args:
        rows: Rows of ``sql/campaigns/campaign_outlook.sql``, in any order: those of
            ``sql/macros/weekly_cohorts.sql``; at age 0 also forecasts of the cohort and sums of its
            campaign.

    Returns:
        The columns of ``marts.campaign_outlook``, one row per campaign.
    """
    horizons, ahead = _days_in(rows, _MATURE), _days_in(rows, _PREDICTED)
    cohorts = read_cohorts(rows)
    given = [] if cohorts is None else _rows(cohorts, _heads(rows), horizons)
    return arrow_table(outlook_table(horizons, ahead), given)


def _days_in(rows: "pa.Table", prefix: str) -> tuple[int, ...]:
    """Days of the columns that begin with a prefix, in ascending order."""
    names = [name for name in rows.column_names if name.startswith(prefix)]
    return tuple(sorted(int(name.removeprefix(prefix)) for name in names))


def _heads(rows: "pa.Table") -> list[dict[str, Any]]:
    """The rows of the cohorts as a whole, in the order of :class:`Cohorts`."""
    import pyarrow.compute as pc  # noqa: PLC0415 - definitions are loaded without it

    heads = rows.filter(pc.equal(rows["age_day"], 0))
    listed: list[dict[str, Any]] = heads.sort_by(
        [("campaign_id", "ascending"), ("install_week", "ascending")]
    ).to_pylist()
    return listed


@dataclass(frozen=True)
class _Outcome:
    """Sums of a campaign's cohorts at a horizon, observed or expected; money in millionths.

    Attributes:
        revenue: Of the cohorts with a forecast and a final cost.
        lower: Lower end of its 80 % interval; None: no interval.
        upper: Upper end.
        parts: Parts whose errors give it; 0: nothing is expected, or no interval.
        spend: Of the same cohorts.
        all_revenue: Of all cohorts with a forecast.
        all_installs: Their customers.
    """

    revenue: int
    lower: float | None
    upper: float | None
    parts: int
    spend: int
    all_revenue: int
    all_installs: int

    def expected(self, horizon: int, spend: int) -> Expected | None:
        """As ROAS, if it covers enough of the campaign's spend."""
        if self.spend <= 0 or spend <= 0 or self.spend < ENOUGH_SPEND * spend:
            return None
        lower, upper = (
            None if end is None else end / self.spend for end in (self.lower, self.upper)
        )
        roas = self.revenue / self.spend
        return Expected(horizon, self.spend / spend, roas, lower, upper)


class _Campaigns:
    """The cohorts of all campaigns with their forecasts."""

    def __init__(self, cohorts: Cohorts, heads: Sequence[Mapping[str, Any]]) -> None:
        import numpy as np  # noqa: PLC0415 - definitions are loaded without it

        self.cohorts, self.heads = cohorts, heads
        self._members = [
            np.flatnonzero(cohorts.triangle.groups == group)
            for group in range(len(cohorts.campaigns))
        ]

    def members(self, group: int) -> list[int]:
        """Numbers of the cohorts of a campaign."""
        members: list[int] = self._members[group].tolist()
        return members

    def paid(self, group: int, horizon: int) -> list[int]:
        """Those of them whose cost is final and that have a forecast."""
        return [
            number for number in self.forecast(group, horizon) if self.cohorts.cost_complete[number]
        ]

    def forecast(self, group: int, horizon: int) -> list[int]:
        """Those of them that have a forecast."""
        name = f"{_PREDICTED}{horizon}"
        return [number for number in self.members(group) if self.heads[number][name] is not None]

    def outcome(self, group: int, horizon: int) -> _Outcome:
        """The sums of a campaign at a horizon."""
        import numpy as np  # noqa: PLC0415

        paid, everyone = self.paid(group, horizon), self.forecast(group, horizon)
        predicted = {
            number: int(self.heads[number][f"{_PREDICTED}{horizon}"]) for number in everyone
        }
        triangle = self.cohorts.triangle
        spend = sum(self.cohorts.spend[number] or 0 for number in paid)
        revenue = sum(predicted[number] for number in paid)
        young = np.array([n for n in paid if triangle.known[n] < horizon], dtype=np.int64)
        ahead = np.array([predicted[number] for number in young.tolist()], dtype=float)
        lower: float | None = revenue
        upper: float | None = revenue
        parts = 0
        if ahead.any():
            interval = None
            if spend > 0 and ahead.sum() > 0:
                interval = self._parts(horizon).interval(young, ahead)
            lower = upper = None
            if interval is not None:
                observed = revenue - ahead.sum()
                lower, upper = observed + interval[0], observed + interval[1]
                parts = interval[2]
        return _Outcome(
            revenue,
            lower,
            upper,
            parts,
            spend,
            sum(predicted.values()),
            int(triangle.installs[everyone].sum()),
        )

    def _parts(self, horizon: int) -> "Parts":
        from ltv_platform.forecasting.cohorts.parts import Parts  # noqa: PLC0415

        if horizon not in self._parts_of:
            self._parts_of[horizon] = Parts(self.cohorts.triangle, horizon)
        return self._parts_of[horizon]

    @cached_property
    def _parts_of(self) -> dict[int, "Parts"]:
        return {}

    def curve(self, group: int, horizon: int) -> "np.ndarray":
        """(horizon + 1,): revenue of the paid cohorts by age, observed and expected."""
        import numpy as np  # noqa: PLC0415

        triangle, paid = self.cohorts.triangle, np.array(self.paid(group, horizon), dtype=np.int64)
        name = f"multiplicative_d{horizon}"
        form = np.array([bool(self.heads[number][name]) for number in paid.tolist()])
        curve = np.zeros(horizon + 1)
        known = np.minimum(triangle.known[paid], horizon)
        for age in np.unique(known).tolist():
            of_age = known == age
            curve[: age + 1] += triangle.revenue[paid[of_age], : age + 1].sum(axis=0)
            if age < horizon:
                path = self._ladder.path(paid[of_age], age, form[of_age])
                curve[age + 1 :] += path[:, : horizon - age].sum(axis=0)
        return curve

    @cached_property
    def _ladder(self) -> Any:
        from ltv_platform.forecasting.cohorts.chain_ladder import ChainLadder  # noqa: PLC0415

        return ChainLadder(self.cohorts.triangle, self.cohorts.horizons)


def _rows(
    cohorts: Cohorts, heads: list[dict[str, Any]], horizons: tuple[int, ...]
) -> list[tuple[Any, ...]]:
    campaigns = _Campaigns(cohorts, heads)
    return [_row(campaigns, group, horizons) for group in range(len(cohorts.campaigns))]


def _row(campaigns: _Campaigns, group: int, horizons: tuple[int, ...]) -> tuple[Any, ...]:
    members = campaigns.members(group)
    head, triangle = campaigns.heads[members[0]], campaigns.cohorts.triangle
    ahead = campaigns.cohorts.horizons
    spend = int(head["cohort_cost"].scaleb(6)) if head["cohort_cost"] is not None else 0
    installs = int(head["campaign_installs"])
    outcomes = {days: campaigns.outcome(group, days) for days in ahead}
    expected = {days: outcomes[days].expected(days, spend) for days in ahead}
    reached = [
        days
        for days in ahead
        if (
            expected[days] is not None
            if spend > 0
            else outcomes[days].all_installs >= ENOUGH_SPEND * max(installs, 1)
        )
    ]
    longest = max(reached, default=None)
    at_longest = None if longest is None else expected[longest]
    payback: _Days = None, None, None
    if longest is not None and at_longest is not None:
        payback = _payback_days(campaigns, group, outcomes, longest)
    observed = _observed(head, horizons)
    case = Case(
        has_spend=spend > 0,
        installs=installs,
        known_age=int(triangle.known[members].max()),
        payback_day=head["payback_day"],
        payback_spend_share=head["payback_spend_share"],
        observed=observed,
        expected=at_longest,
        longest=ahead[-1],
        expected_payback=payback,
    )
    verdict = verdict_of(case)
    outcome = None if longest is None else outcomes[longest]
    ltv = None
    if outcome is not None and outcome.all_installs:
        ltv = outcome.all_revenue / outcome.all_installs / 1e6
    return (
        campaigns.cohorts.campaigns[group],
        head["campaign_name"],
        head["media_source"],
        verdict,
        reason_of(case),
        ACTIONS[verdict],
        installs,
        *(head[name] for name in _COPIED),
        *(observed or (None,) * 3),
        *(head[f"{_MATURE}{days}"] for days in horizons),
        *(value for days in ahead for value in _ratios(expected[days])),
        longest,
        *_ratios(at_longest),
        None if at_longest is None else at_longest.spend_share,
        money(outcome.revenue - outcome.spend) if outcome is not None and at_longest else None,
        *payback,
        ltv,
        ltv / head["cpi"] if ltv is not None and head["cpi"] else None,
        status_of(case),
        outcome.parts if outcome is not None else 0,
    )


#: Columns of the campaign that the table shows as they are.
_COPIED = (
    "cohort_cost",
    "spend_share",
    "revenue_to_date",
    "profit_to_date",
    "cpi",
    "payback_day",
    "payback_spend_share",
)


def _observed(
    head: Mapping[str, Any], horizons: tuple[int, ...]
) -> tuple[int, float, float] | None:
    """The longest horizon that enough of the spend has reached, its ROAS, and that share."""
    for days in reversed(horizons):
        share, roas = head[f"{_MATURE}{days}"], head[f"cohort_roas_d{days}"]
        if share is not None and roas is not None and share >= ENOUGH_SPEND:
            return days, roas, share
    return None


def _ratios(expected: Expected | None) -> tuple[float | None, ...]:
    return (expected.roas, expected.lower, expected.upper) if expected else (None,) * 3


def _payback_days(
    campaigns: _Campaigns, group: int, outcomes: Mapping[int, _Outcome], longest: int
) -> _Days:
    """The expected day of payback, the earliest and the latest of its 80 % interval.

    Between the horizons, the ends of the interval are interpolated as multiples of the revenue.
    """
    import numpy as np  # noqa: PLC0415

    outcome = outcomes[longest]
    curve = campaigns.curve(group, longest)
    days = np.arange(longest + 1)

    def first(reach: "np.ndarray | float") -> int | None:
        # In whole millionths: equal amounts count as covered.
        covered = np.rint(curve * reach)[1:] >= outcome.spend
        return int(covered.argmax()) + 1 if covered.any() else None

    known = {
        horizon: each
        for horizon, each in outcomes.items()
        if horizon <= longest and each.lower is not None and each.revenue > 0
    }
    if longest not in known:
        return first(1.0), None, None

    def reach(end: str) -> "np.ndarray":
        ratios = [getattr(each, end) / each.revenue for each in known.values()]
        along: np.ndarray = np.interp(days, [0, *known], [1.0, *ratios])
        return along

    return first(1.0), first(reach("upper")), first(reach("lower"))
