"""Columns of user tables: derived from the first rows, and compared with all later ones."""

import re
from collections.abc import Mapping

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.user_tables.model import OwnTable

#: The hint of every error before the commit.
NOTHING = "Nothing was written."
#: Beginning of the engine's error when a value does not fit the table's type.
UNFIT = "does not fit:"

_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)")
_TIMES = re.compile(r"DATE|TIMESTAMP(_S|_MS|_NS)?")
#: The type of a column without values.
_UNKNOWN = '"NULL"'
#: Types that are replaced: that of NULL alone, and that of a sum of integers, which neither Parquet
#: nor frames have.
_STORED_AS = {_UNKNOWN: "VARCHAR", "HUGEINT": "BIGINT"}


def types_of_new(table: OwnTable, given: Mapping[str, str]) -> dict[str, str]:
    """The column types of a new table for such rows."""
    types = {name: _STORED_AS.get(kind, kind) for name, kind in given.items()}
    if not types:
        raise UserError(f"{table.full_name} would have no columns.", NOTHING)
    if table.day is None:
        return types
    if table.day not in types:
        raise UserError(
            f"{table.full_name} got rows without the column {table.day}, which its asset's "
            "partition_expr names.",
            f"Add it, or name another column. {NOTHING}",
        )
    if not (_TIMES.fullmatch(given[table.day]) or given[table.day] == _UNKNOWN):
        raise UserError(
            f"{table.full_name} gets {table.day} as {types[table.day]}; it assigns rows to "
            "partitions, so it must be a date.",
            f"Convert it, for example with pandas.to_datetime. {NOTHING}",
        )
    return {name: "DATE" if name == table.day else kind for name, kind in types.items()}


def compare(table: OwnTable, given: Mapping[str, str], existing: Mapping[str, str]) -> None:
    """Compare in both directions, so that no column is silently filled with NULL or dropped."""
    wrong = [f"{name} is missing" for name in existing if name not in given]
    wrong += [f"{name} is not in the table" for name in given if name not in existing]
    wrong += [
        f"{name} is {given[name]}, not {kind}"
        for name, kind in existing.items()
        if name in given and not _may_fit(given[name], kind)
    ]
    if wrong:
        raise changed(table, "; ".join(wrong))


def changed(table: OwnTable, what: str) -> UserError:
    """The error for rows that differ from those of other days."""
    return UserError(
        f"The rows differ from those of the other days of {table.full_name}: {what}.",
        "Return the table's columns; or materialize all partitions in one run to switch to the "
        f"new ones. {NOTHING}",
    )


def _may_fit(given: str, kind: str) -> bool:
    """Whether values of one type may fit another: 3.0 is a whole number.

    In pandas, a column of integers becomes one of floats as soon as a value is missing.
    """
    if given in (kind, _UNKNOWN):
        return True
    return any(family.fullmatch(given) and family.fullmatch(kind) for family in (_NUMBERS, _TIMES))


def converted(name: str, given: str, kind: str) -> str:
    """A column converted to the table's type; a value that would change is an error."""
    column = quoted(name)
    if given == kind:
        return column
    if given == _UNKNOWN:
        return f"CAST(NULL AS {kind})"
    fits = f"{column} IS NOT DISTINCT FROM TRY_CAST(TRY_CAST({column} AS {kind}) AS {given})"
    said = f"error('{UNFIT} ' || {literal(name)} || ' has ' || {column} || ', and is {kind}')"
    return f"CASE WHEN {fits} THEN TRY_CAST({column} AS {kind}) ELSE {said} END"
