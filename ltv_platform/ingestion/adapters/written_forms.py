"""Converts numbers and dates, as people and programs write them, to one form.

A format declares its form (``-- numbers: 1.204,50``, ``-- dates: day first``), or leaves it to the
file: then the unambiguous values decide for all. If every value is ambiguous, nothing is guessed,
and the file is refused. Values that do not match the form stay unchanged, for ``rows.values`` to
reject.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import duckdb

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError

DAY_FIRST, MONTH_FIRST = "day first", "month first"
#: Orders of dates that an adapter may declare.
DATES = (DAY_FIRST, MONTH_FIRST)
#: Forms of numbers that an adapter may declare: thousands separator, and decimal mark.
NUMBERS = {
    "1,204.50": (",", "."),
    "1.204,50": (".", ","),
    "1 204,50": (" ", ","),
    "1'204.50": ("'", "."),
    "1204.50": ("", "."),
    "1204,50": ("", ","),
}
#: Forms that can be inferred from values: only the decimal mark can.
_POINT, _COMMA = "1,204.50", "1.204,50"

_SPACES = " \u00a0\u202f\u2009"
_APOSTROPHES = "'\u2019"
_MINUS = "\u2212-"  # the hyphen last, or it would form a range
#: Currency codes and symbols that may surround a number, besides a sign or accountants' brackets.
_MARKS = (
    r"[A-Z]{3}|[A-Z]{1,2}\p{Sc}|\p{Sc}|[Kk]r\.?|zł|Kč|Ft|[Ll]ei|лв\.?|руб\.?|р\.|Fr\.?|Rp\.?"
    r"|RM|R|TL|S/\.?"
)
_CURRENCY = rf"(?:[{_SPACES}]*(?:{_MARKS})[{_SPACES}]*)?"
_EXPONENT = r"[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+"
_PLAIN = r"[+-]?[0-9]*\.?[0-9]+"

_YEAR_FIRST = r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})"
_YEAR_LAST = r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})"
_MONTH_NAME = r"([A-Za-z]{3,9})\.?[ -]([0-9]{1,2}),?[ -]([0-9]{4})"
_NAME_OF_MONTH = r"([0-9]{1,2})[ -]([A-Za-z]{3,9})\.?,?[ -]([0-9]{4})"
_TIME = (
    r"(?:,? +|T)([0-9]{1,2}):([0-9]{2})(:[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?:[ \x{202f}]?([AaPp])\.?[Mm]\.?)?( ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = [name.capitalize() for name in _MONTHS]


@dataclass(frozen=True)
class WrittenForms:
    """How the numbers and dates of a file are written.

    Attributes:
        numbers: One of :data:`NUMBERS`.
        dates: :data:`DAY_FIRST` or :data:`MONTH_FIRST`; both allow the year first.
        told: Which of them were declared or inferred; no value depends on the others.
    """

    numbers: str = _POINT
    dates: str = DAY_FIRST
    told: tuple[str, ...] = ()

    def read(self, kind: str, column: str) -> str:
        """SQL that converts a column's values to the one form; other values stay unchanged."""
        match kind:
            case "number":
                return _number(column, self.numbers)
            case "date":
                return _date(column, self.dates)
            case "count":
                return _count(column)
        return column


def forms_of(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Mapping[str, tuple[str, str]],
    *,
    declared: Mapping[str, str],
    chosen: Collection[str],
    origin: str,
) -> WrittenForms:
    """The forms of a file: as declared, else inferred from its values.

    Args:
        connection: The connection with the relation.
        relation: The file's records as text, with ``_line``.
        columns: Kind of each column of numbers or dates, and its name in the file.
        declared: Forms of ``numbers`` and ``dates``; missing ones are inferred.
        chosen: Forms that the user has chosen: values that do not match are quarantined.
        origin: The file, in messages.

    Raises:
        UserError: every value is ambiguous, values contradict each other, or they contradict
            the form that the format declares.
    """
    forms: dict[str, str] = {}
    told = []
    for said in (_NUMBERS, _DATES):
        given = {name: called for name, (kind, called) in columns.items() if kind == said.kind}
        form = declared.get(said.what)
        if form is not None and said.what in chosen:
            told.append(said.what)
        elif given and (form is None or form in said.forms):
            evidence = _evidence(connection, relation, given, said.evidence)
            if any(evidence) or form is not None:
                told.append(said.what)
            form = _decided(evidence, form, origin, said)
        forms[said.what] = form or said.forms[0]
    return WrittenForms(forms["numbers"], forms["dates"], tuple(told))


