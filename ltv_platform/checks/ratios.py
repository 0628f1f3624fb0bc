"""Checks of ratios over cohorts: numerator and denominator are sums over the same rows."""

from datetime import date
from functools import partial

from ltv_platform.checks.model import CheckOutcome, TableCheck, all_of, ask
from ltv_platform.days import ONE_DAY, day_of, day_start
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf
from ltv_platform.warehouse.engine import Reader

#: The tables whose ratios cover many cohorts, each with the SQL that recomputes their parts.
_CHECKED = {
    "marts.country_roas": "campaigns/ratios_of_country_roas",
    "marts.campaign_summary": "campaigns/ratios_of_campaign_summary",
}


def ratio_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """One check per table whose ratios cover many cohorts."""
    return tuple(
        TableCheck(
            table,
            "ratios_over_the_same_rows",
            "Both parts of every ratio are sums over the same cohorts of campaign_roas.",
            partial(_same_rows, settings=settings, check=check),
            reads=("marts.campaign_roas",),
            blocking=True,
        )
        for table, check in _CHECKED.items()
    )


def _same_rows(engine: Reader, settings: Settings, check: str) -> CheckOutcome:
    """Recompute numerators and denominators of one table, horizon by horizon."""
    as_of = engine.as_of()
    outcomes = []
    for days in settings.horizons:
        counting = {
            "mature": last_mature_day(days, as_of, settings),
            "cost_known": as_of.grows_from("cost"),
        }
        [(wrong, example)] = ask(engine, check, counting, days=days)
        outcomes.append(
            CheckOutcome(
                wrong == 0,
                {f"differing_d{days}": int(wrong)},
                f"D{days} of {wrong} rows, as of {example}, covers the wrong cohorts; rebuild "
                "stale tables with `ltv run`",
            )
        )
    return all_of(outcomes)


def last_mature_day(days: int, as_of: AsOf, settings: Settings) -> date | None:
    """The last install date that is mature at a horizon; None: there is none."""
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
