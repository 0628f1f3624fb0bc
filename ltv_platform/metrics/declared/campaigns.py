"""Metrics of install cohorts: cost, LTV, ROAS and retention by campaign and country."""

from collections.abc import Iterator
from functools import partial

from ltv_platform.metrics.model import Grain, Metric, Relation, Unit

_COHORTS_SECTION = "docs/metrics.md#cohorts"
_CAMPAIGNS_SECTION = "docs/metrics.md#campaigns-and-countries"

_CAMPAIGN = "campaign of the install, (organic) or (unknown)"
_MEDIA_SOURCE = "ad network of the campaign"

COHORTS = Relation(
    "cohorts",
    {"campaign": _CAMPAIGN, "country": "country of the install", "media_source": _MEDIA_SOURCE},
    dated_by="install date",
    grains=tuple(Grain),
)
CAMPAIGNS = Relation("campaigns", {"campaign": _CAMPAIGN, "media_source": _MEDIA_SOURCE})

_COST_NOT_FINAL = "the cost of the newest day is not final until a later cost day is known"


def campaign_metrics(horizons: tuple[int, ...]) -> Iterator[Metric]:
    """The metrics of cohorts; those of a horizon for each configured one."""
    yield Metric(
        "installs",
        "Installs",
        Unit.COUNT,
        "Customers by the day of their earliest registration.",
        _COHORTS_SECTION,
        COHORTS,
        "installs",
    )
    yield Metric(
        "spend",
        "Spend",
        Unit.MONEY,
        "Ad spend on the install dates, each dollar once.",
        _COHORTS_SECTION,
        COHORTS,
        "spend",
        final="cost_complete",
        immature=_COST_NOT_FINAL,
    )
    yield Metric(
        "cpi",
        "CPI",
        Unit.MONEY,
        "Cost per install: spend / installs of campaigns with spend.",
        _COHORTS_SECTION,
        COHORTS,
        "spend",
        "installs",
        base="spend",
        final="cost_complete",
        paid=True,
        immature=_COST_NOT_FINAL,
    )
    yield Metric(
        "revenue_to_date",
        "Revenue to date",
        Unit.MONEY,
        "Net revenue so far, up to the longest horizon after install; still growing.",
        _COHORTS_SECTION,
        COHORTS,
        "revenue_to_date",
        final="age_complete",
        immature="it grows until the cohort has reached the longest horizon",
    )
    yield Metric(
        "roas_to_date",
        "ROAS to date",
        Unit.RATIO,
        "Net revenue so far / spend on the install dates of campaigns with spend; still growing.",
        _CAMPAIGNS_SECTION,
        COHORTS,
        "revenue_to_date",
        "spend",
        base="spend",
        final="age_complete AND cost_complete",
        paid=True,
        immature="it grows until the cohort has reached the longest horizon",
    )
    yield Metric(
        "profit_to_date",
        "Profit to date",
        Unit.MONEY,
        "Net revenue so far − spend on the install dates, of campaigns with spend; still growing.",
        _CAMPAIGNS_SECTION,
        COHORTS,
        "revenue_to_date - COALESCE(spend, 0)",
        base="spend",
        final="age_complete AND cost_complete",
        paid=True,
        immature="it grows until the cohort has reached the longest horizon",
    )
    for days in horizons:
        yield from _of_horizon(days)
    yield Metric(
        "payback_day",
        "Payback day",
        Unit.DAYS,
        "First day of life by the end of which revenue covers the spend, of cohorts with at least "
        "80 % of it.",
        _CAMPAIGNS_SECTION,
        CAMPAIGNS,
        "payback_day",
        counts="payback_day IS NOT NULL",
        base="spend",
        additive=False,
        immature="cohorts with at least 80 % of the spend have not paid back yet",
        nearest=("roas_to_date",),
    )
    for days in horizons:
        yield Metric(
            f"period_roas_d{days}",
            f"D{days} ROAS by period",
            Unit.RATIO,
            f"Net revenue of {_first(days)} / spend on all distinct days that these "
            "cover, each dollar once; grows with the range of cohorts.",
            _CAMPAIGNS_SECTION,
            CAMPAIGNS,
            f"total_revenue_d{days}",
            f"total_cost_d{days}",
            counts=f"total_cost_d{days} IS NOT NULL",
            base="spend",
            additive=False,
            horizon=days,
            immature=_needs(days) + ", and complete cost for all of these days",
            nearest=(f"roas_d{days}",),
        )


def _of_horizon(days: int) -> Iterator[Metric]:
    first = f"{_first(days)} after install"
    immature = f"{_needs(days)}, and complete cost"
    metric = partial(Metric, horizon=days, immature=immature)
    yield metric(
        f"revenue_d{days}",
        f"D{days} revenue",
        Unit.MONEY,
        f"Net revenue of {first}, of mature cohorts.",
        _COHORTS_SECTION,
        COHORTS,
        f"revenue_d{days}",
        counts=f"matures_d{days}",
        base="installs",
    )
    yield metric(
        f"ltv_d{days}",
        f"D{days} LTV",
        Unit.MONEY,
        f"Net revenue of {first} per install, payers or not.",
        _COHORTS_SECTION,
        COHORTS,
        f"revenue_d{days}",
        "installs",
        counts=f"matures_d{days}",
        base="installs",
    )
    yield metric(
        f"roas_d{days}",
        f"D{days} ROAS",
        Unit.RATIO,
        f"Net revenue of {first} / spend on the install dates, of campaigns with spend.",
        _CAMPAIGNS_SECTION,
        COHORTS,
        f"revenue_d{days}",
        "spend",
        counts=f"counts_d{days}",
        base="spend",
        paid=True,
        nearest=(f"predicted_roas_d{days}",),
    )
    yield metric(
        f"blended_roas_d{days}",
        f"Blended D{days} ROAS",
        Unit.RATIO,
        f"Net revenue of {first} of everybody, with or without spend / spend on the install dates.",
        _CAMPAIGNS_SECTION,
        COHORTS,
        f"revenue_d{days}",
        "spend",
        counts=f"counts_d{days}",
        base="installs",
    )
    yield metric(
        f"payers_d{days}",
        f"D{days} payers",
        Unit.COUNT,
        f"Customers with a purchase above zero in {first}.",
        _COHORTS_SECTION,
        COHORTS,
        f"payers_d{days}",
        counts=f"matures_d{days}",
        base="installs",
    )
    yield metric(
        f"arppu_d{days}",
        f"D{days} ARPPU",
        Unit.MONEY,
        f"Net revenue of {first} per paying customer.",
        _COHORTS_SECTION,
        COHORTS,
        f"revenue_d{days}",
        f"payers_d{days}",
        counts=f"matures_d{days}",
        base="installs",
    )
    yield metric(
        f"refunds_d{days}",
        f"D{days} refunds",
        Unit.MONEY,
        f"Refunds of {first}.",
        _COHORTS_SECTION,
        COHORTS,
        f"refunds_d{days}",
        counts=f"matures_d{days}",
        base="installs",
    )
    yield Metric(
        f"retention_d{days}",
        f"D{days} retention",
        Unit.SHARE,
        f"Share of customers with any event on day {days} after the day of install.",
        _COHORTS_SECTION,
        COHORTS,
        f"retained_d{days}",
        "installs",
        counts=f"retained_d{days} IS NOT NULL",
        base="installs",
        horizon=days,
        immature=_needs(days + 1),
    )


def _first(days: int) -> str:
    return "the first day" if days == 1 else f"the first {days} days"


def _needs(days: int) -> str:
    return f"every customer of an install date must have lived {days} full day" + "s" * (days > 1)
