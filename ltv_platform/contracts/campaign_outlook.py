"""The outlook of campaigns: verdict, payback and expected ROAS, one row per campaign."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ltv_platform.contracts.model import TOTAL, Column, Table

if TYPE_CHECKING:
    from ltv_platform.settings import Settings


def campaign_outlook(settings: "Settings") -> Table:
    """The contract under the configured horizons."""
    longest = max(settings.horizons)
    ahead = sorted({min(days, longest) for days in settings.forecast_horizons})
    return outlook_table(settings.horizons, ahead)


def outlook_table(horizons: Sequence[int], ahead: Sequence[int]) -> Table:
    """The contract.

    Args:
        horizons: The configured horizons in days.
        ahead: Horizons of campaign forecasts in days.
    """
    return Table(
        layer="marts",
        name="campaign_outlook",
        description=(
            "One row per campaign, including (organic) and (unknown). When does it pay back, how "
            "sure is that, and which one should stop?"
        ),
        key=("campaign_id",),
        columns=(
            Column("campaign_id", "VARCHAR", "Campaign, (organic) or (unknown).", required=True),
            Column("campaign_name", "VARCHAR", "Name of the campaign."),
            Column("media_source", "VARCHAR", "Ad network."),
            Column(
                "verdict",
                "VARCHAR",
                "pays_back: observed, on 80 % of the spend; will_pay_back: the whole 80 % interval "
                "of expected ROAS is at least 1, at an age that some cohort has reached; "
                "likely_to_pay_back: expected ROAS is at least 1 otherwise; "
                "unlikely_to_pay_back: expected ROAS is below 1, but not the upper end; "
                "will_not_pay_back: the whole interval is below 1; too_early: no forecast, or too "
                "little data; no_spend: nothing to pay back.",
                required=True,
            ),
            Column(
                "reason", "VARCHAR", "The verdict with its figures, one sentence.", required=True
            ),
            Column(
                "action",
                "VARCHAR",
                "continue: pays_back or will_pay_back; watch: likely_to_pay_back or too_early; "
                "reduce: unlikely_to_pay_back; stop: will_not_pay_back; NULL: no spend.",
            ),
            Column("installs", "BIGINT", "Installs of all cohorts.", required=True),
            Column("spend", TOTAL, "Spend on the install dates of all cohorts."),
            Column("spend_share", "DOUBLE", "Share of the spend of all campaigns; adds up to 1."),
            Column(
                "revenue_to_date",
                TOTAL,
                "Net revenue so far, up to the longest horizon.",
                required=True,
            ),
            Column("profit_to_date", TOTAL, "revenue_to_date − spend; NULL: no spend."),
            Column("cpi", "DOUBLE", "spend / installs."),
            Column(
                "payback_day",
                "INTEGER",
                "Day of life on which observed revenue first covers the spend; NULL: not yet, or "
                "on less than 80 % of the spend.",
            ),
            Column(
                "payback_spend_share",
                "DOUBLE",
                "Share of the spend on which payback_day is based.",
            ),
            Column(
                "observed_horizon_days",
                "INTEGER",
                "Longest horizon at which at least 80 % of the spend is mature; NULL: none.",
            ),
            Column("observed_roas", "DOUBLE", "Cohort ROAS at that horizon."),
            Column("observed_spend_share", "DOUBLE", "Share of the spend that is mature at it."),
            *(
                Column(
                    f"mature_spend_share_d{days}",
                    "DOUBLE",
                    f"Share of the spend whose cohorts are mature at day {days}; below 0.8, ROAS "
                    "at this horizon does not represent the campaign.",
                )
                for days in horizons
            ),
            *(column for days in ahead for column in _expected(days)),
            Column(
                "expected_horizon_days",
                "INTEGER",
                "Longest forecast horizon with a forecast of at least 80 % of the spend; NULL: "
                "none. The columns below refer to it.",
            ),
            Column("expected_roas", "DOUBLE", "Observed and expected revenue / spend."),
            Column("expected_roas_lower", "DOUBLE", "Lower end of its 80 % interval."),
            Column("expected_roas_upper", "DOUBLE", "Upper end of its 80 % interval."),
            Column("expected_spend_share", "DOUBLE", "Share of the spend on which they are based."),
            Column("expected_profit", TOTAL, "Observed and expected revenue − spend of the same."),
            Column(
                "expected_payback_day",
                "INTEGER",
                "Day of life on which observed or expected revenue covers the spend; NULL: not "
                "within expected_horizon_days.",
            ),
            Column(
                "expected_payback_day_lower",
                "INTEGER",
                "The same at the upper end of revenue: the earliest day of the 80 % interval.",
            ),
            Column(
                "expected_payback_day_upper",
                "INTEGER",
                "The same at the lower end of revenue: the latest day; NULL: may be later than "
                "expected_horizon_days, or never.",
            ),
            Column("expected_ltv_per_user", "DOUBLE", "Observed and expected revenue / installs."),
            Column("ltv_cac", "DOUBLE", "expected_ltv_per_user / cpi."),
            Column(
                "status",
                "VARCHAR",
                "ok; no_spend; too_few_mature_cohorts: no forecast of 80 % of the spend to the "
                "longest forecast horizon; too_few_installs: fewer than 30; too_young: known for "
                "fewer than 28 days; too_few_parts: no interval, because fewer than nine parts of "
                "campaigns could be forecast again.",
                required=True,
            ),
            Column(
                "interval_parts",
                "BIGINT",
                "Parts of campaigns whose errors give the interval; 0: no interval.",
                required=True,
            ),
        ),
    )


def _expected(days: int) -> tuple[Column, ...]:
    return (
        Column(
            f"expected_roas_d{days}",
            "DOUBLE",
            f"Observed and expected revenue of the first {days} days / spend, over the cohorts "
            "whose cost is complete.",
        ),
        Column(f"expected_roas_d{days}_lower", "DOUBLE", "Lower end of its 80 % interval."),
        Column(f"expected_roas_d{days}_upper", "DOUBLE", "Upper end of its 80 % interval."),
    )
