"""Pipes whose answers are rows of a published table."""

from collections.abc import Mapping

from ltv_platform.contracts import Table
from ltv_platform.pipes.model import Parameter, Pipe, Question
from ltv_platform.pipes.statements import Conditions, Statement, Tables



def period(what: str, *, days: bool = False) -> tuple[Parameter, Parameter]:
    """The parameters of a period.

    Args:
        what: What is dated, as in ``time of registration``.
        days: Whether it is a day, not an instant.
    """
    kind = "Date" if days else "DateTime"
    end = f"Last {what}, included" + ("." if days else "; a day means its end.")
    return (
        Parameter("start_date", kind, f"First {what}.", "from"),
        Parameter("end_date", kind, end, "until"),
    )


COUNTRY = Parameter("country", "String", "Country code, such as US; repeatable.")
CAMPAIGN = Parameter("campaign", "String", "Campaign id; repeatable.")


def rows_of(
    table: Table,
    parameters: Mapping[Parameter, str],
    *,
    name: str = "",
    description: str = "",
) -> Pipe:
    """A pipe that answers the rows of a published table.

    Args:
        table: The table.
        parameters: Its filters, and the column or SQL expression that each compares.
        name: Its name, if it is not the table's.
        description: Its description, if it is not the table's.
    """
    columns = {parameter.name: column for parameter, column in parameters.items()}

    def statement(tables: Tables, question: Question) -> Statement:
        conditions = Conditions()
        relation = tables.relation(table.name)
        where = conditions.of(question.filters, columns)
        return Statement(f"SELECT * FROM {relation} WHERE {where}", conditions.bound)

    return Pipe(
        name or table.name,
        description or table.description,
        table.published,
        table.key,
        tuple(parameters),
        statement,
    )
