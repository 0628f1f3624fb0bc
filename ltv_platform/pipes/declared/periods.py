"""Pipes over rows of days that can also be summed by week or month."""

from collections.abc import Mapping
from dataclasses import dataclass

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
_AGE = "age_day"
_NOTES = (
    "With grain=week or month, sums are added up and ratios are ratios of sums; a figure that is "
    "not yet known for every row of the period is NULL."
)


@dataclass(frozen=True)
class Ratio:
    """A ratio of sums.

    Attributes:
        upper: The column above.
        lower: The column below.
        counts: Rows whose upper part counts, as SQL.
        known_later: While it is NULL for a row with anything below, it is NULL for the period.
    """

    upper: str
    lower: str
    counts: str = "TRUE"
    known_later: bool = True

    def of(self, name: str) -> str:
        """Its value over the rows of a period, divided as ``macros/shared.sql`` divides."""
        upper, lower = quoted(self.upper), quoted(self.lower)
        value = (
            f"CAST(SUM({upper}) FILTER (WHERE {self.counts}) AS DOUBLE) "
            f"/ NULLIF(GREATEST(CAST(SUM({lower}) AS DOUBLE), 0), 0)"
        )
        if not self.known_later:
            return value
        known = f"BOOL_AND({quoted(name)} IS NOT NULL OR COALESCE({lower}, 0) <= 0)"
        return f"CASE WHEN {known} THEN {value} END"


def summed_by_period(
    table: Table,
    parameters: Mapping[Parameter, str],
    day: str,
    ratios: Mapping[str, Ratio],
    *,
    size: str = "",
    unknown_is_nothing: tuple[str, ...] = (),
    needs_all: bool = False,
) -> Pipe:
    """A pipe of rows of days, or of their sums by week or month.

    Args:
        table: The table.
        parameters: Its filters, and the column that each compares.
        day: The column with the day.
        ratios: The ratios by column; other doubles are NULL for periods.
        size: The column with the size of a row: while a figure of rows of any size is unknown, that
            of the period is NULL.
        unknown_is_nothing: Sums of which a NULL is nothing to add, not something unknown.
        needs_all: Leave out ages that some cohorts of the period have not reached.
    """
    columns = {parameter.name: column for parameter, column in parameters.items()}

    def statement(tables: Tables, question: Question) -> Statement:
        conditions = Conditions()
        where = conditions.of(question.filters, columns)
        rows = f"SELECT * FROM {tables.relation(table.name)} WHERE {where}"
        if question.options["grain"] == "day":
            return Statement(rows, conditions.bound)
        period = f"CAST(DATE_TRUNC($grain, {quoted(day)}) AS DATE)"
        keys = {name: quoted(name) for name in table.key} | {day: period}
        shown = {
            column.name: keys.get(column.name)
            or (
                ratios[column.name].of(column.name)
                if column.name in ratios
                else _summed(column, "" if column.name in unknown_is_nothing else size)
            )
            for column in table.published
        }
        summed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in shown.items())
        text = f"SELECT {summed} FROM ({rows}) GROUP BY {', '.join(keys.values())}"
        if needs_all:
            cohorts = ", ".join(sql for name, sql in keys.items() if name != _AGE)
            text += f" QUALIFY COUNT(*) = MAX(COUNT(*)) OVER (PARTITION BY {cohorts})"
        return Statement(text, {**conditions.bound, "grain": question.options["grain"]})

    return pipe_of(table, (*parameters, _GRAIN), statement, notes=_NOTES)


def _summed(column: Column, size: str) -> str:
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
    if column.required or not size:
        return total
    return f"CASE WHEN BOOL_AND({name} IS NOT NULL OR {quoted(size)} = 0) THEN {total} END"
