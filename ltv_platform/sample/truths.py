"""The truths about a sample, derived from how it was planted, never read from its files.

`truths.json` is the dataclass `Truths` as JSON, field by field. Money is a text of US dollars with
six decimals. A ratio is a text with twelve decimals (rounded half to even), or null if its
denominator is zero, next to its numerator and denominator. Figures follow metrics.md sections 1
and 2 with as_of = 2026-11-29, reporting zone UTC, base currency USD, 24-hour windows.
"""

import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from ltv_platform.sample.campaigns import CAMPAIGN_IDS, COUNTRIES, LABELS, UNKNOWN
from ltv_platform.sample.dirt import DirtyRows
from ltv_platform.sample.draws import Ints
from ltv_platform.sample.scope import LAST_DAY, Scope
from ltv_platform.sample.spend import Spend
from ltv_platform.sample.tally import BUCKETS, HORIZONS, Tally

_MICROS = 10**6
_RATIO_DECIMALS = 12

Figures: TypeAlias = dict[str, int | str | None]


@dataclass(frozen=True)
class Parameters:
    """The parameters of the sample, and the days that follow from them."""

    customers: int
    days: int
    seed: int
    first_install_date: str
    as_of: str


@dataclass(frozen=True)
class TableTruth:
    """Lines of one table without the header.

    Attributes:
        rows: All lines.
        repeated: Lines that repeat another line in full.
        dirty: Lines that must be quarantined for a fault in one column.
        before_start: Single outliers far before the first day, to be quarantined by the start rule.
        late: Accepted lines that follow newer ones, usually at the end of the file.
        accepted: rows - repeated - dirty - before_start; newer and older versions both count.
    """

    rows: int
    repeated: int
    dirty: int
    before_start: int
    late: int
    accepted: int


@dataclass(frozen=True)
class RevenueTruth:
    """Revenue of the newest versions of all valid transactions, in USD."""

    transactions: int
    gross_revenue: str
    refunds: str
    net_revenue: str


@dataclass(frozen=True)
class PlantCounts:
    """Counts of plants that no other figure shows."""

    corrected_customers: int
    corrected_transactions: int
    refunds: int
    transactions_in_foreign_currency: int
    campaign_days_with_spend_and_no_installs: int
    campaign_days_with_installs_and_no_spend: int