@dataclass(frozen=True)
class _Value:
    """A value that reveals a form, and where it is."""

    text: str
    column: str
    line: int

    def __str__(self) -> str:
        return f"{self.text!r} in line {self.line} of {self.column}"


#: The first value of each kind of evidence: for the first form, for the second, ambiguous.
_Evidence = tuple[_Value | None, ...]


def _evidence(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Mapping[str, str],
    of_value: Callable[[str], tuple[str, str, str]],
) -> _Evidence:
    found: list[_Value | None] = []
    values = " UNION ALL ".join(
        f"SELECT trim({quoted(name)}, {literal(_SPACES)}) AS value, {literal(called)} AS name, "
        f"_line FROM {relation}"
        for name, called in columns.items()
    )
    for condition in of_value("value"):
        row = connection.execute(
            f"SELECT value, name, _line FROM ({values}) AS written WHERE {condition} "
            "ORDER BY _line, value LIMIT 1"
        ).fetchone()
        found.append(None if row is None else _Value(str(row[0]), str(row[1]), int(row[2])))
    return tuple(found)


def _decided(evidence: _Evidence, declared: str | None, origin: str, said: "_Notation") -> str:
    first, second, either = evidence
    if declared is None and first is not None and second is not None:
        raise UserError(
            f"{origin} writes {said.what} in two ways: {first}, {second}.",
            f"Fix the file, or choose the form: {said.hint}; rows in the other form are "
            "quarantined.",
        )
    told = said.forms[0] if first is not None else said.forms[1] if second is not None else None
    if first is not None and second is not None:
        told = declared
    if declared is not None and told not in (None, declared):
        raise UserError(
            f"{origin}: {first or second} is not written {declared}, as {said.what} of this format "
            "are.",
            f"Choose how they are written: {said.hint}.",
        )
    if told is None and declared is None and either is not None:
        raise UserError(
            f"{origin}: {either} can be {said.readings(either.text)}, and no other value settles "
            "it.",
            f"Choose one: {said.hint}; for files in landing, set LTV_ADAPTER_OPTIONS.",
        )
    return told or declared or said.forms[0]


@dataclass(frozen=True)
class _Notation:
    """How to infer the form of numbers or of dates, and the words for messages."""

    kind: str
    what: str
    forms: tuple[str, str]
    evidence: Callable[[str], tuple[str, str, str]]
    readings: Callable[[str], str]
    hint: str


def _readings_of_number(value: str) -> str:
    return f"{re.sub('[.,]', '', value)} or {value.replace(',', '.')}"


def readings_of_date(value: str) -> str:
    """The possible readings of a date such as 05/09/2026."""
    day, month, year = re.split(r"[/.-]", re.split("[ ,T]", value.strip(), maxsplit=1)[0])
    both = [
        f"{int(first)} {_NAMES[int(second) - 1]} {year}"
        for first, second in ((day, month), (month, day))
        if 1 <= int(second) <= len(_NAMES)
    ]
    return " or ".join(both)


