"""The gate for SQL from outside: it can only read, no matter what it contains.

A connection that may read a file may also write it: the engine allows paths, not kinds of access.
So :func:`seal` restricts a connection to the files it should read, and :func:`reading_only` accepts
only statements that cannot write. The type of a statement proves nothing: ``COPY`` around a PIVOT
has the type of a PIVOT, ``WITH x AS (COPY …) FROM x`` that of a SELECT. Therefore the text runs as
a subquery of the platform's statement, where the engine's grammar rejects COPY and its binder
rejects a WITH that changes anything; and its plan may call only table functions that are known to
read.

A PIVOT without a list of columns first runs a separate statement to find them, with every WITH of
the text, before there is a plan. Such texts are checked by their keywords: every statement that
changes something has one, and a keyword can be spelled in only one way.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from ltv_platform.contracts.ddl import literal
from ltv_platform.errors import UserError
from ltv_platform.warehouse.error_texts import is_change_in_subquery, without_opening

#: PIVOT is a MULTI: a statement that finds its columns runs first.
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
_OPEN = "FROM ("
#: Table functions that only read, as plans name them. Others may change settings, logs or
#: resources; ``json_execute_serialized_sql`` runs any statement.
_READERS = re.compile(
    r"READ_\w+|PARQUET_\w+|SEQ_SCAN|ARROW_SCAN|RANGE|GENERATE_SERIES|REPEAT|REPEAT_ROW|UNNEST|GLOB|"
    r"JSON_EACH|JSON_TREE|DUCKDB_\w+|PRAGMA_\w+|SNIFF_CSV|SUMMARY|ICU_CALENDAR_NAMES|"
    r"PG_TIMEZONE_NAMES|TEST_\w+"
)
#: Statements that a WITH may contain besides SELECT, and functions that run a text as a statement.
_CHANGING = ("copy", "insert", "update", "delete", "merge", "query", "query_table")
#: Most trailing semicolons to try, those in comments included.
_MOST_ENDS = 50


def seal(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Restrict a connection to these files, permanently.

    No other file, no network, no extensions, no changes of settings. A query that exceeds the
    memory fails, because spilling to disk is off as well.
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
    """The statement to run instead of a text from outside: the same rows, and it only reads.

    The statement is a SELECT that is also valid as a subquery.

    Args:
        connection: Where it will run: sealed, and with all tables in place.
        sql: The text.
        parameters: Values of its parameters, by name.

    Raises:
        UserError: the text is not a single statement that only reads.
        duckdb.Error: the text is not valid SQL, or names something that does not exist.
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
            f"The word {named[0]} is not allowed in a statement with a PIVOT, where it could "
            "change data.",
            "List the PIVOT's values, as in PIVOT t ON c IN ('a', 'b'); then it is allowed.",
        )
    try:
        explained = connection.execute(f"EXPLAIN (FORMAT json) {text}", dict(parameters or {}))
    except duckdb.BinderException as error:
        if is_change_in_subquery(error):
            raise _refusal() from error
        raise
    for _, tree in explained.fetchall():
        for function in _functions(json.loads(tree)):
            if not _READERS.fullmatch(function):
                raise UserError(
                    f"{function.lower()} may change data, so a query cannot use it.",
                    "Query the tables instead; `ltv tables` lists them.",
                )
    return text


def _refusal() -> UserError:
    return UserError(
        "A query is exactly one SELECT (or FROM, WITH, DESCRIBE, SHOW, SUMMARIZE, PIVOT).",
        "The data is read-only; run a single statement that only reads.",
    )


def _changing(connection: duckdb.DuckDBPyConnection) -> re.Pattern[str]:
    """Keywords in the text, at any position, by which a statement could change something."""
    functions = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'table'"
    ).fetchall()
    words = {name for (name,) in functions if not _READERS.fullmatch(name.upper())}
    # A word may follow a digit directly: 1COPY is two tokens.
    any_of = "|".join(map(re.escape, sorted({*_CHANGING, *words})))
    return re.compile(rf"(?<![a-z_])({any_of})(?![a-z0-9_])", re.IGNORECASE)


def _as_subquery(connection: duckdb.DuckDBPyConnection, text: str) -> str | None:
    """The text as a subquery; None if it is not valid as one.

    The text ends at one of its semicolons, if it has any; only comments may follow.
    """
    for _ in range(_MOST_ENDS):
        # On a separate line: the text may end with a comment.
        inside = f"{_OPEN}{text}\n)"
        if _only(connection, inside) is not None:
            return inside
        text, semicolon, _ = text.rpartition(";")
        if not semicolon:
            return None
    return None


def _only(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.StatementType | None:
    """The type of the single statement of a text; None if it is not valid SQL or has several."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error:
        return None
    return statements[0].type if len(statements) == 1 else None


def _functions(plan: Any) -> Iterator[str]:
    """All table functions of a plan."""
    if isinstance(plan, dict):
        about = plan.get("extra_info")
        if isinstance(about, dict) and isinstance(name := about.get("Function"), str):
            yield name.strip()
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _functions(part)


def as_written(error: duckdb.Error) -> str:
    """The engine's message about the original text, not about :func:`reading_only`'s."""
    return without_opening(error, r"(?:EXPLAIN \(FORMAT json\) )?FROM \(")
