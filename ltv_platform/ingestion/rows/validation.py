"""Compiles a source contract to SQL that types values and gives reasons for rejection.

``values`` defines the grammar of values. Every broken rule of a row gives its own reason, so that
one round of fixing is enough. An unreadable attribute is not a reason: it becomes NULL and is
counted, and the row is accepted, with its money.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from ltv_platform.contracts import Column, Rule, SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.days import day_of_row_sql, day_of_sql
from ltv_platform.ingestion.rows.values import (
    AFTER_NO_DATES,
    DAYS_OF_NO_DATES,
    cast,
    in_utc,
    matches,
    rounded,
    stands_for_no_date,
    trimmed,
    why_no_value,
)
from ltv_platform.settings import Settings

#: Part of the reason of rows before the first partition.
BEFORE_START = "lies before the first partition"

#: Condition for rows that are rejected only because they are before the first partition.
ONLY_BEFORE_START = f"len(reasons) = 1 AND contains(reasons[1], '{BEFORE_START}')"

#: Longer values are cut in a reason; ``raw`` has the whole value.
_SHOWN = 60


_NO_DATE = "stands for a missing date"


@dataclass(frozen=True)
class _Check:
    condition: str
    reason: str


def staging_select(
    source: SourceTable,
    available: Collection[str],
    adapted: str,
    settings: Settings,
    start: date | None,
    *,
    defaults: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The SELECT that types and judges the rows of an adapted file.

    Args:
        source: The contract.
        available: Columns of the adapted rows: those of the contract, ``_line`` if the rows are not
            numbered by position, ``_rounded`` if doubles were rounded, and ``_rejected`` if the
            adapter gives reasons itself.
        adapted: A SELECT with the available columns and ``_record``, the source of each row as a
            struct of texts.
        settings: For the zones.
        start: First partition; rows before it are rejected. None: not settled yet.
        defaults: SQL literals for missing values, by column; they override the contract's.

    Returns:
        A statement of named steps: original texts, values of a first cast, typed values, computed
        columns, the day of the row, whether a rule is broken. It returns ``_line`` if available,
        the contract's columns with their types, ``_day`` (the reporting day, or NULL), ``_reasons``
        (NULL for good rows), ``_unread`` (names of unreadable attributes; NULL: none), ``_rounded``
        (the number of rounded values) and ``_raw`` (the source of a bad row as JSON). Its parameter
        ``$latest``, if it has one, is the latest instant (UTC) that is not in the future.
    """
    texts = [
        f"{_given(column) if column.name in available else 'CAST(NULL AS VARCHAR)'} "
        f"AS {_name_of_text(column)}"
        for column in source.columns
    ]
    first_tries = [
        f"{cast(column, _name_of_text(column), settings)} AS {_first_try(column)}"
        for column in source.columns
        if column.type != "VARCHAR"
    ]
    typed = [
        f"{_typed(column, settings, defaults.get(column.name))} AS {quoted(column.name)}"
        for column in source.columns
    ]
    computed = [
        f"{in_utc(expression, settings)} AS {quoted(column.name)}"
        for column, expression in source.computed
    ]
    strict = [column for column in source.columns if not column.attribute]
    checks = [check for column in strict for check in _checks(column)]
    checks += [_Check(_breaks(rule, settings), literal(rule.reason)) for rule in source.rules]
    checks += _future(source, settings)
    if source.partitioned and start is not None:
        checks.append(_before_start(source, start))
    if "_rejected" in available:
        checks.insert(0, _Check("_rejected IS NOT NULL", "_rejected"))
    broken = " OR ".join(f"({check.condition})" for check in checks)
    reasons = ", ".join(f"CASE WHEN {check.condition} THEN {check.reason} END" for check in checks)
    attributes = [c for c in source.columns if c.attribute and c.name in available]
    decimals = [c for c in source.columns if c.scale is not None and c.name in available]
    carried = [name for name in ("_line", "_rejected", "_rounded") if name in available]
    steps = {
        "texts": ([*carried, "_record", *texts], f"({adapted}) AS adapted"),
        "tried": (["*", *first_tries], "texts"),
        "typed": (["*", *typed], "tried"),
        "computed": (["*", *computed], "typed"),
        "dated": (["*", f"{day_of_row_sql(source, settings)} AS _day"], "computed"),
        "judged": (["*", f"CASE WHEN {broken} THEN TRUE ELSE FALSE END AS _broken"], "dated"),
    }
    columns = [
        *(name for name in carried if name == "_line"),
        *(_stored(column) for column in source.stored_values),
        "_day",
        f"{_unread(attributes)} AS _unread",
        f"{_count_rounded(decimals, '_rounded' in available)} AS _rounded",
        f"CASE WHEN _broken THEN list_filter([{reasons}], lambda reason: reason IS NOT NULL) END "
        "AS _reasons",
        "CASE WHEN _broken THEN CAST(to_json(_record) AS VARCHAR) END AS _raw",
    ]
    # Not materialized: the engine computes all steps in one pass over the rows.
    named = ",\n".join(
        f"{name} AS NOT MATERIALIZED (\n{_select(*step, indent='  ')}\n)"
        for name, step in steps.items()
    )
    return f"WITH {named}\n{_select(columns, 'judged')}"


