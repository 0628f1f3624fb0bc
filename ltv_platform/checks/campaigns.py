"""Checks of campaigns and their feeds: inputs and outputs reconcile."""

from ltv_platform.checks.model import (
    CheckOutcome,
    TableCheck,
    all_of,
    ask,
    days_to_publish,
    equal,
    same,
)
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Reader

#: By which a sum of shares may differ from 1 through rounding.
_SAME_SHARE = 1e-9


def campaign_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """Checks that spend and revenue reconcile, and those that report waiting rows."""
    return (
        TableCheck(
            "marts.campaign_roas",
            "spend_reconciles",
            "The spend of all cohorts equals core spend, to the last unit.",
            _spend_reconciles,
            reads=("core.campaign_spend",),
            blocking=True,
        ),
        TableCheck(
            "marts.revenue_reconciliation",
            "revenue_reconciles",
            "Every core purchase and refund is in exactly one bucket, and the cohorts match their "
            "buckets.",
            lambda engine: _revenue_reconciles(engine, settings),
            reads=(
                "core.transactions",
                "core.waiting_for_customer",
                "marts.campaign_cohort_curve",
                "marts.campaign_ltv",
                "marts.user_revenue",
            ),
            blocking=True,
        ),
        TableCheck(
            "marts.campaign_outlook",
            "outlook_adds_up",
            "It has every campaign, shares of spend add up to 1, and expected ROAS is that of the "
            "weekly forecasts.",
            _outlook_adds_up,
            reads=("marts.campaign_ltv_forecast", "marts.campaign_summary"),
            blocking=True,
        ),
        TableCheck(
            "marts.daily_revenue",
            "daily_revenue_reconciles",
            "Each day's revenue equals that of its buckets, and new and returning revenue add up.",
            _daily_revenue_reconciles,
            reads=("core.waiting_for_customer", "marts.revenue_reconciliation"),
            blocking=True,
        ),
        TableCheck(
            "core.waiting_for_customer",
            "customers_are_known",
            "No event waits for its customer's row. Skipped when only sessions and conversions "
            "are loaded.",
            _customers_are_known,
            reads=("core.customers",),
        ),
        TableCheck(
            "core.waiting_for_rate",
            "every_row_has_a_rate",
            "No row waits for an exchange rate.",
            _every_row_has_a_rate,
        ),
    )


def _spend_reconciles(engine: Reader) -> CheckOutcome:
    return equal(
        engine,
        {
            "core.campaign_spend": "SELECT SUM(spend) FROM core.campaign_spend",
            "marts.campaign_roas": "SELECT SUM(spend) FROM marts.campaign_roas",
        },
    )


def _revenue_reconciles(engine: Reader, settings: Settings) -> CheckOutcome:
    # Published days passed this check before, and have not been written since.
    days = days_to_publish(engine, "core.transactions", "marts.revenue_reconciliation")
    [(transactions, all_buckets, campaign_buckets, curves, ltv)] = ask(
        engine, "campaigns/revenue_reconciles", days
    )
    buckets = same({"core.transactions": transactions, "all buckets": all_buckets})
    cohorts = same(
        {
            "placed buckets": campaign_buckets,
            "marts.campaign_cohort_curve": curves,
            "marts.campaign_ltv": ltv,
        }
    )
    shared = sorted(set(settings.horizons) & set(settings.user_horizons))
    users = [
        equal(
            engine,
            {
                f"{table}.revenue_d{days}": f"SELECT SUM(revenue_d{days}) FROM {table}"
                for table in ("marts.user_revenue", "marts.campaign_ltv")
            },
        )
        for days in shared
    ]
    return all_of([buckets, cohorts, *users])


def _outlook_adds_up(engine: Reader) -> CheckOutcome:
    [(differing, example, shares)] = ask(engine, "campaigns/outlook_adds_up")
    errors = []
    if differing:
        errors.append(
            f"{differing} campaigns, as {example}, are missing or differ from their forecasts"
        )
    if abs(shares - 1) > _SAME_SHARE:
        errors.append(f"shares of spend add up to {shares}")
    hint = "; rebuild stale tables with `ltv run`"
    return CheckOutcome(
        not errors,
        {"differing": int(differing), "spend_shares": float(shares)},
        "; ".join(errors) + hint if errors else "",
    )


def _daily_revenue_reconciles(engine: Reader) -> CheckOutcome:
    days = days_to_publish(engine, "marts.revenue_reconciliation", "marts.daily_revenue")
    [(compared, wrong)] = ask(engine, "campaigns/daily_revenue_reconciles", days)
    return CheckOutcome(
        wrong == 0,
        {"days": compared, "wrong": wrong},
        f"{wrong} days of marts.daily_revenue differ from marts.revenue_reconciliation; rebuild "
        "stale tables with `ltv run`"
        if wrong
        else "",
    )


def _customers_are_known(engine: Reader) -> CheckOutcome:
    waiting = dict(ask(engine, "core/customers_are_known"))
    [(anyone,)] = engine.rows("SELECT EXISTS (SELECT 1 FROM core.customers)")
    # Attribution finds users by their sessions: a home used only for it may have no customers.
    passed = not waiting or (not anyone and waiting.keys() <= {"sessions", "conversions"})
    text = ", ".join(f"{rows} {table}" for table, rows in waiting.items())
    return CheckOutcome(
        passed,
        {"waiting_rows": sum(waiting.values()), **waiting},
        "" if passed else f"{text} wait for their customers: load these into customers",
    )


def _every_row_has_a_rate(engine: Reader) -> CheckOutcome:
    [(waiting, currencies)] = ask(engine, "core/every_row_has_a_rate")
    return CheckOutcome(
        waiting == 0,
        {"waiting_rows": int(waiting), "currencies": currencies or ""},
        f"{waiting} rows wait for rates of {currencies}: load them into fx_rates"
        if waiting
        else "",
    )
