"""The gate for SQL that comes from outside: whatever it says, it only reads.

A connection that may read a file may also write it: the engine knows paths that are allowed, not
what for. So :func:`seal` leaves a connection nothing but the files it is to read, and
:func:`reading_only` lets through only what cannot write them. The type of a statement proves
nothing: ``COPY`` around a PIVOT is of the type of a PIVOT, ``WITH x AS (COPY …) FROM x`` of that
of a SELECT. What runs is therefore the text as a subquery of a statement of ours, where the
engine's grammar takes no COPY and its binder no WITH that changes anything; and its plan asks no
table function but those that are known to read.

A PIVOT that finds its columns by itself does so by a statement of its own, into which the engine
puts every WITH, and which runs before there is a plan. There the words decide: each way to change
something has a name, and a name cannot be written otherwise.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from ltv_platform.contracts.ddl import literal
from ltv_platform.errors import UserError

#: PIVOT is a MULTI: it finds its columns by a statement of its own, which runs first.
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
_OPEN = "FROM ("
#: Table functions by the names that plans give them. All others may change something: settings,
#: logs, resources; ``json_execute_serialized_sql`` runs any statement.
_READERS = re.compile(
    r"READ_\w+|PARQUET_\w+|SEQ_SCAN|ARROW_SCAN|RANGE|GENERATE_SERIES|REPEAT|REPEAT_ROW|UNNEST|GLOB|"
    r"JSON_EACH|JSON_TREE|DUCKDB_\w+|PRAGMA_\w+|SNIFF_CSV|SUMMARY|ICU_CALENDAR_NAMES|"
    r"PG_TIMEZONE_NAMES|TEST_\w+"
)
#: What may stand in a WITH beside a SELECT, and functions that run a text as a statement.
_CHANGING = ("copy", "insert", "update", "delete", "merge", "query", "query_table")
#: Semicolons that a text may end with, in comments too.
_MOST_ENDS = 50


def seal(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Leave a connection these files and nothing else, for good.

    No other file, no network, no extension, no other setting; what does not fit into memory is an
    error, because there is no place left to put it.
    """
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute("SET temp_directory = ''")
    connection.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def reading_only(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Any] | None = None
) -> str:
    """The statement to run in place of a text from outside: the same rows, and it only reads.

    It is a SELECT that can also stand in parentheses, as a subquery.

    Args:
        connection: Where it will run; sealed, with everything in place that it is to see.
        sql: The text.
        parameters: Values of its parameters, by name.

    Raises:
        UserError: it is not one statement that reads.
        duckdb.Error: it is no SQL, or asks for what is not there.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type not in _READING:
        raise _refusal()
    text = _as_subquery(connection, statements[0].query)
    kind = None if text is None else _only(connection, text)
    if text is None or kind not in _READING:
        raise _refusal()
    if kind is duckdb.StatementType.MULTI and (named := _changing(connection).search(text)):
        raise UserError(
            f"The word {named[0]} cannot stand in a statement with a PIVOT, where it could change "
            "something.",
            "Name the columns of the PIVOT, as in PIVOT t ON c IN ('a', 'b'): then it can.",
        )
    try:
        explained = connection.execute(f"EXPLAIN (FORMAT json) {text}", dict(parameters or {}))
    except duckdb.BinderException as error:
        if "must be at the top level" in str(error):  # a WITH that would change something
            raise _refusal() from error
        raise
    for _, tree in explained.fetchall():
        for function in _functions(json.loads(tree)):
            if not _READERS.fullmatch(function):
                raise UserError(
                    f"{function.lower()} may change something, so a query cannot use it.",
                    "Ask the tables instead; `ltv tables` lists them.",
                )
    return text


def _refusal() -> UserError:
    return UserError(
        "A query is exactly one SELECT (or FROM, WITH, DESCRIBE, SHOW, SUMMARIZE, PIVOT).",
        "The data is read-only; send one statement that reads.",
    )


def _changing(connection: duckdb.DuckDBPyConnection) -> re.Pattern[str]:
    """The words by which a statement could change something, wherever they stand in its text."""
    functions = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'table'"
    ).fetchall()
    words = {name for (name,) in functions if not _READERS.fullmatch(name.upper())}
    # A digit before a word ends in it: 1COPY is two words.
    any_of = "|".join(map(re.escape, sorted({*_CHANGING, *words})))
    return re.compile(rf"(?<![a-z_])({any_of})(?![a-z0-9_])", re.IGNORECASE)


def _as_subquery(connection: duckdb.DuckDBPyConnection, text: str) -> str | None:
    """The text as a subquery; None where it cannot be one.

    It ends where one of its semicolons stands, if any; after that come comments only.
    """
    for _ in range(_MOST_ENDS):
        # On a line of its own: the text may end with a comment.
        inside = f"{_OPEN}{text}\n)"
        if _only(connection, inside) is not None:
            return inside
        text, semicolon, _ = text.rpartition(";")
        if not semicolon:
            return None
    return None


def _only(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.StatementType | None:
    """The type of the one statement of a text; None where it is no SQL, or several statements."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error:
        return None
    return statements[0].type if len(statements) == 1 else None


def _functions(plan: Any) -> Iterator[str]:
    """The table functions of a plan, wherever they stand."""
    if isinstance(plan, dict):
        about = plan.get("extra_info")
        if isinstance(about, dict) and isinstance(name := about.get("Function"), str):
            yield name.strip()
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _functions(part)


def as_written(error: duckdb.Error) -> str:
    """What the engine says of a statement of :func:`reading_only`, about the text as it came."""
    first, *rest = re.split(r"(?m)^(?=LINE 1: (?:EXPLAIN \(FORMAT json\) )?FROM \()", str(error))
    if not rest:
        return str(error)
    line, newline, caret = rest[0].partition("\n")
    shown = re.sub(r"^LINE 1: (EXPLAIN \(FORMAT json\) )?FROM \(", "LINE 1: ", line)
    return first + shown + newline + caret[len(line) - len(shown) :]
