"""Pipes about customers: the six endpoints of the Customer Lifetime Value API."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ltv_platform.contracts import Catalog
from ltv_platform.days import day_of
from ltv_platform.pipes.declared.rows import COUNTRY, period, rows_of
from ltv_platform.pipes.model import Filter, Parameter, Pipe, Question
from ltv_platform.pipes.statements import Conditions, Statement, Tables
from ltv_platform.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_START, _END = period("time of registration")
_SEGMENT = Parameter("segment", "String", "Customer segment from the source; repeatable.")
_SOURCE = Parameter("acquisition_source", "String", "Acquisition source; repeatable.")
#: What the filters compare in each relation of customers.
_OF_CUSTOMERS = {
    "start_date": "install_ts",
    "end_date": "install_ts",
    "country": "country",
    "segment": "segment",
    "acquisition_source": "acquisition_source",
}
_OF_LTV = {**_OF_CUSTOMERS, "start_date": "registration_date", "end_date": "registration_date"}
_OF_SUMS = {**_OF_CUSTOMERS, "start_date": "cohort_month", "end_date": "cohort_month"}
_BEFORE_ANY_EVENT = datetime(1970, 1, 1)
_INSTANT = timedelta(microseconds=1)


def customer_pipes(catalog: Catalog, settings: Settings) -> Iterator[Pipe]:
    """The pipes of the group."""
    ltv = catalog["marts.customer_ltv"]
    yield rows_of(
        ltv,
        {
            _START: "registration_date",
            _END: "registration_date",
            COUNTRY: "country",
            _SEGMENT: "segment",
            Parameter("is_active", "UInt8", "Whether the customer is active, 1 or 0."): "is_active",
        },
    )
    yield replace(
        rows_of(catalog["marts.ltv_by_cohort"], {}),
        parameters=(_START, _END, COUNTRY, _SOURCE, _SEGMENT),
        statement=_ltv_by_cohort,
    )
    smallest = Parameter(
        "min_customers",
        "UInt64",
        "Levels with fewer customers are pooled.",
        "option",
        settings.factor_min_customers,
    )
    yield replace(
        rows_of(catalog["marts.ltv_influencing_factors"], {}),
        parameters=(_START, _END, _SEGMENT, _SOURCE, COUNTRY, smallest),
        statement=_factors,
    )
    yield rows_of(
        catalog["marts.customer_retention"], {}, name="customer_retention_analysis"
    ).answering((_START, _END, _SEGMENT, COUNTRY), _retention)
    yield rows_of(
        catalog["marts.ltv_forecast"],
        {
            _SEGMENT: "segment",
            COUNTRY: "country",
            Parameter(
                "min_transactions", "UInt64", "Fewest purchases so far.", ">="
            ): "total_transactions",
            Parameter("min_ltv", "Decimal", "Lowest net revenue so far.", ">="): "ltv",
        },
    )
    yield _segmentation(catalog)


def _ltv_by_cohort(tables: Tables, question: Question) -> Statement:
    conditions = Conditions()
    relation = tables.relation("ltv_by_cohort")
    if not question.filters:
        return Statement(f"SELECT * FROM {relation}", {}, whole=True)
    curve = tables.select(
        "customer_cohort_curve",
        {"marts.customer_cohort_sums": _sums(tables, question, conditions, "customer_cohort_sums")},
    )
    ltv = conditions.rows(tables.relation("customer_ltv"), question.filters, _OF_LTV)
    cohorts = tables.select(
        "ltv_by_cohort", {"marts.customer_ltv": ltv, "marts.customer_cohort_curve": curve}
    )
    return tables.statement("ltv_by_cohort", f"SELECT * FROM {cohorts}", conditions.bound)


def _retention(tables: Tables, question: Question) -> Statement:
    conditions = Conditions()
    relation = tables.relation("customer_retention")
    if not question.filters:
        return Statement(f"SELECT * FROM {relation}", {}, whole=True)
    sums = _sums(tables, question, conditions, "customer_retention_sums")
    retention = tables.select("customer_retention", {"marts.customer_retention_sums": sums})
    return tables.statement("customer_retention", f"SELECT * FROM {retention}", conditions.bound)


def _sums(tables: Tables, question: Question, conditions: Conditions, table: str) -> str:
    """The sums of the chosen customers: of published rows if the period is of months, else anew."""
    months = tables.whole_months(question)
    if months is None:
        customers = conditions.rows(
            tables.relation("customers"), question.filters, _OF_CUSTOMERS
        )
        return tables.select(table, {"core.customers": customers})
    filters = [
        Filter(each.parameter, (months[each.parameter.comparison == "until"],))
        if each.parameter in (_START, _END)
        else each
        for each in question.filters
    ]
    renamed = [
        Filter(replace(f.parameter, name=f"{f.parameter.name}_month"), f.values)
        if f.parameter in (_START, _END)
        else f
        for f in filters
    ]
    columns = {**_OF_SUMS, "start_date_month": "cohort_month", "end_date_month": "cohort_month"}
    return conditions.rows(tables.relation(table), renamed, columns)
