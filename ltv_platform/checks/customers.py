"""Checks of customers: each exists once, and their values add up to all revenue."""

from ltv_platform.checks.model import CheckOutcome, TableCheck, all_of, ask, equal, same
from ltv_platform.warehouse.engine import Reader

_CUSTOMER_LTV = "marts.customer_ltv"


def customer_checks() -> tuple[TableCheck, ...]:
    """Checks that customers and their revenue are neither lost nor counted twice."""
    return (
        TableCheck(
            _CUSTOMER_LTV,
            "ltv_reconciles",
            "Customer LTV plus guest and unknown-customer revenue equals all net revenue.",
            _ltv_reconciles,
            reads=("core.customers", "core.transactions", "core.waiting_for_customer"),
            blocking=True,
        ),
        TableCheck(
            "marts.rfm_segments",
            "every_customer_once",
            "Every customer is in customer_ltv and rfm_segments exactly once.",
            _every_customer_once,
            reads=("core.customers", _CUSTOMER_LTV),
            blocking=True,
        ),
        TableCheck(
            "marts.rfm_migration",
            "every_customer_moves_once",
            "The migration covers all customers and all their value, by old and by new segment.",
            _every_customer_moves_once,
            reads=("marts.rfm_segments",),
            blocking=True,
        ),
        TableCheck(
            "marts.ltv_by_cohort",
            "cohorts_reconcile",
            "Cohorts cover all customers and their full LTV; the curve covers all revenue since "
            "registration.",
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
            "Each of the 25 score pairs has exactly one name.",
            _every_cell_once,
            blocking=True,
        ),
    )


def _ltv_reconciles(engine: Reader) -> CheckOutcome:
    [(transactions, of_everybody)] = ask(engine, "customers/ltv_reconciles")
    return same(
        {
            "core.transactions": transactions,
            "customers, (guest) and (unknown) customer": of_everybody,
        }
    )


def _every_customer_once(engine: Reader) -> CheckOutcome:
    # The unique key already guarantees that none exists twice.
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
    [(since_registration, of_curves)] = ask(engine, "customers/cohorts_reconcile")
    grown = same({"revenue since registration": since_registration, "revenue of curves": of_curves})
    return all_of([customers, worth, grown])


def _every_cell_once(engine: Reader) -> CheckOutcome:
    [(names, cells)] = ask(engine, "customers/every_cell_once")
    return same({"cells": 25, "names": names, "cells with a name": cells})