def _number_evidence(value: str) -> tuple[str, str, str]:
    """Conditions: a value has a decimal point, has a decimal comma, may have either."""
    core = literal(f"[0-9][0-9.,{_SPACES}{_APOSTROPHES}]*|[.,][0-9]+")
    core = f"rtrim(regexp_extract({value}, {core}), {literal(_SPACES)})"

    def decimal(mark: str, other: str) -> str:
        return (
            rf"[0-9]*[{mark}](?:[0-9]{{1,2}}|[0-9]{{4,}})|0[{mark}][0-9]+|[0-9]{{4,}}[{mark}][0-9]{{3}}"
            rf"|[0-9]{{1,3}}(?:[{other}][0-9]{{3}})+[{mark}][0-9]+"
            rf"|[0-9]{{1,3}}(?:[{_SPACES}{_APOSTROPHES}][0-9]{{3}})+[{mark}][0-9]+"
            rf"|[0-9]{{1,3}}(?:[{other}][0-9]{{3}}){{2,}}"
        )

    return (
        f"regexp_full_match({core}, {literal(decimal('.', ','))})",
        f"regexp_full_match({core}, {literal(decimal(',', '.'))})",
        f"regexp_full_match({core}, {literal('[1-9][0-9]{0,2}[.,][0-9]{3}')})",
    )


def _date_evidence(value: str) -> tuple[str, str, str]:
    """Conditions: a value has the day first, has the month first, may have either."""
    pattern = literal(f"{_YEAR_LAST}(?:{_TIME})?")
    first, second = (
        f"TRY_CAST(regexp_extract({value}, {pattern}, {group}) AS INTEGER)" for group in (1, 2)
    )
    written = f"regexp_full_match({value}, {pattern})"
    # Dates with dots never have the month first.
    dotted = rf"regexp_full_match({value}, '[0-9]{{1,2}}\.[0-9]{{1,2}}\..*')"
    return (
        f"{written} AND {second} <= 12 AND ({first} > 12 OR {dotted})",
        f"{written} AND {first} <= 12 AND {second} > 12",
        f"{written} AND {first} BETWEEN 1 AND 12 AND {second} BETWEEN 1 AND 12 "
        f"AND {first} <> {second} AND NOT {dotted}",
    )


_NUMBERS = _Notation(
    "number",
    "numbers",
    (_POINT, _COMMA),
    _number_evidence,
    _readings_of_number,
    "--option numbers=1,204.50 or --option numbers=1.204,50",
)
_DATES = _Notation(
    "date",
    "dates",
    (DAY_FIRST, MONTH_FIRST),
    _date_evidence,
    readings_of_date,
    "--option 'dates=day first' or --option 'dates=month first'",
)


def is_unordered_date(value: str) -> str:
    """SQL condition: a value is a date whose order of day and month must be known."""
    return f"regexp_full_match({value}, {literal(f'{_YEAR_LAST}(?:{_TIME})?')})"


def _count(column: str) -> str:
    """SQL for a whole number without thousands separators of any kind."""
    value = f"trim({column}, {literal(_SPACES)})"
    grouped = literal(rf"([0-9]{{1,3}}(?:[.,{_SPACES}{_APOSTROPHES}][0-9]{{3}})+)(?:[.,]0{{1,2}})?")
    return (
        f"CASE WHEN regexp_full_match({value}, {grouped}) "
        f"THEN regexp_replace(regexp_extract({value}, {grouped}, 1), '[^0-9]', '', 'g') "
        f"ELSE {column} END"
    )


