"""What must hold of the tables: pure functions that run a check and say what they saw.

Unique keys and reconciliation block publishing; references, missing rates and the share of
rejected rows only warn, because rows that wait are in a named bucket and not lost.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ltv_platform.contracts import Table
from ltv_platform.contracts.ddl import column_list, quoted
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine
from ltv_platform.warehouse.planner import spans
from ltv_platform.warehouse.snapshot import ASSET as SNAPSHOT


@dataclass(frozen=True)
class CheckOutcome:
    """Whether a check holds, and the figures that it compared."""

    passed: bool
    figures: Mapping[str, float | str]
    description: str = ""


@dataclass(frozen=True)
class TableCheck:
    """A check of a table that looks at other tables too.

    Attributes:
        table: Full name of the table that it is shown on.
        name: Its name.
        description: What must hold.
        reads: Other tables that it reads.
        blocking: Nothing downstream is built, and nothing published, while it fails.
        run: Evaluates it.
    """

    table: str
    name: str
    description: str
    run: Callable[[DuckDBEngine], CheckOutcome]
    reads: tuple[str, ...] = ()
    blocking: bool = False


def unique_key(engine: DuckDBEngine, table: Table, days: Iterable[date] | None) -> CheckOutcome:
    """No key occurs twice in the days just written (None: the whole table was), nor beyond them.

    A key that does not hold the day of its row can stand on two days only if the source gave it
    two versions: these few are looked for in all days.
    """
    key = column_list(table.key)
    rows, bounds = f"SELECT {key} FROM {table.full_name}", dict[str, date]()
    if table.partition is not None and days is not None:
        written, bounds = _within(table.partition, days)
        everywhere, rows = rows, f"{rows} WHERE {written}"
        first = quoted(table.key[0])
        versions = " UNION ALL ".join(
            f"SELECT {first} FROM {source.log.full_name} WHERE version > 1"
            for source in engine.catalog.sources.values()
            if source.key == table.key and table.partition not in table.key
        )
        if versions:
            restated = f"SELECT {first} FROM {table.full_name} WHERE {written}"
            restated += f" AND {first} IN ({versions})"
            rows += f" UNION ALL {everywhere} WHERE NOT ({written}) AND {first} IN ({restated})"
    [(repeated, example)] = engine.rows(
        "SELECT COUNT(*), MIN(example) FROM ("
        f"SELECT CAST(ROW({key}) AS VARCHAR) AS example FROM ({rows}) AS rows_to_look_at "
        f"GROUP BY {key} HAVING COUNT(*) > 1) AS repeated",
        bounds,
    )
    return CheckOutcome(
        repeated == 0,
        {"repeated_keys": repeated},
        "" if repeated == 0 else f"{table.full_name} has {repeated} keys twice, such as {example}",
    )


def _within(column: str, days: Iterable[date]) -> tuple[str, dict[str, date]]:
    """SQL that holds for the spans in which days are written, and its parameters."""
    conditions, bounds = ["FALSE"], dict[str, date]()
    for place, (start, end) in enumerate(spans(days)):
        names = f"start_{place}", f"end_{place}"
        conditions.append(f"{quoted(column)} BETWEEN ${names[0]} AND ${names[1]}")
        bounds.update(zip(names, (start, end), strict=True))
    return " OR ".join(conditions), bounds


def table_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """All checks but the unique keys, which every derived table has."""
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
            "No event waits for the row of its customer.",
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


def rejected_share(engine: DuckDBEngine, source: str, settings: Settings) -> CheckOutcome:
    """The share of a source's received rows that stand in quarantine stays small."""
    [(received, quarantined)] = engine.rows(
        "SELECT COALESCE(SUM(rows_received), 0), (SELECT COUNT(*) FROM raw.quarantine "
        "WHERE table_name = $source AND replayed_at IS NULL) "
        "FROM raw.loads WHERE table_name = $source",
        {"source": source},
    )
    share = quarantined / received if received else 0.0
    return CheckOutcome(
        share <= settings.rejected_share,
        {"rejected_share": share, "rejected_rows": int(quarantined), "received": int(received)},
        f"{quarantined} of {received} rows are in quarantine; see `ltv quarantine list {source}`",
    )


def _spend_reconciles(engine: DuckDBEngine) -> CheckOutcome:
    return _equal(
        engine,
        {
            "core.campaign_spend": "SELECT SUM(spend) FROM core.campaign_spend",
            "marts.campaign_roas": "SELECT SUM(spend) FROM marts.campaign_roas",
        },
    )


def _revenue_reconciles(engine: DuckDBEngine, settings: Settings) -> CheckOutcome:
    signed = "SUM(CASE WHEN is_refund THEN -amount ELSE amount END)"
    placed = "bucket IN ('campaigns', '(organic)', '(unknown) campaign')"
    # Days that were published were found right then, and nobody has written them since.
    days = _days_to_publish(engine, "core.transactions", "marts.revenue_reconciliation")
    within = "event_date BETWEEN $first AND $last"
    buckets = _equal(
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
    cohorts = _equal(
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
        _equal(
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
    return _all_of([buckets, cohorts, *users])


def _customers_are_known(engine: DuckDBEngine) -> CheckOutcome:
    waiting = dict(
        engine.rows(
            "SELECT table_name, CAST(SUM(waiting_rows) AS BIGINT) "
            "FROM core.waiting_for_customer LEFT JOIN core.customers USING (customer_id) "
            "WHERE customers.customer_id IS NULL "
            "GROUP BY table_name ORDER BY table_name"
        )
    )
    text = ", ".join(f"{rows} {table}" for table, rows in waiting.items())
    return CheckOutcome(
        not waiting,
        {"waiting_rows": sum(waiting.values()), **waiting},
        f"{text} wait for their customer: load them into customers" if waiting else "",
    )


def _every_row_has_a_rate(engine: DuckDBEngine) -> CheckOutcome:
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


def _days_to_publish(engine: DuckDBEngine, *tables: str) -> dict[str, date | None]:
    """First and last day of some tables written since the last snapshot; None: no day was."""
    [(first, last)] = engine.rows(
        "SELECT MIN(day), MAX(day) FROM raw.built WHERE asset IN $tables AND seq > "
        "(SELECT COALESCE(MAX(seq), 0) FROM raw.built WHERE asset = $snapshot)",
        {"tables": list(tables), "snapshot": SNAPSHOT},
    )
    return {"first": first, "last": last}


def _equal(
    engine: DuckDBEngine, sums: Mapping[str, str], parameters: Mapping[str, Any] | None = None
) -> CheckOutcome:
    values: dict[str, Any] = {
        name: engine.rows(sql, parameters)[0][0] or Decimal(0) for name, sql in sums.items()
    }
    passed = len(set(values.values())) == 1
    text = " ≠ ".join(f"{name} {value}" for name, value in values.items())
    hint = "; rebuild what is stale with `ltv run`"
    return CheckOutcome(
        passed, {name: str(value) for name, value in values.items()}, "" if passed else text + hint
    )


def _all_of(outcomes: list[CheckOutcome]) -> CheckOutcome:
    figures: dict[str, float | str] = {}
    for outcome in outcomes:
        figures.update(outcome.figures)
    return CheckOutcome(
        all(outcome.passed for outcome in outcomes),
        figures,
        "; ".join(outcome.description for outcome in outcomes if not outcome.passed),
    )
