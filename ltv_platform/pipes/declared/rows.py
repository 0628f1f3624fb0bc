"""Pipes whose answers are rows of a published table."""

from collections.abc import Callable, Mapping

from ltv_platform.contracts import Table
from ltv_platform.pipes.model import Parameter, Pipe, Question, Type
from ltv_platform.pipes.statements import Conditions, Statement, Tables


def period(what: str, *, days: bool = False, filters: bool = True) -> tuple[Parameter, Parameter]:
    """The parameters of a period.

    Args:
        what: What is dated, as in ``time of registration``.
        days: Whether it is a day, not an instant.
        filters: Whether they filter the rows of the answer, not what these are computed from.
    """
    kind: Type = "Date" if days else "DateTime"
    ends = "." if days else "; a day without time includes all of it."
    first, last = f"Earliest {what}.", f"Latest {what}, included{ends}"
    return (
        Parameter("start_date", kind, first, "from", filters=filters),
        Parameter("end_date", kind, last, "until", filters=filters),
    )


COUNTRY = Parameter("country", "String", "Country code, such as US; repeatable.")


def rows_of(table: Table, parameters: Mapping[Parameter, str]) -> Pipe:
    """A pipe that answers the rows of a published table that meet its filters.

    Args:
        table: The table.
        parameters: Its filters, and the column or SQL expression that each compares.
    """
    columns = {parameter.name: column for parameter, column in parameters.items()}

    def statement(tables: Tables, question: Question) -> Statement:
        conditions = Conditions()
        where = conditions.of(question.filters, columns)
        return Statement(
            f"SELECT * FROM {tables.relation(table.name)} WHERE {where}", conditions.bound
        )

    return pipe_of(table, tuple(parameters), statement)


def pipe_of(
    table: Table,
    parameters: tuple[Parameter, ...],
    statement: Callable[[Tables, Question], Statement],
    name: str = "",
    notes: str = "",
) -> Pipe:
    """A pipe with the columns of a table, computed by a statement of its own.

    Args:
        table: The table.
        parameters: The parameters.
        statement: Makes the statement of a question.
        name: Its name, if it is not the table's.
        notes: See :class:`Pipe`.
    """
    return Pipe(
        name or table.name,
        table.description,
        table.published,
        table.key,
        parameters,
        statement,
        table.name,
        notes,
    )
