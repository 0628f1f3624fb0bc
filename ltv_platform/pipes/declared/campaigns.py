"""Pipes about campaigns and countries."""

from collections.abc import Iterator

from ltv_platform.contracts import Catalog
from ltv_platform.pipes.declared.periods import Ratio, summed_by_period
from ltv_platform.pipes.declared.rows import COUNTRY, period, rows_of
from ltv_platform.pipes.model import Parameter, Pipe
from ltv_platform.settings import Settings

_CAMPAIGN = Parameter("campaign", "String", "Campaign id; repeatable.")
_START, _END = period("install date", days=True)
_FIRST_WEEK, _LAST_WEEK = period("Monday of the week of install", days=True)
_COHORT = {
    _START: "install_date",
    _END: "install_date",
    _CAMPAIGN: "campaign_id",
    COUNTRY: "country",
}


def campaign_pipes(catalog: Catalog, settings: Settings) -> Iterator[Pipe]:
    """The pipes of the group."""
    horizons = settings.horizons
    per_user = {
        f"{ratio}_d{days}{suffix}": Ratio(f"{upper}_d{days}", lower.format(days))
        for days in horizons
        for ratio, suffix, upper, lower in (
            ("ltv", "_per_user", "revenue", "installs"),
            ("arppu", "", "revenue", "payers_d{}"),
            ("retention", "", "retained", "installs"),
        )
    }
    yield summed_by_period(
        catalog["marts.campaign_ltv"], _COHORT, "install_date", per_user, size="installs"
    )
    roas = {
        f"roas_d{days}": Ratio(f"revenue_d{days}", "spend", counts="cost_complete")
        for days in horizons
    }
    yield summed_by_period(
        catalog["marts.campaign_roas"],
        _COHORT,
        "install_date",
        {
            **roas,
            "cpi": Ratio("spend", "installs", known_later=False),
            "roas_to_date": Ratio("revenue_to_date", "spend"),
        },
        size="installs",
        unknown_is_nothing=("spend",),
    )
    yield summed_by_period(
        catalog["marts.campaign_cohort_curve"],
        {_START: "install_date", _END: "install_date", _CAMPAIGN: "campaign_id"},
        "install_date",
        {"cumulative_roas": Ratio("cumulative_revenue", "spend")},
        unknown_is_nothing=("spend",),
        needs_all=True,
    )
    yield rows_of(catalog["marts.campaign_summary"], {_CAMPAIGN: "campaign_id"})
    yield rows_of(
        catalog["marts.campaign_outlook"],
        {
            _CAMPAIGN: "campaign_id",
            Parameter("verdict", "String", "Verdict, such as too_early; repeatable."): "verdict",
        },
    )
    yield rows_of(catalog["marts.country_roas"], {COUNTRY: "country"})
    yield rows_of(
        catalog["marts.campaign_ltv_forecast"],
        {
            _FIRST_WEEK: "install_week",
            _LAST_WEEK: "install_week",
            _CAMPAIGN: "campaign_id",
            Parameter("horizon_days", "UInt64", "Days of life covered."): "horizon_days",
        },
    )
