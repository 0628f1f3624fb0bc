"""Checks of campaigns and their feeds: what went in comes out."""

from ltv_platform.checks.model import CheckOutcome, TableCheck, all_of, days_to_publish, equal
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Reader


def campaign_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """Spend and revenue reconcile, and what waits is told."""
    return (
        TableCheck(
            "marts.campaign_roas",
            "spend_reconciles",
            "Spend of all cohorts is the spend of the core, to the last unit.",
            _spend_reconciles,
            reads=("core.campaign_spend",),
            blocking=True,
        ),
        TableCheck(
            "marts.revenue_reconciliation",
            "revenue_reconciles",
            "Every purchase and refund of the core stands in one bucket, and the cohorts add up "
            "to theirs.",
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
            "core.waiting_for_customer",
            "customers_are_known",
            "No event waits for the row of its customer, unless there are sessions and "
            "conversions alone, which need none.",
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
    signed = "SUM(CASE WHEN is_refund THEN -amount ELSE amount END)"
    placed = "bucket IN ('campaigns', '(organic)', '(unknown) campaign')"
    # Days that were published were found right then, and nobody has written them since.
    days = days_to_publish(engine, "core.transactions", "marts.revenue_reconciliation")
    within = "event_date BETWEEN $first AND $last"
    buckets = equal(
        engine,
        {
            "core.transactions": f"SELECT {signed} FROM core.transactions WHERE {within}",
            "all buckets": "SELECT SUM(net_revenue) FROM ("
            "SELECT event_date, net_revenue FROM marts.revenue_reconciliation UNION ALL "
            "SELECT event_date, COALESCE(gross_amount, 0) - COALESCE(refund_amount, 0) "
            "FROM core.waiting_for_customer WHERE table_name = 'transactions') AS buckets "
            f"WHERE {within}",
        },
        days,
    )
    cohorts = equal(
        engine,
        {
            "placed buckets": "SELECT SUM(net_revenue) FROM marts.revenue_reconciliation "
            f"WHERE {placed}",
            "marts.campaign_cohort_curve": "SELECT SUM(revenue) FROM marts.campaign_cohort_curve",
            "marts.campaign_ltv": "SELECT SUM(revenue_to_date) FROM marts.campaign_ltv",
        },
    )
    shared = sorted(set(settings.horizons) & set(settings.user_horizons))
    users = [
        equal(
            engine,
            {
                f"marts.user_revenue.revenue_d{days}": f"SELECT SUM(revenue_d{days}) "
                "FROM marts.user_revenue",
                f"marts.campaign_ltv.revenue_d{days}": f"SELECT SUM(revenue_d{days}) "
                "FROM marts.campaign_ltv",
            },
        )
        for days in shared
    ]
    return all_of([buckets, cohorts, *users])


def _customers_are_known(engine: Reader) -> CheckOutcome:
    waiting = dict(
        engine.rows(
            "SELECT table_name, CAST(SUM(waiting_rows) AS BIGINT) "
            "FROM core.waiting_for_customer LEFT JOIN core.customers USING (customer_id) "
            "WHERE customers.customer_id IS NULL "
            "GROUP BY table_name ORDER BY table_name"
        )
    )
    [(anyone,)] = engine.rows("SELECT EXISTS (SELECT 1 FROM core.customers)")
    # Attribution knows users by their sessions: a home for it alone may have no customers at all.
    passed = not waiting or (not anyone and waiting.keys() <= {"sessions", "conversions"})
    text = ", ".join(f"{rows} {table}" for table, rows in waiting.items())
    return CheckOutcome(
        passed,
        {"waiting_rows": sum(waiting.values()), **waiting},
        "" if passed else f"{text} wait for their customer: load them into customers",
    )


def _every_row_has_a_rate(engine: Reader) -> CheckOutcome:
    [(waiting, currencies)] = engine.rows(
        "SELECT COALESCE(SUM(waiting_rows), 0), STRING_AGG(DISTINCT currency, ', ' "
        "ORDER BY currency) FROM core.waiting_for_rate"
    )
    return CheckOutcome(
        waiting == 0,
        {"waiting_rows": int(waiting), "currencies": currencies or ""},
        f"{waiting} rows wait for rates of {currencies}: load them into fx_rates"
        if waiting
        else "",
    )
