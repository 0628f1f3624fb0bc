"""What a pipe and a parameter are, and the errors of questions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from ltv_platform.contracts import Column
from ltv_platform.errors import UserError

if TYPE_CHECKING:
    from ltv_platform.pipes.statements import Statement, Tables

#: Rows of an answer without ``limit``, and the most that a limit may ask for.
DEFAULT_LIMIT = 100
MOST_ROWS = 10_000
#: Characters of a text from outside that a message quotes.
_MOST_SHOWN = 60

#: What a value must be, and what an error says is expected.
EXPECTED: Mapping[str, str] = {
    "DateTime": "a time as YYYY-MM-DD HH:MM:SS, or a day as YYYY-MM-DD",
    "Date": "a day as YYYY-MM-DD",
    "String": "a text",
    "UInt8": "1 or 0",
    "UInt64": "a whole number",
    "Decimal": "a number with at most six decimals",
}
Type = Literal["DateTime", "Date", "String", "UInt8", "UInt64", "Decimal"]
#: How a column is compared with the values: it is one of them, not below it, from it on, or before
#: it; ``is`` compares nothing.
Comparison = Literal["in", ">=", "from", "until", "is"]


class PipeError(UserError):
    """A question that a pipe cannot be asked: the parameter, and what is expected."""


class UnknownPipeError(UserError):
    """There is no pipe of that name."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a pipe.

    Attributes:
        name: Its name.
        type: What its value must be.
        description: What it does.
        comparison: How rows are compared with it.
        default: Its value if it is not given; None: no filter.
        choices: The only texts that it can be; empty: any.
        filters: Whether it filters rows; otherwise it is an option of the statement.
    """

    name: str
    type: Type
    description: str
    comparison: Comparison = "in"
    default: Any = None
    choices: tuple[str, ...] = ()
    filters: bool = True

    @property
    def expected(self) -> str:
        """What its value must be, in words."""
        return "one of " + ", ".join(self.choices) if self.choices else EXPECTED[self.type]

    @property
    def repeatable(self) -> bool:
        """Whether it may be given several times, for rows with any of the values."""
        return self.type == "String" and self.comparison == "in"


@dataclass(frozen=True)
class Filter:
    """A condition on the rows that count.

    Attributes:
        parameter: The parameter.
        values: One value, or several of which a row must have any. A time is an instant (UTC); the
            end of a period is the first instant or day after it.
    """

    parameter: Parameter
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Question:
    """What a pipe is asked.

    Attributes:
        filters: In the order of the pipe's parameters.
        options: Values of parameters that are no filters, with their defaults.
        limit: Most rows of the answer.
        offset: Rows to leave out before them.
    """

    filters: tuple[Filter, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    offset: int = 0

    def value(self, name: str) -> Any:
        """The single value of a filter; None: it is not given."""
        return next((f.values[0] for f in self.filters if f.parameter.name == name), None)


@dataclass(frozen=True)
class Pipe:
    """A pipe.

    Attributes:
        name: Its name.
        description: What it answers.
        columns: The columns of its answers.
        order: The columns by which rows are ordered.
        parameters: Its own parameters; every pipe has ``limit`` and ``offset`` too.
        statement: Makes the statement that answers a question.
        table: Plain name of the table that its columns are of.
        notes: More about its parameters, for the docs.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    statement: "Callable[[Tables, Question], Statement]" = field(repr=False)
    table: str = ""
    notes: str = ""

    @property
    def all_parameters(self) -> tuple[Parameter, ...]:
        """Its own parameters, and those of every pipe."""
        return (*self.parameters, LIMIT, OFFSET)


LIMIT = Parameter(
    "limit",
    "UInt64",
    f"Most rows of the answer, 1 to {MOST_ROWS:,}.",
    "is",
    DEFAULT_LIMIT,
    filters=False,
)
OFFSET = Parameter("offset", "UInt64", "Rows to leave out before them.", "is", 0, filters=False)


def known_pipe(pipes: Mapping[str, Pipe], name: str) -> Pipe:
    """The pipe of that name.

    Raises:
        UnknownPipeError: there is none; the error names similar ones.
    """
    if name in pipes:
        return pipes[name]
    near = get_close_matches(name[:100], pipes, n=3)
    raise UnknownPipeError(
        f"There is no pipe {shown(name)}.",
        f"Did you mean {', '.join(near)}?" if near else f"There are {listed(pipes)}.",
    )


def shown(text: str) -> str:
    """A text from outside in quotes, shortened and without control characters."""
    short = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
    return f"'{short}'" if short.isprintable() else ascii(short)


def listed(names: Iterable[str]) -> str:
    """Names in one text."""
    return ", ".join(names)


#: Values of parameters as they arrive: names and texts, in their order.
Given = Iterable[tuple[str, str]]
#: An instant (UTC) or a day.
Moment = date | datetime