def _select(columns: Collection[str], relation: str, *, indent: str = "") -> str:
    """A SELECT with one line per column."""
    listed = ",\n".join(f"{indent}  {column}" for column in columns)
    return f"{indent}SELECT\n{listed}\n{indent}FROM {relation}"


def _given(column: Column) -> str:
    """A value as text: trimmed for a text column, unchanged if it will be cast."""
    text = f"CAST({quoted(column.name)} AS VARCHAR)"
    return trimmed(text) if column.type == "VARCHAR" else text


def _name_of_text(column: Column) -> str:
    return quoted(f"text of {column.name}")


def _text(column: Column) -> str:
    """The trimmed text of a value; for cast columns it is only computed for rows that need it."""
    name = _name_of_text(column)
    return name if column.type == "VARCHAR" else trimmed(name)


def _typed(column: Column, settings: Settings, default: str | None) -> str:
    """The typed value: from the original text, else from the trimmed text, else the default."""
    default = default or column.default
    if column.type == "VARCHAR":
        text = _name_of_text(column)
        if column.upper:
            text = f"upper({text})"
        return text if default is None else f"COALESCE({text}, {default})"
    text, first_try = _text(column), _first_try(column)
    cases = f"WHEN {first_try} IS NOT NULL THEN {first_try} "
    if default is not None:
        cases += f"WHEN {text} IS NULL THEN CAST({default} AS {column.type}) "
    return f"CASE {cases}ELSE {cast(column, text, settings)} END"


def _first_try(column: Column) -> str:
    """The column with the value cast from the original text."""
    return quoted(f"first try of {column.name}")


def _stored(column: Column) -> str:
    """The stored value: NULL for an attribute out of bounds."""
    name = quoted(column.name)
    outside = _outside(column) if column.attribute else ""
    return f"CASE WHEN {outside} THEN NULL ELSE {name} END AS {name}" if outside else name


def _outside(column: Column) -> str:
    """The condition that a value is out of bounds; empty: the column has no bounds."""
    value = quoted(column.name)
    below = "<=" if column.exclusive else "<"
    bounds = [
        *([f"{value} {below} {column.minimum}"] if column.minimum is not None else []),
        *([f"{value} > {column.maximum}"] if column.maximum is not None else []),
    ]
    return " OR ".join(bounds)


def _unread(attributes: Collection[Column]) -> str:
    """Names of the unreadable attributes of a row."""
    conditions = {}
    for column in attributes:
        given = f"{quoted(column.name)} IS NULL AND {_text(column)} IS NOT NULL"
        outside = _outside(column)
        conditions[column.name] = f"({given})" + (f" OR {outside}" if outside else "")
    if not conditions:
        return "CAST(NULL AS VARCHAR[])"
    names = ", ".join(f"CASE WHEN {c} THEN {literal(n)} END" for n, c in conditions.items())
    anything = " OR ".join(f"({condition})" for condition in conditions.values())
    return f"CASE WHEN {anything} THEN list_filter([{names}], lambda name: name IS NOT NULL) END"


def _count_rounded(columns: Collection[Column], before: bool) -> str:
    """The number of decimals of a row that were rounded.

    Args:
        columns: Columns of decimals.
        before: Whether doubles were rounded before they became text, which ``_rounded`` counts.
    """
    counts = [f"CAST({rounded(column, _name_of_text(column))} AS INTEGER)" for column in columns]
    return " + ".join([*(["_rounded"] if before else []), *counts]) or "0"


