"""Checks a SQLite database against the source tables before any of it is loaded.

SQLite accepts any value in any column, so a declared type binds nothing; but a date declared as a
number, or anything declared as a BLOB, shows that the column means something else. Values are
judged later, row by row, as with any file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.model import Column
from ltv_platform.contracts.sources import TOGETHER
from ltv_platform.errors import UserError

#: A table of the database: declared type by column; empty: none is declared.
Declared = Mapping[str, str]

#: Maximum number of other tables or columns that a message lists.
_MOST_NAMES = 12
_BLOB = re.compile("BLOB|BINARY", re.IGNORECASE)
_NUMBER = re.compile("INT|REAL|FLOA|DOUB|NUM|DEC|BOOL", re.IGNORECASE)
_TIME = re.compile("DATE|TIME", re.IGNORECASE)
_TIMES = ("DATE", "TIME", "TIMESTAMP")


def check_schema(
    database: str,
    tables: Iterable[str],
    declared: Mapping[str, Declared],
    sources: Mapping[str, SourceTable],
) -> None:
    """Compare a database with the contracts of the source tables in it.

    Args:
        database: Its name, for messages.
        tables: All its tables and views.
        declared: The columns of those that are source tables.
        sources: The contracts by name.

    Raises:
        UserError: a table or a required column is missing, or a type is wrong; names them all.
    """
    others = [table for table in tables if table not in declared]
    problems = [
        *_missing_tables(declared, others),
        *(
            problem
            for table, columns in declared.items()
            for problem in _problems_of(sources[table], columns)
        ),
    ]
    if problems:
        raise UserError(
            f"{database} does not fit the source tables: {'; '.join(problems)}.",
            "Nothing was loaded. Rename the tables and columns, add views with these names, "
            "or export the tables and load each with an adapter.",
        )


def _missing_tables(declared: Mapping[str, Declared], others: list[str]) -> Iterator[str]:
    """Find missing tables: journeys need conversions, and costs need sessions."""
    for group in TOGETHER:
        if any(table in declared for table in group):
            for table in group:
                if table not in declared:
                    yield f"table {table} is missing{_suggestion(table, others)}"


def _problems_of(source: SourceTable, columns: Declared) -> Iterator[str]:
    known = {column.name for column in source.columns}
    others = [name for name in columns if name not in known]
    for column in source.columns:
        if column.name in columns:
            declared = columns[column.name]
            if wrong := _type_conflict(column, declared):
                yield f"{source.name}.{column.name} is declared {declared}, which {wrong}"
        elif column.required and column.default is None:
            yield f"{source.name} has no column {column.name}{_suggestion(column.name, others)}"


def _type_conflict(column: Column, declared: str) -> str:
    """Why values of a declared type cannot be the column's; empty if they can."""
    if _BLOB.search(declared):
        return "is not text or a number"
    if column.type in _TIMES and _NUMBER.search(declared):
        return f"is not a {column.type.lower()} such as {_example(column)}"
    if column.type not in (*_TIMES, "VARCHAR") and _TIME.search(declared):
        return "is not a number"
    return ""


def _example(column: Column) -> str:
    return {"DATE": "2023-01-15", "TIME": "10:30:00"}.get(column.type, "2023-01-15 10:30:00")


def _suggestion(name: str, others: list[str]) -> str:
    """Suggest the name that may have been meant, or list the names there are."""
    folded = {other.lower(): other for other in others}
    if near := get_close_matches(name, folded, n=1):
        return f" (did you mean {folded[near[0]]}?)"
    if not others:
        return ""
    more = ", …" if len(others) > _MOST_NAMES else ""
    return f" (it has {', '.join(others[:_MOST_NAMES])}{more})"
