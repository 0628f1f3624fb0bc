"""Parses the text of adapters.

An adapter is a SQL file with one SELECT for each source table that it feeds. Comment lines
``-- key: value`` say which table a SELECT is for, and how the files of the format are written:

    -- format: …       the format's usual name; files are then recognized by their columns
    -- needs: … = …    a column and its spellings; all needed columns are the fingerprint
    -- takes: … = …    a column that may be missing
    -- missing: … = …  a needed column, and how to get a file that has it
    -- skip: until header    titles precede the header, and notices follow the records
    -- empty: -- | N/A       texts that mean a missing value, in any case
    -- numbers: 1.204,50     how columns of numbers are written; else inferred from the values
    -- dates: day first      how columns of dates are written; else inferred from the values
    -- totals: condition     identifies records that are totals of others
    -- refuse: condition     a file with such a record is refused
    -- because: …            the message in that case
    -- variable: name = usual | other    choices for LTV_ADAPTER_OPTIONS
    -- delimiter, quote, header, columns: how a delimited file is written
    -- view: …         a SELECT that later ones can read under that name
    -- table: …        the source table of the SELECT that follows
    -- rows: many      the SELECT may return more rows than there are records
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.adapter import Adapter
from ltv_platform.ingestion.adapters.file_columns import FileColumn, declared_column
from ltv_platform.ingestion.adapters.layout import OWN_VARIABLES, Layout
from ltv_platform.ingestion.adapters.written_forms import DATES, NUMBERS
from ltv_platform.ingestion.reading.dialect import Dialect

_FILE_KEYS = (
    *("format", "needs", "takes", "missing", "skip", "numbers", "dates", "totals", "refuse"),
    *("because", "empty", "variable", "delimiter", "quote", "header", "columns"),
)
_DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "whitespace": " "}
#: The platform's own relations, besides the adapter's.
_RELATIONS = ("file", "totals", "details", "records", "written", "formed")
#: The name becomes part of a SQL statement, so it is strictly limited.
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")
_LINE = re.compile(r"-- *(?P<key>[a-z]+) *:(?P<value>.*)")


@dataclass
class _Block:
    """A SELECT as written in the file, with the comment lines before it.

    Attributes:
        name: The source table that it feeds, or the name of the view.
        is_view: Other SELECTs read it.
        many: It may return more rows than there are records.
        text: The SELECT.
    """

    name: str
    is_view: bool = False
    many: bool = False
    text: str = ""


def parse_adapter(
    name: str, text: str, reference: str, options: Mapping[str, str] | None = None
) -> dict[str, Adapter]:
    """Parse the text of an adapter; return its SELECTs by table.

    Args:
        name: The adapter's name in messages.
        text: The SQL with its comment lines.
        reference: How to find it again; see :class:`Adapter`.
        options: The chosen values of its variables and forms.

    Raises:
        UserError: an option or line is invalid, or a table has anything but one SELECT that
            reads only ``file``.
    """
    lines, blocks = _split(name, text)
    layout = _layout(name, lines, options or {})
    text += "".join(f"\n{key}={value}" for key, value in sorted(layout.options.items()))
    views = dict[str, str]()
    adapters = dict[str, Adapter]()
    for block in blocks:
        query = _query(name, block, views)
        if block.is_view:
            views[block.name] = str(query.sql(dialect="duckdb"))
        else:
            adapters[block.name] = Adapter(
                name, text, block.name, layout, reference, block.many, tuple(views.items()), query
            )
    return adapters


def parse_layout(name: str, text: str) -> Layout:
    """Parse what an adapter declares about its files; its SELECTs are ignored.

    Raises:
        UserError: a line is invalid.
    """
    return _layout(name, _split(name, text)[0], {})


def _split(name: str, text: str) -> tuple[list[tuple[str, str]], list[_Block]]:
    """Split the text into lines about the files, and SELECTs."""
    directives: list[tuple[str, str]] = []
    blocks: list[_Block] = []
    in_select = False
    for line in text.splitlines():
        match = _LINE.fullmatch(line.rstrip())
        key, value = (match["key"], match["value"].strip()) if match else ("", "")
        if key in ("table", "view"):
            blocks.append(_Block(value, is_view=key == "view"))
            in_select = False
        elif key == "rows" and blocks and not in_select:
            if value != "many":
                raise UserError(
                    f"Adapter {name}: rows is {value!r}.", "Write many, or drop the line."
                )
            blocks[-1].many = True
        elif key in _FILE_KEYS and not in_select:
            directives.append((key, value))
        elif line.strip() and not line.startswith("--"):
            in_select = True
            if blocks:
                blocks[-1].text += f"{line}\n"
    names = [block.name for block in blocks]
    if all(block.is_view for block in blocks):
        raise UserError(
            f"Adapter {name} does not say which table it feeds.",
            "Begin it with a line such as: -- table: transactions",
        )
    if twice := [each for each in names if names.count(each) > 1]:
        raise UserError(
            f"Adapter {name} has several SELECTs for {twice[0]}.", "Put them together: UNION ALL."
        )
    for block in blocks:
        if block.is_view and (not block.name.isidentifier() or block.name in _RELATIONS):
            raise UserError(
                f"Adapter {name} cannot have a view {block.name!r}.", "Give it another name."
            )
    return directives, blocks


def _query(name: str, block: _Block, views: Collection[str]) -> exp.Query:
    statements = _parsed(name, block.text)
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise UserError(
            f"Adapter {name} must be exactly one SELECT for each table.",
            "Remove every other statement, and give each SELECT its line -- table: …",
        )
    _check_tables(name, statements[0], views)
    return statements[0]


def _parsed(name: str, text: str) -> list[exp.Expression]:
    try:
        return [part for part in sqlglot.parse(text, dialect="duckdb") if part is not None]
    except SqlglotError as error:
        raise UserError(f"Adapter {name} is not valid SQL: {error}", "Fix the SELECT.") from error
    except RecursionError as error:
        raise UserError(
            f"Adapter {name} is nested too deep.", "Make the SELECT simpler."
        ) from error


def _check_tables(name: str, tree: exp.Expression, views: Collection[str] = ()) -> None:
    allowed = {"file", *views} | {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.db or not isinstance(table.this, exp.Identifier) or table.name not in allowed:
            raise UserError(
                f"Adapter {name} reads {table.sql(dialect='duckdb')}; it may only read `file`.",
                "An adapter reads one file at a time; join tables in a mart instead.",
            )


def _condition(name: str, text: str) -> str:
    """A condition on single records, as SQL."""
    statements = _parsed(name, f"SELECT 1 FROM file WHERE {text}")
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise UserError(f"Adapter {name}: {text!r} is not a condition.", "Write SQL such as: a = 1")
    _check_tables(name, statements[0])
    return str(statements[0].args["where"].this.sql(dialect="duckdb"))


def _layout(name: str, directives: list[tuple[str, str]], options: Mapping[str, str]) -> Layout:
    last = dict(directives)
    choices = dict(_variable(name, value) for key, value in directives if key == "variable")
    known = (*choices, "numbers", "dates")
    for option, value in options.items():
        allowed = {"numbers": tuple(NUMBERS), "dates": DATES, **choices}.get(option)
        if allowed is None or value not in allowed:
            raise UserError(
                f"Adapter {name}: {option} cannot be {value!r}."
                if allowed
                else f"Adapter {name} has no option {option!r}.",
                f"It can be {' or '.join(allowed)}." if allowed else f"It has {', '.join(known)}.",
            )
    numbers, dates = (options.get(key, last.get(key)) for key in ("numbers", "dates"))
    if numbers not in (None, *NUMBERS):
        raise UserError(
            f"Adapter {name}: numbers is {numbers!r}.",
            f"Write one of {'; '.join(NUMBERS)}.",
        )
    if dates not in (None, *DATES):
        raise UserError(f"Adapter {name}: dates is {dates!r}.", f"Write {' or '.join(DATES)}.")
    if last.get("skip") not in (None, "until header"):
        raise UserError(f"Adapter {name}: skip is {last['skip']!r}.", "Write: until header")
    columns = _columns(name, directives)
    if ("format" in last or "skip" in last) and not any(column.needed for column in columns):
        raise UserError(
            f"Adapter {name} does not say which columns identify its files.",
            "Add lines such as: -- needs: day (date) = Day",
        )
    return Layout(
        name=last.get("format", ""),
        dialect=_dialect(name, last, columns),
        refusals=tuple(_refusals(name, directives)),
        totals=_condition(name, last["totals"]) if "totals" in last else None,
        numbers=numbers,
        dates=dates,
        empty=tuple(
            each.strip().lower() for each in last.get("empty", "").split("|") if each.strip()
        ),
        choices=choices,
        options=dict(options),
    )


def _columns(name: str, directives: list[tuple[str, str]]) -> tuple[FileColumn, ...]:
    declared = [
        declared_column(name, value, needed=key == "needs")
        for key, value in directives
        if key in ("needs", "takes")
    ]
    halves = (value.partition("=") for key, value in directives if key == "missing")
    remedies = {column.strip(): remedy.strip() for column, _, remedy in halves}
    if unknown := sorted(remedies.keys() - {each.name for each in declared if each.needed}):
        raise UserError(
            f"Adapter {name} has a missing: line for {unknown[0]!r}, which it does not need.",
            "Write: -- missing: day = In the report, choose Segment > Time > Day.",
        )
    return tuple(replace(each, remedy=remedies.get(each.name, "")) for each in declared)


def _variable(name: str, value: str) -> tuple[str, tuple[str, ...]]:
    variable, _, choices = value.partition("=")
    usual = tuple(choice.strip() for choice in choices.split("|") if choice.strip())
    if not _VARIABLE.fullmatch(variable.strip()) or variable.strip() in OWN_VARIABLES or not usual:
        raise UserError(
            f"Adapter {name}: {value!r} is not a variable.",
            "Write: -- variable: revenue = net | gross",
        )
    return variable.strip(), usual


def _refusals(name: str, directives: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    condition = ""
    for key, value in directives:
        if key == "refuse":
            condition = _condition(name, value)
        elif key == "because" and condition:
            yield condition, value
            condition = ""
    if condition:
        raise UserError(f"Adapter {name} refuses files without saying why.", "Add: -- because: …")


def _dialect(name: str, directives: Mapping[str, str], known: tuple[FileColumn, ...]) -> Dialect:
    delimiter = directives.get("delimiter")
    quote = directives.get("quote", '"')
    if delimiter is not None:
        delimiter = _DELIMITERS.get(delimiter, delimiter)
        if len(delimiter) != 1 or delimiter in f"\r\n{quote}":
            raise UserError(
                f"Adapter {name}: the delimiter {delimiter!r} is not one character.",
                f"Give the character or one of {', '.join(_DELIMITERS)}.",
            )
    if len(quote) > 1 or not quote.isascii():
        raise UserError(
            f"Adapter {name}: the quote {quote!r} is not one ASCII character.",
            "Give the character, or leave it empty if the files have no quotes.",
        )
    header = directives.get("header", "yes").lower()
    if header not in ("yes", "no"):
        raise UserError(f"Adapter {name}: header is {header!r}.", "Write yes or no.")
    columns = tuple(directives.get("columns", "").replace(",", " ").split())
    if header == "no" and not columns:
        raise UserError(
            f"Adapter {name} says that its files have no header, but does not name the columns.",
            "Add a line such as: -- columns: customer_id date amount",
        )
    return Dialect(
        delimiter=delimiter,
        whitespace=directives.get("delimiter") == "whitespace",
        quote=quote,
        header=header == "yes",
        columns=columns,
        known=known,
        titled="skip" in directives,
    )
