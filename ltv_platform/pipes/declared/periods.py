"""Pipes over rows of days that can also be summed by week or month."""

from collections.abc import Mapping

from ltv_platform.contracts import Column, Table
from ltv_platform.contracts.ddl import quoted
from ltv_platform.pipes.declared.rows import pipe_of
from ltv_platform.pipes.model import Parameter, Pipe, Question
from ltv_platform.pipes.statements import Conditions, Statement, Tables

_GRAIN = Parameter(
    "grain",
    "String",
    "Period of a row; weeks begin on Monday.",
    "is",
    "day",
    ("day", "week", "month"),
    filters=False,
)
_NOTES = (
    "With grain=week or month, sums are added up and ratios are ratios of sums; a figure that is "
    "not yet known for every row of the period is NULL."
)


def summed_by_period(
    table: Table,
    parameters: Mapping[Parameter, str],
    day: str,
    ratios: Mapping[str, tuple[str, str]],
    *,
    unknown_is_nothing: tuple[str, ...] = (),
    needs_all: bool = False,
) -> Pipe:
    """A pipe of rows of days, or of their sums by week or month.

    Args:
        table: The table.
        parameters: Its filters, and the column that each compares.
        day: The column with the day.
        ratios: Numerator and denominator of each ratio; other doubles are NULL for periods.
        unknown_is_nothing: Sums of which a NULL is nothing to add, not something unknown.
        needs_all: Leave out groups that lack rows of some of the days, such as ages that the
            youngest cohorts have not reached.
    """
    columns = {parameter.name: column for parameter, column in parameters.items()}
    groups = [name for name in table.key if name != day]

    def statement(tables: Tables, question: Question) -> Statement:
        conditions = Conditions()
        where = conditions.of(question.filters, columns)
        rows = f"SELECT * FROM {tables.relation(table.name)} WHERE {where}"
        if question.options["grain"] == "day":
            return Statement(rows, conditions.bound)
        bound = {**conditions.bound, "grain": question.options["grain"]}
        period = f"CAST(DATE_TRUNC($grain, {quoted(day)}) AS DATE)"
        keys = {name: quoted(name) for name in table.key} | {day: period}
        sums = {
            column.name: _summed(column, known=column.name in unknown_is_nothing)
            for column in table.published
            if column.name not in keys
        }
        # Whether it is known for every row that has something to divide by.
        sums |= {
            name: "TRUE"
            if upper in unknown_is_nothing
            else f"BOOL_AND({quoted(name)} IS NOT NULL OR COALESCE({quoted(lower)}, 0) <= 0)"
            for name, (upper, lower) in ratios.items()
        }
        summed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in {**keys, **sums}.items())
        by = ", ".join(keys.values())
        within = ", ".join([period, *(quoted(name) for name in groups if name != "age_day")])
        all_days = f" QUALIFY COUNT(*) = MAX(COUNT(*)) OVER (PARTITION BY {within})"
        inner = f"SELECT {summed} FROM ({rows}) GROUP BY {by}{all_days if needs_all else ''}"
        shown = ", ".join(
            f"CASE WHEN {quoted(c.name)} THEN {_ratio(*ratios[c.name])} END AS {quoted(c.name)}"
            if c.name in ratios
            else quoted(c.name)
            for c in table.published
        )
        return Statement(f"SELECT {shown} FROM ({inner})", bound)

    return pipe_of(table, (*parameters, _GRAIN), statement, notes=_NOTES)


def _summed(column: Column, *, known: bool) -> str:
    """A column over the rows of a period."""
    name = quoted(column.name)
    match column.type:
        case "BOOLEAN":
            return f"BOOL_AND({name})"
        case "INTEGER":  # an age: that of the youngest
            return f"MIN({name})"
        case "DOUBLE":
            return "CAST(NULL AS DOUBLE)"
    total = f"CAST(SUM({name}) AS {column.type})"
    if column.required or known:
        return total
    return f"CASE WHEN COUNT({name}) = COUNT(*) THEN {total} END"


def _ratio(numerator: str, denominator: str) -> str:
    """As ``macros/shared.sql`` divides."""
    upper, lower = (f"CAST({quoted(name)} AS DOUBLE)" for name in (numerator, denominator))
    return f"{upper} / NULLIF(GREATEST({lower}, 0), 0)"