def _breaks(rule: Rule, settings: Settings) -> str:
    """The condition of a rule, with values of settings filled in."""
    words = ", ".join(literal(re.sub("[ _-]", "", word.lower())) for word in settings.refund_types)
    return rule.breaks.replace("{refund_types}", words or "NULL")


def _checks(column: Column) -> list[_Check]:
    text, value = _text(column), quoted(column.name)
    shown = f"'{column.name}: ''' || left({text}, {_SHOWN}) || ''' "
    checks = []
    if column.type != "VARCHAR":
        # Most rows have a value, so their text is not read.
        given = "" if column.required or column.default is not None else f" AND {text} IS NOT NULL"
        checks.append(_Check(f"{value} IS NULL{given}", _why_no_value(column, text, shown)))
    elif column.required:
        checks.append(_Check(f"{value} IS NULL", _missing(column)))
    if column.minimum is not None:
        below, words = ("<=", "not above") if column.exclusive else ("<", "below")
        checks.append(
            _Check(f"{value} {below} {column.minimum}", f"{shown}is {words} {column.minimum}'")
        )
    if column.maximum is not None:
        checks.append(_Check(f"{value} > {column.maximum}", f"{shown}is above {column.maximum}'"))
    if column.pattern is not None:
        checks.append(
            _Check(f"NOT {matches(value, column.pattern)}", f"{shown}is not {column.pattern_name}'")
        )
    if column.type in ("DATE", "TIMESTAMP"):
        # Few values are that old, so the text of others is not read.
        long_ago = f"{value} < {literal(AFTER_NO_DATES)}"
        checks.append(_Check(f"{long_ago} AND {stands_for_no_date(text)}", f"{shown}{_NO_DATE}'"))
    return checks


def _missing(column: Column) -> str:
    return literal(f"{column.name}: is missing")


def _why_no_value(column: Column, text: str, shown: str) -> str:
    """The reason for a missing value: nothing was given, or the text is not valid."""
    no_date = ""
    if column.type in ("DATE", "TIMESTAMP"):
        no_date = f"WHEN {stands_for_no_date(text)} THEN {shown}{_NO_DATE}' "
    return (
        f"CASE WHEN {text} IS NULL THEN {_missing(column)} {no_date}"
        f"ELSE {why_no_value(column, text, shown)} END"
    )


def _future(source: SourceTable, settings: Settings) -> list[_Check]:
    """Instants, and days of events, must not be later than the receipt of the file.

    Exchange rates may be published in advance: their days are not events.
    """
    instants = [(c.name, c.name) for c in source.columns if c.type == "TIMESTAMP"]
    instants += [
        (dating_column(source), column.name)
        for column, _ in source.computed
        if column.type == "TIMESTAMP"
    ]
    checks = [_ahead(given, value, "$latest") for given, value in instants]
    if source.partitioned and source.event_time is not None and source.is_dated_by_day:
        latest = day_of_sql("$latest", settings)
        checks.append(_ahead(source.event_time, source.event_time, latest))
    return checks


def _ahead(given: str, value: str, latest: str) -> _Check:
    shown = f"'{given}: ' || CAST({quoted(value)} AS VARCHAR)"
    return _Check(
        f"{quoted(value)} > {latest}", f"{shown} || ' is more than 24 hours in the future'"
    )


def _before_start(source: SourceTable, start: date) -> _Check:
    known = ", ".join(map(literal, DAYS_OF_NO_DATES))
    return _Check(
        f"_day < {literal(start.isoformat())} AND _day NOT IN ({known})",
        f"'{dating_column(source)}: ' || CAST(_day AS VARCHAR) || ' {BEFORE_START} {start} "
        "(LTV_START_DATE): set it earlier, then run `ltv quarantine replay "
        f"{source.name}`'",
    )


def dating_column(source: SourceTable) -> str:
    """The column of the file that dates a row, because reasons name what the user can fix."""
    for column, expression in source.computed:
        if column.name == source.event_time:
            return next(given.name for given in source.columns if given.name in expression)
    return str(source.event_time)
