"""Checks of customers: each is there once, and what they are worth adds up to all revenue."""

from ltv_platform.checks.model import CheckOutcome, TableCheck, all_of, equal
from ltv_platform.contracts.ddl import literal
from ltv_platform.contracts.sources import GUEST
from ltv_platform.tables.rendering import render
from ltv_platform.warehouse.engine import Reader

_CUSTOMER_LTV = "marts.customer_ltv"
_NET = "SUM(CASE WHEN is_refund THEN -amount ELSE amount END)"


def customer_checks() -> tuple[TableCheck, ...]:
    """Customers and their revenue are neither lost nor counted twice."""
    return (
        TableCheck(
            _CUSTOMER_LTV,
            "ltv_reconciles",
            "What customers are worth, and what guests and unknown customers bought, is all net "
            "revenue.",
            _ltv_reconciles,
            reads=("core.customers", "core.transactions", "core.waiting_for_customer"),
            blocking=True,
        ),
        TableCheck(
            "marts.rfm_segments",
            "every_customer_once",
            "Every customer stands once in customer_ltv and in rfm_segments.",
            _every_customer_once,
            reads=("core.customers", _CUSTOMER_LTV),
            blocking=True,
        ),
        TableCheck(
            "marts.rfm_migration",
            "every_customer_moves_once",
            "Segments were left and reached by all customers, with all they are worth.",
            _every_customer_moves_once,
            reads=("marts.rfm_segments",),
            blocking=True,
        ),
        TableCheck(
            "marts.ltv_by_cohort",
            "cohorts_reconcile",
            "Cohorts have all customers, and all they are worth; the curve all since registration.",
            _cohorts_reconcile,
            reads=(
                _CUSTOMER_LTV,
                "marts.customer_cohort_curve",
                "marts.revenue_reconciliation",
            ),
            blocking=True,
        ),
        TableCheck(
            "marts.rfm_segments",
            "every_cell_once",
            "All 25 pairs of scores have one name each.",
            _every_cell_once,
            blocking=True,
        ),
    )


def _ltv_reconciles(engine: Reader) -> CheckOutcome:
    return equal(
        engine,
        {
            "core.transactions": f"SELECT {_NET} FROM core.transactions",
            "customers, (guest) and (unknown) customer": "SELECT SUM(revenue) FROM ("
            "SELECT SUM(ltv) AS revenue FROM marts.customer_ltv UNION ALL "
            f"SELECT {_NET} FROM core.transactions WHERE customer_id = {literal(GUEST)} UNION ALL "
            "SELECT SUM(COALESCE(gross_amount, 0) - COALESCE(refund_amount, 0)) "
            "FROM core.waiting_for_customer AS waiting "
            "WHERE table_name = 'transactions' AND NOT EXISTS (SELECT 1 "
            "FROM core.customers AS c WHERE c.customer_id = waiting.customer_id)) AS parts",
        },
    )


def _every_customer_once(engine: Reader) -> CheckOutcome:
    # That none is there twice is said of every table by its unique key.
    known = "JOIN core.customers AS c ON c.customer_id = t.customer_id"
    tables = (_CUSTOMER_LTV, "marts.rfm_segments")
    return equal(
        engine,
        {
            "core.customers": "SELECT COUNT(*) FROM core.customers",
            **{table: f"SELECT COUNT(*) FROM {table}" for table in tables},
            **{f"known in {t}": f"SELECT COUNT(*) FROM {t} AS t {known}" for t in tables},
        },
    )


def _every_customer_moves_once(engine: Reader) -> CheckOutcome:
    customers = equal(
        engine,
        {
            "customers of segments": "SELECT COUNT(*) FROM marts.rfm_segments",
            "customers who moved": "SELECT SUM(customers) FROM marts.rfm_migration",
        },
    )
    monetary = equal(
        engine,
        {
            "monetary of segments": "SELECT SUM(monetary) FROM marts.rfm_segments",
            "monetary moved": "SELECT SUM(monetary) FROM marts.rfm_migration",
        },
    )
    return all_of([customers, monetary])


def _cohorts_reconcile(engine: Reader) -> CheckOutcome:
    customers = equal(
        engine,
        {
            "customers": "SELECT COUNT(*) FROM marts.customer_ltv",
            "customers of cohorts": "SELECT SUM(customers) FROM marts.ltv_by_cohort",
            "customers of curves": "SELECT SUM(customers) FROM marts.customer_cohort_curve "
            "WHERE age_month = 0",
        },
    )
    worth = equal(
        engine,
        {
            "ltv of customers": "SELECT SUM(ltv) FROM marts.customer_ltv",
            "ltv of cohorts": "SELECT SUM(total_ltv) FROM marts.ltv_by_cohort",
        },
    )
    # What came before the registration is a customer's, but of no age.
    grown = equal(
        engine,
        {
            "revenue since registration": "SELECT SUM(net_revenue) "
            "FROM marts.revenue_reconciliation WHERE bucket NOT IN ('(before install)', '(guest)')",
            "revenue of curves": "SELECT SUM(revenue) FROM marts.customer_cohort_curve",
        },
    )
    return all_of([customers, worth, grown])


def _every_cell_once(engine: Reader) -> CheckOutcome:
    grid = f"({render('customers/rfm_grid.sql', engine.settings)}) AS grid"
    cells = "SELECT DISTINCT r_score, f_score FROM"
    within = "r_score BETWEEN 1 AND 5 AND f_score BETWEEN 1 AND 5 AND segment IS NOT NULL"
    return equal(
        engine,
        {
            "cells": "SELECT 25",
            "names": f"SELECT COUNT(*) FROM {grid}",
            "cells with a name": f"SELECT COUNT(*) FROM ({cells} {grid} WHERE {within}) AS named",
        },
    )
