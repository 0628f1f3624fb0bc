"""Compiles a source contract to the SQL that types its values and gives reasons.

The rules for values are the same for all sources: text is trimmed and empty is NULL; a
timestamp is turned into UTC; a number is never rounded; every broken rule of a row is a reason
of its own, so that one round of mending is enough.
"""

from collections.abc import Collection
from dataclasses import dataclass

from ltv_platform.contracts import Column, SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.days import day_of_sql
from ltv_platform.settings import Settings

_BLANKS = literal(" \t\r\n\u00a0\ufeff")

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE_AT_MIDNIGHT = _DATE + r"([ T]00:00(:00(\.0+)?)?)?"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_ZONE = r" ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?|[A-Za-z]+(_[A-Za-z]+)*(/[A-Za-z_+-]+)+)"
_WHOLE_NUMBER = r"[+-]?[0-9]+(\.0*)?"
_WHOLE_EXPONENT = r"[+-]?[0-9]+[eE]\+?[0-9]+"
_ANY_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"

#: A value longer than this is cut in a reason; ``raw`` keeps it whole.
_SHOWN = 60


@dataclass(frozen=True)
class _Check:
    condition: str
    reason: str


def staging_select(
    source: SourceTable, available: Collection[str], adapted: str, settings: Settings
) -> str:
    """The SELECT that types and judges the rows of an adapted file.

    Args:
        source: The contract.
        available: The contract's columns that the adapted rows have.
        adapted: A SELECT giving ``_line`` and the available columns.
        settings: For the zones.

    Returns:
        SQL with columns ``_line``, the contract's given and computed columns with their types,
        ``_day`` (the reporting day that the row falls on, or NULL), ``_raw`` (the adapted row
        as JSON, for rejected rows) and ``_reasons`` (NULL for good rows). Its parameter
        ``$latest`` is the instant (UTC) after which an event lies in the future.
    """
    texts = ", ".join(
        f"NULLIF(TRIM(CAST({quoted(column.name)} AS VARCHAR), {_BLANKS}), '') "
        f"AS {_text(column)}"
        if column.name in available
        else f"CAST(NULL AS VARCHAR) AS {_text(column)}"
        for column in source.columns
    )
    typed = ", ".join(
        f"{_typed(column, settings)} AS {quoted(column.name)}" for column in source.columns
    )
    computed = "".join(
        f", {_in_utc(expression, settings)} AS {quoted(column.name)}"
        for column, expression in source.computed
    )
    checks = [check for column in source.columns for check in _checks(column)]
    checks += [_Check(rule.breaks, literal(rule.reason)) for rule in source.rules]
    checks += _future(source, settings)
    broken = " OR ".join(f"({check.condition})" for check in checks)
    reasons = ", ".join(f"CASE WHEN {check.condition} THEN {check.reason} END" for check in checks)
    names = ", ".join(quoted(column.name) for column in source.stored_values)
    packed = ", ".join(f"{quoted(column.name)} := {_text(column)}" for column in source.columns)
    return (
        f"SELECT _line, {names}, {_day(source, settings)} AS _day, "
        f"CASE WHEN {broken} THEN CAST(to_json(struct_pack({packed})) AS VARCHAR) END AS _raw, "
        f"CASE WHEN {broken} THEN list_filter([{reasons}], lambda reason: reason IS NOT NULL) "
        "END AS _reasons "
        f"FROM (SELECT *{computed} FROM (SELECT *, {typed} FROM (SELECT _line, {texts} "
        f"FROM ({adapted}) AS adapted) AS texts) AS typed) AS computed"
    )


def _text(column: Column) -> str:
    return quoted(f"text of {column.name}")


def _typed(column: Column, settings: Settings) -> str:
    value = _cast(column, _text(column), settings)
    return value if column.default is None else (
        f"CASE WHEN {_text(column)} IS NULL THEN CAST({column.default} AS {column.type}) "
        f"ELSE {value} END"
    )


