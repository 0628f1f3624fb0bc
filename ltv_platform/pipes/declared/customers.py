"""Pipes about customers: the six endpoints of the Customer Lifetime Value API."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ltv_platform.contracts import Catalog
from ltv_platform.days import day_of
from ltv_platform.pipes.declared.rows import COUNTRY, period, pipe_of, rows_of
from ltv_platform.pipes.model import Filter, Parameter, Pipe, Question
from ltv_platform.pipes.statements import Conditions, Statement, Tables
from ltv_platform.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_START, _END = period("time of registration")
_SEGMENT = Parameter("segment", "String", "Customer segment from the source; repeatable.")
_SOURCE = Parameter("acquisition_source", "String", "Acquisition source; repeatable.")
_FIRST, _LAST = period("time of a transaction", filters=False)
_BEFORE_ANY_EVENT = datetime(1970, 1, 1)
_INSTANT = timedelta(microseconds=1)


def customer_pipes(catalog: Catalog, settings: Settings) -> Iterator[Pipe]:
    """The pipes of the group."""
    yield rows_of(
        catalog["marts.customer_ltv"],
        {
            _START: "registration_date",
            _END: "registration_date",
            COUNTRY: "country",
            _SEGMENT: "segment",
            Parameter("is_active", "UInt8", "Whether the customer is active, 1 or 0."): "is_active",
        },
    )
    yield pipe_of(
        catalog["marts.ltv_by_cohort"],
        (_START, _END, COUNTRY, _SOURCE, _SEGMENT),
        _ltv_by_cohort,
        notes=_FAST_BY_MONTH,
    )
    fewest = Parameter(
        "min_customers",
        "UInt64",
        "Levels with fewer customers have no estimate of their own.",
        "is",
        settings.factor_min_customers,
        filters=False,
    )
    yield pipe_of(
        catalog["marts.ltv_influencing_factors"],
        (_START, _END, _SEGMENT, _SOURCE, COUNTRY, fewest),
        _influencing_factors,
        notes="With filters, the model is fitted again, to the customers who were chosen.",
    )
    yield pipe_of(
        catalog["marts.customer_retention"],
        (_START, _END, _SEGMENT, COUNTRY),
        _retention,
        name="customer_retention_analysis",
        notes=_FAST_BY_MONTH,
    )
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
    yield pipe_of(
        catalog["marts.rfm_segments"],
        (_FIRST, _LAST, COUNTRY, *_OF_SEGMENTS),
        _segmentation,
        name="customer_segmentation",
        notes="With a period, customers are scored again: by their transactions in it, among all "
        "who registered by its end. All other filters apply to the scored customers.",
    )


_FAST_BY_MONTH = (
    "Filters apply to customers, before anything is added up. A period of whole months of the "
    "reporting zone is answered from sums and is fast; any other one reads every event."
)
#: Filters of scored customers, and the column that each compares.
_OF_SEGMENTS = {
    Parameter("min_frequency", "UInt64", "Fewest orders.", ">="): "frequency",
    Parameter("min_monetary", "Decimal", "Lowest net revenue.", ">="): "monetary",
    Parameter(
        "segment_filter", "String", "Segment by recency and frequency; repeatable."
    ): "segment",
}


def _of_customers(dated: str) -> dict[str, str]:
    """What the filters compare in a relation of customers, dated by a column."""
    attributes = ("country", "segment", "acquisition_source")
    return {"start_date": dated, "end_date": dated, **{name: name for name in attributes}}


def _ltv_by_cohort(tables: Tables, question: Question) -> Statement:
    if not question.filters:
        return _published(tables, "ltv_by_cohort")
    conditions = Conditions()
    sums = _sums(tables, question, conditions, "customer_cohort_sums")
    curve = tables.select("customer_cohort_curve", {"marts.customer_cohort_sums": sums})
    customers = conditions.rows(
        tables.relation("customer_ltv"), question.filters, _of_customers("registration_date")
    )
    cohorts = tables.select(
        "ltv_by_cohort", {"marts.customer_ltv": customers, "marts.customer_cohort_curve": curve}
    )
    return tables.statement("ltv_by_cohort", cohorts, conditions.bound)


def _retention(tables: Tables, question: Question) -> Statement:
    if not question.filters:
        return _published(tables, "customer_retention")
    conditions = Conditions()
    sums = _sums(tables, question, conditions, "customer_retention_sums")
    retention = tables.select("customer_retention", {"marts.customer_retention_sums": sums})
    return tables.statement("customer_retention", retention, conditions.bound)


def _published(tables: Tables, table: str) -> Statement:
    return Statement(f"SELECT * FROM {tables.relation(table)}", {})


def _sums(tables: Tables, question: Question, conditions: Conditions, table: str) -> str:
    """The sums of the chosen customers, published ones if the period is of whole months."""
    months = tables.whole_months(question)
    if months is None:
        customers = _customers(tables, question, conditions)
        return tables.select(table, {"core.customers": customers})
    of_months = [
        Filter(each.parameter, (months[each.parameter.name],))
        if each.parameter.name in months
        else each
        for each in question.filters
    ]
    return conditions.rows(tables.relation(table), of_months, _of_customers("cohort_month"))


def _customers(tables: Tables, question: Question, conditions: Conditions) -> str:
    columns = _of_customers("install_ts")
    return conditions.rows(tables.relation("customers"), question.filters, columns)


def _influencing_factors(tables: Tables, question: Question) -> Statement:
    table, fewest = "ltv_influencing_factors", question.options["min_customers"]
    if not question.filters and fewest == tables.settings.factor_min_customers:
        return _published(tables, table)
    conditions, fit = Conditions(), tables.fit(table)
    customers = _customers(tables, question, conditions)
    levels = tables.select(table, {"core.customers": customers})

    def compute(sums: "pa.Table") -> "pa.Table":
        return fit(sums).sort_by([("factor", "ascending"), ("level", "ascending")])

    counted = f"(SELECT * REPLACE (CAST($fewest AS BIGINT) AS min_customers) FROM {levels})"
    return tables.statement(table, counted, {**conditions.bound, "fewest": fewest}, compute)


def _segmentation(tables: Tables, question: Question) -> Statement:
    conditions, scored = Conditions(), tables.relation("rfm_segments")
    start, end = question.options["start_date"], question.options["end_date"]
    if start is not None or end is not None:
        scored = tables.template("queries/pipes/customer_segmentation.sql")
        last_days = [tables.as_of("rfm_segments")["as_of"]]
        if end is not None:
            last_days.append(day_of(end - _INSTANT, tables.settings))
        conditions.bound |= {
            "window_start": start or _BEFORE_ANY_EVENT,
            "window_end": end or datetime.max,
            # Before any event, there is no as_of.
            "last_day": min((day for day in last_days if day is not None), default=None),
        }
    columns = {parameter.name: column for parameter, column in _OF_SEGMENTS.items()}
    of_country = [each for each in question.filters if each.parameter == COUNTRY]
    others = [each for each in question.filters if each.parameter != COUNTRY]
    where = conditions.of(others, columns)
    if of_country:
        customers = conditions.rows(
            tables.relation("customer_ltv"), of_country, {"country": "country"}
        )
        where += f" AND customer_id IN (SELECT customer_id FROM {customers})"
    segments = f"SELECT * FROM {scored} WHERE {where}"
    if start is None and end is None:
        return Statement(segments, conditions.bound)
    return tables.statement("rfm_segments", segments, conditions.bound)
