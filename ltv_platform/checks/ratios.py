"""Checks of ratios over cohorts: numerator and denominator are sums over the same rows."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from ltv_platform.checks.model import CheckOutcome, TableCheck, all_of
from ltv_platform.contracts.ddl import quoted
from ltv_platform.days import ONE_DAY, day_of, day_start
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf
from ltv_platform.warehouse.engine import Reader

_COUNTRIES, _CAMPAIGNS = "marts.country_roas", "marts.campaign_summary"
_COST_NOTHING = "campaign_id IN ('(organic)', '(unknown)')"


def ratio_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """One check per table whose ratios are over many cohorts."""
    checked = {_COUNTRIES: _parts_of_countries, _CAMPAIGNS: _parts_of_campaigns}
    return tuple(
        TableCheck(
            table,
            "ratios_over_the_same_rows",
            "The parts of every ratio are sums over the same cohorts of campaign_roas.",
            partial(_same_rows, settings=settings, table=table, parts=parts),
            reads=("marts.campaign_roas",),
            blocking=True,
        )
        for table, parts in checked.items()
    )


def _same_rows(
    engine: Reader,
    settings: Settings,
    table: str,
    parts: Callable[[int], Mapping[str, str]],
) -> CheckOutcome:
    """Add up the parts of one table anew, horizon by horizon."""
    as_of = engine.as_of()
    key = engine.catalog[table].key[0]
    outcomes = []
    for days in settings.horizons:
        cohorts = _cohorts(days)
        expected = parts(days)
        sums = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in expected.items())
        differing = " OR ".join(
            f"published.{quoted(name)} IS DISTINCT FROM expected.{quoted(name)}"
            for name in expected
        )
        [(wrong, example)] = engine.rows(
            f"SELECT COUNT(*), MIN({quoted(key)}) FROM {table} AS published FULL JOIN ("
            f"SELECT {quoted(key)}, {sums} FROM ({cohorts}) AS cohorts GROUP BY {quoted(key)}"
            f") AS expected USING ({quoted(key)}) WHERE {differing}",
            {
                "mature": last_mature_day(days, as_of, settings),
                "cost_known": as_of.grows_from("cost"),
            },
        )
        outcomes.append(
            CheckOutcome(
                wrong == 0,
                {f"differing_d{days}": int(wrong)},
                f"D{days} of {wrong} rows, as of {example}, is not over the cohorts that count; "
                "rebuild what is stale with `ltv run`",
            )
        )
    return all_of(outcomes)


def last_mature_day(days: int, as_of: AsOf, settings: Settings) -> date | None:
    """The last install date that is mature at so many days; None: none is."""
    known = as_of.known_until("revenue")
    if known is None:
        return None
    day = day_of(known, settings)
    if settings.window == "calendar":
        while day_start(day + days * ONE_DAY, settings) > known:
            day -= ONE_DAY
        return day
    while day_start(day + ONE_DAY, settings) + days * ONE_DAY > known:
        day -= ONE_DAY
    return day


def _cohorts(days: int) -> str:
    """Campaigns by country, with what counts of them at a horizon."""
    mature = (
        "WHERE install_date <= CAST($mature AS DATE) "
        f"AND COALESCE(waits_from_age, {days}) >= {days}"
    )
    known = (
        "NOT cost_waits AND "
        "(CAST($cost_known AS DATE) IS NULL OR install_date < CAST($cost_known AS DATE))"
    )
    return (
        f"SELECT campaign_id, country, SUM(installs) FILTER ({mature} AND {known}) AS installs, "
        f"SUM(spend) FILTER ({mature} AND {known}) AS spend, "
        f"SUM(revenue_d{days}) FILTER ({mature} AND {known}) AS revenue, "
        f"SUM(installs) FILTER ({mature}) AS all_installs, "
        f"SUM(revenue_d{days}) FILTER ({mature}) AS all_revenue "
        "FROM marts.campaign_roas GROUP BY campaign_id, country"
    )


def _parts_of_countries(days: int) -> Mapping[str, str]:
    paid = "FILTER (spend <> 0)"
    return {
        f"installs_d{days}": "SUM(installs)",
        f"paid_installs_d{days}": f"SUM(installs) {paid}",
        f"spend_d{days}": "SUM(spend)",
        f"revenue_d{days}": f"SUM(revenue) {paid}",
        f"blended_revenue_d{days}": "SUM(revenue)",
        f"roas_d{days}": _ratio(f"SUM(revenue) {paid}", "SUM(spend)"),
        f"blended_roas_d{days}": _ratio("SUM(revenue)", "SUM(spend)"),
    }


def _parts_of_campaigns(days: int) -> Mapping[str, str]:
    # Those who cost nothing wait for no cost; no spend stands beside them.
    revenue = f"SUM(CASE WHEN {_COST_NOTHING} THEN all_revenue ELSE revenue END)"
    installs = f"SUM(CASE WHEN {_COST_NOTHING} THEN all_installs ELSE installs END)"
    return {
        f"installs_d{days}": installs,
        f"total_revenue_d{days}": revenue,
        f"cohort_cost_d{days}": "SUM(spend)",
        f"ltv_d{days}_per_user": _ratio(revenue, installs),
        f"cohort_roas_d{days}": _ratio(revenue, "SUM(spend)"),
    }


def _ratio(numerator: str, denominator: str) -> str:
    return f"CAST({numerator} AS DOUBLE) / NULLIF(GREATEST(CAST({denominator} AS DOUBLE), 0), 0)"