def _cast(column: Column, text: str, settings: Settings) -> str:
    """The value of a text, or NULL where it is none; never a rounded or guessed one."""
    match column.type:
        case "VARCHAR":
            return text
        case "INTEGER" | "BIGINT":
            return (
                f"CASE WHEN {_matches(text, _WHOLE_NUMBER)} OR {_matches(text, _WHOLE_EXPONENT)} "
                f"THEN TRY_CAST({text} AS {column.type}) END"
            )
        case "DECIMAL(18,6)" | "DECIMAL(18,8)":
            value = f"TRY_CAST({text} AS {column.type})"
            plain = rf"[+-]?([0-9]+\.?[0-9]{{0,{_scale(column)}}}0*|\.[0-9]{{1,{_scale(column)}}}0*)"
            return (
                f"CASE WHEN {_matches(text, plain)} THEN {value} "
                # An exponent is fine as long as no digit is lost.
                f"WHEN {_matches(text, _ANY_NUMBER)} AND contains(lower({text}), 'e') "
                f"AND TRY_CAST({text} AS DOUBLE) = CAST({value} AS DOUBLE) THEN {value} END"
            )
        case "BOOLEAN":
            return (
                f"CASE WHEN lower({text}) IN ('1', 'true', '1.0') THEN TRUE "
                f"WHEN lower({text}) IN ('0', 'false', '0.0') THEN FALSE END"
            )
        case "DATE":
            return (
                f"CASE WHEN {_matches(text, _DATE_AT_MIDNIGHT)} "
                f"THEN TRY_CAST(left({text}, 10) AS DATE) END"
            )
        case "TIME":
            return f"CASE WHEN {_matches(text, _CLOCK)} THEN TRY_CAST({text} AS TIME) END"
        case "TIMESTAMP":
            naive = _in_utc(f"TRY_CAST({text} AS TIMESTAMP)", settings)
            return (
                f"CASE WHEN {_matches(text, f'{_DATE}([ T]{_CLOCK})?')} THEN {naive} "
                f"WHEN {_matches(text, f'{_DATE}[ T]{_CLOCK}{_ZONE}')} "
                f"THEN TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END"
            )
        case _:
            raise ValueError(f"{column.name}: sources have no columns of type {column.type}")


def _scale(column: Column) -> int:
    return int(column.type.rstrip(")").rpartition(",")[2])


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def _in_utc(expression: str, settings: Settings) -> str:
    """A timestamp without zone, read in the source zone."""
    if settings.source_timezone == "UTC":
        return expression
    zone = literal(settings.source_timezone)
    return f"(({expression}) AT TIME ZONE {zone}) AT TIME ZONE 'UTC'"


def _checks(column: Column) -> list[_Check]:
    text, value = _text(column), quoted(column.name)
    shown = f"'{column.name}: ''' || left({text}, {_SHOWN}) || ''' "
    checks = []
    if column.required:
        checks.append(_Check(f"{text} IS NULL", literal(f"{column.name}: is missing")))
    no_value = f"{text} IS NOT NULL AND {value} IS NULL"
    if column.type.startswith("DECIMAL"):
        fine = f"{_matches(text, _ANY_NUMBER)}"
        checks.append(
            _Check(
                f"{no_value} AND {fine}",
                f"{shown}has more than {_scale(column)} decimals or is too large'",
            )
        )
        checks.append(_Check(f"{no_value} AND NOT {fine}", f"{shown}is not a number'"))
    elif column.type != "VARCHAR":
        checks.append(_Check(no_value, f"{shown}is not {_KINDS[column.type]}'"))
    if column.minimum is not None:
        below, words = ("<=", "not above") if column.exclusive else ("<", "below")
        checks.append(
            _Check(f"{value} {below} {column.minimum}", f"{shown}is {words} {column.minimum}'")
        )
    if column.maximum is not None:
        checks.append(
            _Check(f"{value} > {column.maximum}", f"{shown}is above {column.maximum}'")
        )
    if column.pattern is not None:
        checks.append(
            _Check(
                f"NOT {_matches(text, column.pattern)}", f"{shown}is not {column.pattern_name}'"
            )
        )
    return checks


_KINDS = {
    "INTEGER": "a whole number",
    "BIGINT": "a whole number",
    "BOOLEAN": "0 or 1",
    "DATE": "a date such as 2023-01-15",
    "TIME": "a time such as 10:30:00",
    "TIMESTAMP": "a timestamp such as 2023-01-15 10:30:00",
}


def _future(source: SourceTable, settings: Settings) -> list[_Check]:
    if source.event_time is None:
        return []
    value = quoted(source.event_time)
    late = (
        f"{value} > {day_of_sql('$latest', settings)}"
        if _is_day(source)
        else f"{value} > $latest"
    )
    shown = f"'{source.event_time}: ' || CAST({value} AS VARCHAR)"
    return [_Check(late, f"{shown} || ' lies more than 24 hours after its receipt'")]


def _is_day(source: SourceTable) -> bool:
    return any(
        column.name == source.event_time and column.type == "DATE"
        for column in source.stored_values
    )


def _day(source: SourceTable, settings: Settings) -> str:
    """The reporting day that a row falls on."""
    if source.event_time is None:
        return "CAST(NULL AS DATE)"
    value = quoted(source.event_time)
    return value if _is_day(source) else day_of_sql(value, settings)
