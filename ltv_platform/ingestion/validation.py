"""Compiles a source contract to the SQL that types its values and gives reasons.

The rules for values are the same for all sources: text is trimmed and empty is NULL; a
timestamp is turned into UTC; a number in a text is never rounded; every broken rule of a row is
a reason of its own, so that one round of fixing is enough.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from ltv_platform.contracts import Column, SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.days import day_of_sql
from ltv_platform.settings import Settings

_WHITE = " \t\r\n\u00a0\ufeff"
#: A zero byte is among them: programs written in C fill fields of fixed width with it.
_BLANKS = f"({literal(_WHITE)} || chr(0))"
#: Every ASCII character that is no blank lies between these two.
_FIRST_VISIBLE, _LAST_VISIBLE = literal("!"), literal("~")

# The engine takes the year 0 and 24 o'clock for days before and after.
_DATE = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_DATE_AT_MIDNIGHT = _DATE + r"([ T]00:00:00(\.0+)?)?"
_HOUR_AND_MINUTE = r"([01][0-9]|2[0-3]):[0-9]{2}"
_CLOCK = _HOUR_AND_MINUTE + r":[0-9]{2}(\.[0-9]{1,9})?"
_SHORT_CLOCK = f"{_HOUR_AND_MINUTE}|{_CLOCK}"
_ZONE = r" ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?|[A-Za-z]+(_[A-Za-z]+)*(/[A-Za-z_+-]+)+)"
_WHOLE_NUMBER = r"[+-]?[0-9]+(\.0*)?"
_WHOLE_EXPONENT = r"[+-]?[0-9]+[eE]\+?[0-9]+"
_ANY_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
#: Up to so many digits in front of an exponent, a double tells any two numbers apart.
_EXACT_DIGITS = 15
_EXPONENT = rf"[+-]?([0-9]\.?){{1,{_EXACT_DIGITS}}}[eE][+-]?[0-9]+"

#: The reason of rows before the first partition holds these words.
BEFORE_START = "lies before the first partition"

#: A value longer than this is cut in a reason; ``raw`` keeps it whole.
_SHOWN = 60


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
) -> str:
    """The SELECT that types and judges the rows of an adapted file.

    Args:
        source: The contract.
        available: Columns that the adapted rows have: those of the contract, and ``_line``
            where the rows are not numbered by their place.
        adapted: A SELECT giving the available columns and ``_record``, what each row was made
            of, as a struct of texts.
        settings: For the zones.
        start: First partition; rows before it get a reason. None: not settled yet.

    Returns:
        SQL with ``_line`` if it was given, the contract's given and computed columns with their
        types, ``_day`` (the reporting day that the row falls on, or NULL), ``_reasons`` (NULL
        for good rows) and ``_raw`` (what a bad row was made of, as JSON). Its parameter
        ``$latest``, if it has one, is the instant (UTC) after which anything lies in the future.
    """
    texts = ", ".join(
        f"{_given(column) if column.name in available else 'CAST(NULL AS VARCHAR)'} "
        f"AS {_name_of_text(column)}"
        for column in source.columns
    )
    first_tries = "".join(
        f", {_cast(column, _name_of_text(column), settings)} AS {_first_try(column)}"
        for column in source.columns
        if column.type != "VARCHAR"
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
    if source.partitioned and start is not None:
        checks.append(_before_start(source, start))
    broken = " OR ".join(f"({check.condition})" for check in checks)
    reasons = ", ".join(f"CASE WHEN {check.condition} THEN {check.reason} END" for check in checks)
    names = ", ".join(quoted(column.name) for column in source.stored_values)
    line = "_line, " if "_line" in available else ""
    return (
        f"SELECT {line}{names}, _day, "
        f"CASE WHEN _broken THEN list_filter([{reasons}], lambda reason: reason IS NOT NULL) "
        "END AS _reasons, "
        "CASE WHEN _broken THEN CAST(to_json(_record) AS VARCHAR) END AS _raw "
        f"FROM (SELECT *, CASE WHEN {broken} THEN TRUE ELSE FALSE END AS _broken "
        f"FROM (SELECT *, {_day(source, settings)} AS _day "
        f"FROM (SELECT *{computed} FROM (SELECT *, {typed} FROM (SELECT *{first_tries} "
        f"FROM (SELECT {line}_record, {texts} FROM ({adapted}) AS adapted) AS texts) AS tried"
        ") AS typed) AS computed) AS dated) AS judged"
    )


def _given(column: Column) -> str:
    """A value as text: ready to be stored where it is text, as it came where it is cast."""
    text = f"CAST({quoted(column.name)} AS VARCHAR)"
    return trimmed(text) if column.type == "VARCHAR" else text


def trimmed(text: str) -> str:
    """A text without blanks around it; NULL where nothing is left.

    Trimming is by far the dearest step of reading a file, so only values go through it that
    begin or end with something else than a visible ASCII character.
    """
    return (
        f"CASE WHEN {text} BETWEEN {_FIRST_VISIBLE} AND {_LAST_VISIBLE} "
        f"AND {text}[-1] BETWEEN {_FIRST_VISIBLE} AND {_LAST_VISIBLE} "
        f"THEN {text} ELSE NULLIF(TRIM({text}, {_BLANKS}), '') END"
    )


def _name_of_text(column: Column) -> str:
    return quoted(f"text of {column.name}")


def _text(column: Column) -> str:
    """The trimmed text of a value; where it is cast, only rows that ask for it are trimmed."""
    name = _name_of_text(column)
    return name if column.type == "VARCHAR" else trimmed(name)


def _typed(column: Column, settings: Settings) -> str:
    """The value: of the text as it came, else of the trimmed one, else the default."""
    if column.type == "VARCHAR":
        text = _name_of_text(column)
        return text if column.default is None else f"COALESCE({text}, {column.default})"
    text, first_try = _text(column), _first_try(column)
    cases = f"WHEN {first_try} IS NOT NULL THEN {first_try} "
    if column.default is not None:
        cases += f"WHEN {text} IS NULL THEN CAST({column.default} AS {column.type}) "
    return f"CASE {cases}ELSE {_cast(column, text, settings)} END"


def _first_try(column: Column) -> str:
    """Where the value of the text as it came stands."""
    return quoted(f"first try of {column.name}")


def _cast(column: Column, text: str, settings: Settings) -> str:
    """The value of a text, or NULL where it is none; never a rounded or guessed one."""
    value = f"TRY_CAST({text} AS {column.type})"
    match column.type:
        case "INTEGER" | "BIGINT":
            whole = f"{_matches(text, _WHOLE_NUMBER)} OR {_matches(text, _WHOLE_EXPONENT)}"
            cases = f"WHEN {whole} THEN {value}"
        case "DECIMAL(18,6)" | "DECIMAL(18,8)":
            scale = column.scale
            plain = rf"[+-]?([0-9]+\.?[0-9]{{0,{scale}}}0*|\.[0-9]{{1,{scale}}}0*)"
            cases = (
                f"WHEN {_matches(text, plain)} THEN {value} "
                # An exponent is fine as long as no digit is lost.
                f"WHEN {_matches(text, _EXPONENT)} "
                f"AND TRY_CAST({text} AS DOUBLE) = CAST({value} AS DOUBLE) THEN {value}"
            )
        case "BOOLEAN":
            cases = (
                f"WHEN lower({text}) IN ('1', 'true', '1.0') THEN TRUE "
                f"WHEN lower({text}) IN ('0', 'false', '0.0') THEN FALSE"
            )
        case "DATE":
            day = f"TRY_CAST(left({text}, 10) AS DATE)"
            cases = f"WHEN {_matches(text, _DATE_AT_MIDNIGHT)} THEN {day}"
        case "TIME":
            cases = f"WHEN {_matches(text, _SHORT_CLOCK)} THEN {value}"
        case "TIMESTAMP":
            # What the engine writes as it was given needs no pattern, which takes longer.
            cases = (
                f"WHEN strlen({text}) = {len('2023-01-15 10:30:00')} AND {text} >= '1' "
                f"AND CAST({value} AS VARCHAR) = {text} THEN {_in_utc(value, settings)} "
                f"WHEN {_matches(text, f'{_DATE}([ T]{_CLOCK})?')} "
                f"THEN {_in_utc(value, settings)} "
                f"WHEN {_matches(text, f'{_DATE}[ T]{_CLOCK}{_ZONE}')} "
                f"THEN TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
            )
        case _:
            raise ValueError(f"{column.name}: sources have no columns of type {column.type}")
    return f"CASE {cases} END"


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
    if column.type != "VARCHAR":
        # The value tells most rows to be fine, so their text is not asked for.
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
            _Check(f"NOT {_matches(text, column.pattern)}", f"{shown}is not {column.pattern_name}'")
        )
    return checks


def _missing(column: Column) -> str:
    return literal(f"{column.name}: is missing")


def _why_no_value(column: Column, text: str, shown: str) -> str:
    """The reason of a row without a value: nothing was given, or what was given is none."""
    cases = f"WHEN {text} IS NULL THEN {_missing(column)} "
    if column.scale is None:
        return f"CASE {cases}ELSE {shown}is not {_KINDS[column.type]}' END"
    before = _PRECISION - column.scale
    return (
        f"CASE {cases}WHEN NOT {_matches(text, _ANY_NUMBER)} THEN {shown}is not a number' "
        f"WHEN abs(TRY_CAST({text} AS DOUBLE)) >= 1e{before} "
        f"THEN {shown}has more than {before} digits before the point' "
        f"ELSE {shown}has more than {column.scale} decimals' END"
    )


#: Digits of every DECIMAL.
_PRECISION = 18
_KINDS = {
    "INTEGER": "a whole number",
    "BIGINT": "a whole number",
    "BOOLEAN": "0 or 1",
    "DATE": "a date such as 2023-01-15",
    "TIME": "a time such as 10:30:00",
    "TIMESTAMP": "a timestamp such as 2023-01-15 10:30:00",
}


def _future(source: SourceTable, settings: Settings) -> list[_Check]:
    """Instants, and the days that events are dated by, must not lie ahead of the receipt.

    Exchange rates may be published ahead: their days are no events.
    """
    instants = [(c.name, c.name) for c in source.columns if c.type == "TIMESTAMP"]
    instants += [
        (dating_column(source), column.name)
        for column, _ in source.computed
        if column.type == "TIMESTAMP"
    ]
    checks = [_ahead(given, value, "$latest") for given, value in instants]
    if source.partitioned and source.event_time is not None and _is_day(source):
        latest = day_of_sql("$latest", settings)
        checks.append(_ahead(source.event_time, source.event_time, latest))
    return checks


def _ahead(given: str, value: str, latest: str) -> _Check:
    shown = f"'{given}: ' || CAST({quoted(value)} AS VARCHAR)"
    return _Check(
        f"{quoted(value)} > {latest}", f"{shown} || ' is more than 24 hours in the future'"
    )


def _before_start(source: SourceTable, start: date) -> _Check:
    return _Check(
        f"_day < {literal(start.isoformat())}",
        f"'{dating_column(source)}: ' || CAST(_day AS VARCHAR) || ' {BEFORE_START} {start} "
        "(LTV_START_DATE): set it earlier, then run `ltv quarantine replay "
        f"{source.name}`'",
    )


def dating_column(source: SourceTable) -> str:
    """The column of the file that dates a row: reasons name what the user can fix."""
    for column, expression in source.computed:
        if column.name == source.event_time:
            return next(given.name for given in source.columns if given.name in expression)
    return str(source.event_time)


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