@dataclass(frozen=True)
class Truths:
    """The truths of one sample.

    Attributes:
        parameters: The arguments of `generate`.
        tables: table -> its lines, by what should happen to them.
        dirty_rows: table -> the dirty lines by kind and column.
        plants: Counts of further plants.
        customers: Distinct valid customers.
        installs_by_country: country (of the install) or `(unknown)` -> customers, all days.
        campaigns: campaign_id, `(organic)` or `(unknown)` -> `d1`, `d3`, `d7`, … up to its last
            horizon with mature cohorts -> figures over them. With N = 7: installs, payers_d7,
            gross_revenue_d7, refunds_d7, total_revenue_d7 (net), ltv_d7_per_user, cohort_cost_d7,
            cohort_roas_d7, total_cost_d7, roas_d7.
        revenue: Net, gross and refunds of all valid transactions.
        revenue_by_bucket: The same by where the revenue belongs; the buckets add up to it.
        spend: All spend in USD.
        spend_by_campaign: campaign_id -> all spend in USD.
    """

    parameters: Parameters
    tables: dict[str, TableTruth]
    dirty_rows: dict[str, list[DirtyRows]]
    plants: PlantCounts
    customers: int
    installs_by_country: dict[str, int]
    campaigns: dict[str, dict[str, Figures]]
    revenue: RevenueTruth
    revenue_by_bucket: dict[str, RevenueTruth]
    spend: str
    spend_by_campaign: dict[str, str]

    def to_json(self) -> str:
        """Return the text of truths.json."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def truths_of(
    scope: Scope,
    tables: dict[str, TableTruth],
    dirty_rows: dict[str, list[DirtyRows]],
    tally: Tally,
    spend: Spend,
) -> Truths:
    """Turn the sums of a finished sample into its truths."""
    installs = tally.installs[: len(CAMPAIGN_IDS)] > 0
    spending = spend.micros > 0
    return Truths(
        parameters=Parameters(
            customers=scope.customers,
            days=scope.days,
            seed=scope.seed,
            first_install_date=scope.first_day.isoformat(),
            as_of=LAST_DAY.isoformat(),
        ),
        tables=tables,
        dirty_rows=dirty_rows,
        plants=PlantCounts(
            corrected_customers=tally.corrected_customers,
            corrected_transactions=tally.corrected_transactions,
            refunds=tally.refund_rows,
            transactions_in_foreign_currency=tally.foreign_rows,
            campaign_days_with_spend_and_no_installs=int((spending & ~installs).sum()),
            campaign_days_with_installs_and_no_spend=int((installs & ~spending).sum()),
        ),
        customers=scope.customers,
        installs_by_country={
            country or UNKNOWN: int(tally.installs_by_country[code])
            for code, country in enumerate(COUNTRIES)
        },
        campaigns=_campaign_figures(tally, spend, scope),
        revenue=_revenue(tally, slice(None)),
        revenue_by_bucket={
            bucket: _revenue(tally, slice(code, code + 1)) for code, bucket in enumerate(BUCKETS)
        },
        spend=money(int(spend.micros.sum())),
        spend_by_campaign={
            campaign: money(int(spend.micros[code].sum()))
            for code, campaign in enumerate(CAMPAIGN_IDS)
        },
    )


def money(micros: int) -> str:
    """Return millionths of a dollar as a text with six decimals."""
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // _MICROS}.{abs(micros) % _MICROS:06d}"


def ratio(numerator: int, denominator: int) -> str | None:
    """Return numerator / denominator with twelve decimals; None if the denominator is zero."""
    if denominator == 0:
        return None
    units = round(Fraction(numerator, denominator) * 10**_RATIO_DECIMALS)
    sign = "-" if units < 0 else ""
    scale = 10**_RATIO_DECIMALS
    return f"{sign}{abs(units) // scale}.{abs(units) % scale:0{_RATIO_DECIMALS}d}"


def _campaign_figures(tally: Tally, spend: Spend, scope: Scope) -> dict[str, dict[str, Figures]]:
    """Return the figures of each label at each horizon with a mature cohort."""
    figures: dict[str, dict[str, Figures]] = {}
    for code, label in enumerate(LABELS):
        of_campaign = code < len(CAMPAIGN_IDS)
        spent = spend.micros[code] if of_campaign else np.zeros(scope.days, dtype=np.int64)
        figures[label] = {
            f"d{horizon}": _figures(tally, code, position, spent)
            for position, horizon in enumerate(HORIZONS)
            if _has_cohort(tally.installs[code], spent, _mature_days(scope, horizon))
        }
    return figures


def _mature_days(scope: Scope, horizon: int) -> int:
    """Return how many of the first install days are mature at a horizon, 0 if none.

    Cohort d is mature when d + 1 day + horizon days <= 2026-11-30 00:00 UTC, the end of as_of.
    """
    return max(scope.days - horizon, 0)


def _has_cohort(installs: Ints, spent: Ints, days: int) -> bool:
    """Return whether anybody installed, or money was spent, on one of the first days."""
    return bool((installs[:days] > 0).any() or (spent[:days] > 0).any())


def _figures(tally: Tally, code: int, position: int, spent: Ints) -> Figures:
    """Return the figures of one label at one horizon; `spent` is micros per day."""
    horizon = HORIZONS[position]
    mature = slice(0, len(spent) - horizon)
    installs = int(tally.installs[code, mature].sum())
    gross = int(tally.gross[position, code, mature].sum())
    refunds = int(tally.refunds[position, code, mature].sum())
    cohort_cost = int(spent[mature].sum())
    # A day is a cohort if somebody installed or, as a cohort of size 0, if money was spent.
    is_cohort = (tally.installs[code, mature] > 0) | (spent[mature] > 0)
    covered = np.zeros(len(spent), dtype=np.bool_)
    for day in np.flatnonzero(is_cohort):
        covered[day : day + horizon] = True
    total_cost = int(spent[covered].sum())
    return {
        "installs": installs,
        f"payers_d{horizon}": int(tally.payers[position, code, mature].sum()),
        f"gross_revenue_d{horizon}": money(gross),
        f"refunds_d{horizon}": money(refunds),
        f"total_revenue_d{horizon}": money(gross - refunds),
        f"ltv_d{horizon}_per_user": ratio(gross - refunds, installs * _MICROS),
        f"cohort_cost_d{horizon}": money(cohort_cost),
        f"cohort_roas_d{horizon}": ratio(gross - refunds, cohort_cost),
        f"total_cost_d{horizon}": money(total_cost),
        f"roas_d{horizon}": ratio(gross - refunds, total_cost),
    }


def _revenue(tally: Tally, buckets: slice) -> RevenueTruth:
    """Return the total revenue of some buckets."""
    gross = int(tally.bucket_gross[buckets].sum())
    refunds = int(tally.bucket_refunds[buckets].sum())
    return RevenueTruth(
        transactions=int(tally.bucket_rows[buckets].sum()),
        gross_revenue=money(gross),
        refunds=money(refunds),
        net_revenue=money(gross - refunds),
    )
