"""What an exam is made of: a question, the call that asks it, and the answer worked out elsewhere.

Expected figures come from SQL written by hand on the published tables, or from the truths of the
sample; never from the catalogue that answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

#: Structured content, the truths of the sample, and SQL on the snapshot.
Given = Mapping[str, Any]
Sql = Callable[[str], list[tuple[Any, ...]]]
Check = Callable[[Given, Given, Sql], None]


@dataclass(frozen=True)
class Answered:
    """A question that has an answer.

    Attributes:
        question: What a person asks.
        arguments: The call of ``query_metric`` that asks it.
        sql: Rows of labels and the value, in the order of the answer's period and dimensions.
        states: States that the values have.
        first: The label of the first row; empty: not asked about.
        says: What the text must say.
    """

    question: str
    arguments: Given
    sql: str
    states: frozenset[str] = frozenset({"observed"})
    first: str = ""
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looked:
    """A question about the data itself.

    Attributes:
        question: What a person asks.
        tool: The tool that answers.
        arguments: Its arguments.
        check: Compares structured content with truths and SQL.
    """

    question: str
    tool: str
    arguments: Given
    check: Check


@dataclass(frozen=True)
class Refused:
    """A question that must be refused.

    Attributes:
        question: What a person asks.
        arguments: The call that asks it.
        reason: Part of the reason.
        nearest: Part of what can be asked instead.
        tool: The tool that is called.
    """

    question: str
    arguments: Given
    reason: str
    nearest: str = ""
    tool: str = "query_metric"


def answered_values(content: Given) -> dict[tuple[str, ...], float]:
    """The known values of the first metric by period and labels."""
    found = {}
    for row in content["rows"]:
        period = (row["period"],) if row["period"] else ()
        value = row["values"][0]["value"]
        if value is not None:
            found[*period, *row["labels"].values()] = value
    return found


def expected_values(rows: list[tuple[Any, ...]]) -> dict[tuple[str, ...], float]:
    """The same of rows of SQL: labels, then the value."""
    return {
        tuple(_plain(label) for label in labels): float(value)
        for *labels, value in rows
        if value is not None
    }


def _plain(label: Any) -> str:
    return label.isoformat() if isinstance(label, date) else str(label)


def states_of(content: Given) -> frozenset[str]:
    """The states of all known or unknown values of the first metric."""
    return frozenset(row["values"][0]["state"] for row in content["rows"])