def _number(column: str, form: str) -> str:
    thousands, decimal = NUMBERS[form]
    value = f"trim({column}, {literal(_SPACES)})"
    # Spaces and apostrophes are never decimal marks.
    marks = f"{re.escape(thousands)}{_SPACES}{_APOSTROPHES}" if thousands else ""
    grouped = rf"[0-9]{{1,3}}(?:[{marks}][0-9]{{3}})+(?:[{decimal}][0-9]+)?|" if marks else ""
    number = rf"{grouped}[0-9]+(?:[{decimal}][0-9]*)?|[{decimal}][0-9]+"
    pattern = literal(
        rf"(\()?([+{_MINUS}])?{_CURRENCY}([+{_MINUS}])?({number})([{_MINUS}])?{_CURRENCY}(\))?"
    )
    signs = ", ".join(f"regexp_extract({value}, {pattern}, {group})" for group in (1, 2, 3, 5))
    negative = f"regexp_matches(concat({signs}), {literal(f'[({_MINUS}]')})"
    digits = f"regexp_extract({value}, {pattern}, 4)"
    for mark in (*({thousands} if thousands else ()), *_SPACES, *_APOSTROPHES):
        digits = f"replace({digits}, {literal(mark)}, '')"
    digits = f"replace({digits}, {literal(decimal)}, '.')"
    canonical = r"-?[0-9]+(?:\.[0-9]+)?" if decimal == "." else r"-?[0-9]+"
    return (
        # The common case; the branches below take ten times as long.
        f"CASE WHEN regexp_full_match({column}, {literal(canonical)}) THEN {column} "
        f"WHEN {value} = '' OR regexp_full_match({value}, {literal(_EXPONENT)}) THEN {value} "
        f"WHEN regexp_full_match({value}, {pattern}) "
        f"THEN CASE WHEN {negative} THEN '-' ELSE '' END || {digits} "
        # It would pass as a number of a different size.
        f"WHEN regexp_full_match({value}, {literal(_PLAIN)}) "
        f"THEN {value} || {literal(f' (written in another way than {form})')} ELSE {column} END"
    )


def _date(column: str, order: str) -> str:
    value = f"trim({column}, {literal(_SPACES)})"
    time = _time(value)

    def written(pattern: str, year: int, month: str, day: int) -> str:
        whole = literal(f"{pattern}(?:{_TIME})?")

        def part(group: int) -> str:
            return f"regexp_extract({value}, {whole}, {group})"

        number = f"CAST({part(int(month))} AS INTEGER)" if month.isdigit() else month
        century = f"right('20' || {part(year)}, 4)"
        return (
            f"WHEN regexp_full_match({value}, {whole}) AND {number} BETWEEN 1 AND 12 "
            f"THEN {century} || '-' || lpad(CAST({number} AS VARCHAR), 2, '0') || '-' "
            f"|| lpad({part(day)}, 2, '0') || {time} "
        )

    def named(group: int, pattern: str) -> str:
        whole = literal(f"{pattern}(?:{_TIME})?")
        names = ", ".join(map(literal, _MONTHS))
        return (
            f"list_position([{names}], lower(left(regexp_extract({value}, {whole}, {group}), 3)))"
        )

    day, month = (1, 2) if order == DAY_FIRST else (2, 1)
    return (
        # The common case; the branches below take ten times as long.
        f"CASE WHEN {column} IS NULL OR regexp_matches({column}, '^[0-9]{{4}}-') THEN {column} "
        f"WHEN regexp_full_match({value}, '[12][0-9]{{7}}') "
        f"THEN left({value}, 4) || '-' || substr({value}, 5, 2) || '-' || right({value}, 2) "
        + written(_YEAR_FIRST, 1, "2", 3)
        + written(_YEAR_LAST, 3, str(month), day)
        + written(_MONTH_NAME, 3, named(1, _MONTH_NAME), 2)
        + written(_NAME_OF_MONTH, 3, named(2, _NAME_OF_MONTH), 1)
        + f"ELSE {column} END"
    )


def _time(value: str) -> str:
    """SQL for the time after a date, on a 24-hour clock, or empty."""
    pattern = literal(f"{_TIME}$")

    def part(group: int) -> str:
        return f"regexp_extract({value}, {pattern}, {group})"

    hour = f"CAST({part(1)} AS INTEGER)"
    hours = (
        f"CASE WHEN {part(4)} = '' THEN {hour} "
        f"ELSE {hour} % 12 + CASE WHEN lower({part(4)}) = 'p' THEN 12 ELSE 0 END END"
    )
    return (
        f"CASE WHEN regexp_matches({value}, {pattern}) THEN ' ' || "
        f"lpad(CAST({hours} AS VARCHAR), 2, '0') || ':' || {part(2)} || {part(3)} || {part(5)} "
        "ELSE '' END"
    )
