"""Whether a SQLite database has the shape of the source tables, before any of it is loaded.

SQLite lets any value into any column, so what is declared binds nothing; but a day declared as a
number, or anything declared as a BLOB, says that the column means something else. Values are
judged later, row by row, as those of any file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.model import Column
from ltv_platform.contracts.sources import TOGETHER
from ltv_platform.errors import UserError

#: A table as the database has it: declared type by column; empty where none is declared.
Declared = Mapping[str, str]

#: Names of other tables or columns that a message shows at most.
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
    """Compare a database with the contracts of the source tables that it holds.

    Args:
        database: Its name, for the message.
        tables: All tables and views that it has.
        declared: The columns of those that are source tables.
        sources: The contracts by name.

    Raises:
        UserError: names every missing table, missing required column and wrong type.
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
            "Nothing of it was loaded. Rename in the database, give it views of these names, or "
            "export its tables and load each through an adapter.",
        )


def _missing_tables(declared: Mapping[str, Declared], others: list[str]) -> Iterator[str]:
    """Journeys without conversions, or costs without sessions, are half of something."""
    for group in TOGETHER:
        if any(table in declared for table in group):
            for table in group:
                if table not in declared:
                    yield f"table {table} is missing{_nearest(table, others)}"


def _problems_of(source: SourceTable, columns: Declared) -> Iterator[str]:
    known = {column.name for column in source.columns}
    others = [name for name in columns if name not in known]
    for column in source.columns:
        if column.name in columns:
            declared = columns[column.name]
            if wrong := _not_meant(column, declared):
                yield f"{source.name}.{column.name} is declared {declared}, which {wrong}"
        elif column.required and column.default is None:
            yield f"{source.name} has no column {column.name}{_nearest(column.name, others)}"


def _not_meant(column: Column, declared: str) -> str:
    """Why values of a declared type cannot be those of the column; empty if they can."""
    if _BLOB.search(declared):
        return "is not text or a number"
    if column.type in _TIMES and _NUMBER.search(declared):
        return f"is not a {column.type.lower()} such as {_example(column)}"
    if column.type not in (*_TIMES, "VARCHAR") and _TIME.search(declared):
        return "is not a number"
    return ""


def _example(column: Column) -> str:
    return {"DATE": "2023-01-15", "TIME": "10:30:00"}.get(column.type, "2023-01-15 10:30:00")


def _nearest(name: str, others: list[str]) -> str:
    """What may have been meant, else what there is."""
    folded = {other.lower(): other for other in others}
    if near := get_close_matches(name, folded, n=1):
        return f" (is {folded[near[0]]} meant?)"
    if not others:
        return ""
    more = ", …" if len(others) > _MOST_NAMES else ""
    return f" (it has {', '.join(others[:_MOST_NAMES])}{more})"
