"""The single grammar of values: which texts are numbers, flags, dates and timestamps.

Text is trimmed, and empty text is NULL. Timestamps are converted to UTC. Numbers written by people
are never rounded; those that a program has printed in full are. Any other text is invalid, and
``validation`` decides what happens to its row. The pattern decides, and the engine's cast must
succeed for every text that matches.
"""

from ltv_platform.contracts import Column
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.settings import Settings

#: By code point, so that statements stay readable: tab, line ends, no-break space, byte order mark,
#: and the zero byte, with which C programs fill fields of fixed width.
_BLANKS = "(' ' || chr(9) || chr(13) || chr(10) || chr(160) || chr(65279) || chr(0))"
#: Every visible ASCII character lies between these two.
_FIRST_VISIBLE, _LAST_VISIBLE = literal("!"), literal("~")

# The engine accepts the year 0 and 24:00, and moves them to neighboring days.
_DATE = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_DATE_AT_MIDNIGHT = _DATE + r"([ T]00:00(:00(\.0+)?)?)?"
_CLOCK = r"([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_UTC = r"(Z|UTC|GMT)"
_OFFSET = r"[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?"
_REGION = r"[A-Za-z]+(_[A-Za-z]+)*(/[A-Za-z_+-]+)+"
_WHOLE_NUMBER = r"[+-]?[0-9]+(\.0*)?"
_WHOLE_EXPONENT = r"[+-]?[0-9]+[eE]\+?[0-9]+"
_ANY_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
#: With up to this many digits before an exponent, a double distinguishes any two numbers.
_EXACT_DIGITS = 15
_EXPONENT = rf"[+-]?([0-9]\.?){{1,{_EXACT_DIGITS}}}[eE][+-]?[0-9]+"
#: Digits of every DECIMAL.
_PRECISION = 18
#: Maximum relative difference between a double printed in full and the intended number.
_NOISE = 1e-9

_TRUE, _FALSE = ("1", "1.0", "true", "t", "yes", "y"), ("0", "0.0", "false", "f", "no", "n")

#: Dates that stand for "no date" in exports: day zero of Unix (the day before in zones west of
#: Greenwich), of spreadsheets, and of databases.
_NO_DATES = ("1970-01-01", "1969-12-31", "1900-01-01", "1899-12-30", "0001-01-01")
#: All of them lie before this date, in any zone.
AFTER_NO_DATES = "1970-01-03"
#: Dates on which they may fall in the reporting zone.
DAYS_OF_NO_DATES = (*_NO_DATES, "1970-01-02", "1899-12-31", "1900-01-02", "1899-12-29")

_KINDS = {
    "INTEGER": "a whole number",
    "BIGINT": "a whole number",
    "BOOLEAN": "0 or 1",
    "DATE": "a date such as 2023-01-15",
    "TIME": "a time such as 10:30:00",
    "TIMESTAMP": "a timestamp such as 2023-01-15 10:30:00",
}


def trimmed(text: str) -> str:
    """SQL for a text without surrounding whitespace; NULL if nothing remains.

    Trimming is by far the most expensive step of reading a file, so only values that begin or end
    with anything but a visible ASCII character are trimmed.
    """
    return (
        f"CASE WHEN {text} BETWEEN {_FIRST_VISIBLE} AND {_LAST_VISIBLE} "
        f"AND {text}[-1] BETWEEN {_FIRST_VISIBLE} AND {_LAST_VISIBLE} "
        f"THEN {text} ELSE NULLIF(TRIM({text}, {_BLANKS}), '') END"
    )


def matches(text: str, pattern: str) -> str:
    """SQL condition: the whole text matches the pattern."""
    return f"regexp_full_match({text}, {literal(pattern)})"


def cast(column: Column, text: str, settings: Settings) -> str:
    """SQL for the value of a text, or NULL if it is invalid.

    Args:
        column: The contract.
        text: A SQL expression.
        settings: For the zone of timestamps without one.
    """
    value = f"TRY_CAST({text} AS {column.type})"
    match column.type:
        case "INTEGER" | "BIGINT":
            whole = f"{matches(text, _WHOLE_NUMBER)} OR {matches(text, _WHOLE_EXPONENT)}"
            cases = f"WHEN {whole} THEN {value}"
        case "DECIMAL(18,6)" | "DECIMAL(18,8)":
            cases = _decimal(column, text)
        case "BOOLEAN":
            cases = (
                f"WHEN lower({text}) IN ({', '.join(map(literal, _TRUE))}) THEN TRUE "
                f"WHEN lower({text}) IN ({', '.join(map(literal, _FALSE))}) THEN FALSE"
            )
        case "DATE":
            day = f"TRY_CAST(left({text}, 10) AS DATE)"
            cases = f"WHEN {matches(text, _DATE_AT_MIDNIGHT)} THEN {day}"
        case "TIME":
            cases = f"WHEN {matches(text, _CLOCK)} THEN {value}"
        case "TIMESTAMP":
            cases = _timestamp(text, settings)
        case _:
            raise ValueError(f"{column.name}: sources have no columns of type {column.type}")
    return f"CASE {cases} END"


def _decimal(column: Column, text: str) -> str:
    scale = column.scale
    value = f"TRY_CAST({text} AS {column.type})"
    plain = rf"[+-]?([0-9]+\.?[0-9]{{0,{scale}}}0*|\.[0-9]{{1,{scale}}}0*)"
    return (
        f"WHEN {matches(text, plain)} THEN {value} "
        # An exponent is accepted as long as no digit is lost.
        f"WHEN {matches(text, _EXPONENT)} "
        f"AND TRY_CAST({text} AS DOUBLE) = CAST({value} AS DOUBLE) THEN {value} "
        f"WHEN {_is_noise(column, text)} THEN {value}"
    )


def _is_noise(column: Column, text: str) -> str:
    """SQL condition: the digits beyond the column's decimals are the noise of a double."""
    value = f"CAST(TRY_CAST({text} AS {column.type}) AS DOUBLE)"
    given = f"TRY_CAST({text} AS DOUBLE)"
    return f"{matches(text, _ANY_NUMBER)} AND abs({given} - {value}) <= {_NOISE:g} * abs({given})"


def rounded(column: Column, text: str) -> str:
    """SQL condition: the value differs from the number in the text, so it was rounded."""
    assert column.scale is not None
    # The point plus one decimal too many; most texts are shorter and need no check.
    shortest = column.scale + 2
    exact = f"TRY_CAST({text} AS DECIMAL(38,20))"
    return (
        f"(CASE WHEN strlen({text}) >= {shortest} "
        f"THEN COALESCE({exact} <> {quoted(column.name)}, FALSE) ELSE FALSE END)"
    )


def _timestamp(text: str, settings: Settings) -> str:
    value = f"TRY_CAST({text} AS TIMESTAMP)"
    clock = f"regexp_extract(substr({text}, 12), '^[0-9:.]+')"
    local = f"left({text}, 10) || ' ' || {clock}"
    offset = f"regexp_extract({text}, '[+-][0-9:]+$')"
    moment = f"{_DATE}[ T]{_CLOCK}"
    return (
        # A cast that reproduces the text is valid without the pattern, which takes longer.
        f"WHEN strlen({text}) = {len('2023-01-15 10:30:00')} AND {text} >= '1' "
        f"AND CAST({value} AS VARCHAR) = {text} THEN {in_utc(value, settings)} "
        f"WHEN {matches(text, f'{_DATE}([ T]{_CLOCK})?')} THEN {in_utc(value, settings)} "
        f"WHEN {matches(text, f'{moment} ?{_UTC}')} THEN TRY_CAST({local} AS TIMESTAMP) "
        f"WHEN {matches(text, f'{moment} ?{_OFFSET}')} "
        f"THEN TRY_CAST({local} || {offset} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' "
        f"WHEN {matches(text, f'{moment} ?{_REGION}')} "
        f"THEN TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    )


def in_utc(expression: str, settings: Settings) -> str:
    """SQL that converts a timestamp without zone from the source zone to UTC."""
    if settings.source_timezone == "UTC":
        return expression
    zone = literal(settings.source_timezone)
    return f"(({expression}) AT TIME ZONE {zone}) AT TIME ZONE 'UTC'"


def stands_for_no_date(text: str) -> str:
    """SQL condition: the text of a date or timestamp is one that programs write for "no date"."""
    return f"left({text}, 10) IN ({', '.join(map(literal, _NO_DATES))})"


def why_no_value(column: Column, text: str, shown: str) -> str:
    """SQL for the reason why a text is not a value of a column.

    Args:
        column: The contract.
        text: The trimmed text, not NULL.
        shown: SQL that begins the reason, without its closing quote.
    """
    if column.scale is None:
        return f"{shown}is not {_KINDS[column.type]}'"
    before = _PRECISION - column.scale
    return (
        f"CASE WHEN NOT {matches(text, _ANY_NUMBER)} THEN {shown}is not a number' "
        f"WHEN abs(TRY_CAST({text} AS DOUBLE)) >= 1e{before} "
        f"THEN {shown}has more than {before} digits before the point' "
        f"ELSE {shown}has more than {column.scale} decimals; round it where it is made, or in an "
        "adapter' END"
    )
