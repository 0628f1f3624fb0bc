"""The header of a delimited file: its record number, delimiter and columns."""

import csv
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.file_columns import FileColumn, find_columns
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.hand_split import check_width
from ltv_platform.ingestion.reading.record_texts import delimited_records

_SNIFFED_DELIMITERS = (",", ";", "\t", "|")
#: Number of records searched for the header of a titled file.
_TITLES = 30
#: Number of trailing bytes searched for a notice.
_END = 4096
#: Characters of a name that a message shows.
_NAME_LENGTH = 30
#: Names of staging's own columns.
_OWN_COLUMNS = ("_line", "_file", "_record", "_rounded", "file_row_number")


@dataclass(frozen=True)
class Header:
    """The header of a delimited file.

    Attributes:
        columns: Names of the columns.
        delimiter: The field delimiter.
        number: Record number of the header, from 1; 0: the file has none.
    """

    columns: tuple[str, ...]
    delimiter: str
    number: int


def find_header(copy: PrivateCopy, dialect: Dialect, wanted: Collection[str]) -> Header:
    """Find the header of a delimited file.

    Args:
        copy: The file.
        dialect: How it is written.
        wanted: Column names that reveal the delimiter.

    Raises:
        UserError: the file has no readable header, or lacks or repeats columns.
    """
    if not dialect.header:
        return Header(distinct(dialect.columns, copy), dialect.delimiter or ",", 0)
    candidates = [dialect.delimiter] if dialect.delimiter else list(_SNIFFED_DELIMITERS)
    headers = {each: _header(copy, dialect, each) for each in candidates}

    def known(delimiter: str) -> tuple[int, int]:
        _, names = headers[delimiter]
        shown = len(find_columns(dialect.known, names).names) or len(set(names) & set(wanted))
        return shown, len(names)

    # The delimiter that gives the most wanted columns, then the most columns.
    delimiter = max(candidates, key=known)
    number, names = headers[delimiter]
    if not names:
        raise UserError(
            f"{copy.name} has no header that can be read.",
            "Its first line must name the columns; check its quotes and how it was made.",
        )
    names = [name or f"_unnamed_{i}" for i, name in enumerate(names, 1)]
    if dialect.known:
        found = find_columns(dialect.known, names)
        if found.missing:
            raise UserError(
                f"{copy.name} lacks the columns {some(found.missing)}. It has {some(names)}.",
                found.remedy
                or "Export it with these columns, or load it with an adapter of your own.",
            )
        names = _number_repeats(names, dialect.known)
    return Header(distinct(names, copy), delimiter, number)


def _header(copy: PrivateCopy, dialect: Dialect, delimiter: str) -> tuple[int, list[str]]:
    """Record number and names of the header for a delimiter; no names: there is none."""
    if not dialect.titled:
        return 1, _first_record(copy.path, delimiter, dialect.quote)
    nearest, best = (1, list[str]()), 0
    for number, names in first_records(copy, dialect, delimiter):
        found = find_columns(dialect.known, names)
        if not found.missing:
            return number, names
        if len(found.names) > best:
            nearest, best = (number, names), len(found.names)
    return nearest


def first_records(
    copy: PrivateCopy, dialect: Dialect, delimiter: str
) -> list[tuple[int, list[str]]]:
    """Numbers and fields of the records that may be a header."""
    records = delimited_records(copy.path, dialect, delimiter, 0, copy.name)
    return [
        (record.number, [name.strip() for name in record.fields])
        for record in islice((each for each in records if each.number), _TITLES)
    ]


def ends_with_notice(path: Path, delimiter: str) -> bool:
    """Whether the last non-blank line of a file has a single field."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END))
        lines = [line for line in file.read().splitlines() if line.strip()]
    return bool(lines) and delimiter.encode() not in lines[-1]


def _first_record(path: Path, delimiter: str, quote: str) -> list[str]:
    """The fields of the first non-blank line; none if a quote is not closed."""
    with path.open(encoding="utf-8", errors="replace", newline="") as text:
        reader = csv.reader(
            text,
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            strict=True,
            skipinitialspace=True,
        )
        try:
            return [name.strip() for name in next((r for r in reader if r), [])]
        except csv.Error:
            return []


def _number_repeats(names: Sequence[str], known: Collection[FileColumn]) -> list[str]:
    """Number repeated names, except those that the adapter asks for."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name.lower()] += 1
        again = seen[name.lower()] > 1 and not any(
            column.read(name) is not None for column in known
        )
        numbered.append(f"{name} ({seen[name.lower()]})" if again else name)
    return numbered


def distinct(names: Sequence[str], copy: PrivateCopy) -> tuple[str, ...]:
    """Return the names if they are distinct to the engine, which ignores case.

    Raises:
        UserError: there are too many names, a name is repeated, or one is reserved.
    """
    check_width(len(names), copy.name)
    folded = Counter(name.lower() for name in names)
    repeated = sorted({name for name in names if folded[name.lower()] > 1})
    if repeated:
        shown = ", ".join(name[:_NAME_LENGTH] for name in repeated[:10])
        raise UserError(
            f"{copy.name} has columns of the same name: {shown}.",
            "Give each a different name; case does not matter.",
        )
    taken = [name for name in names if name.lower() in _OWN_COLUMNS]
    if taken:
        raise UserError(
            f"{copy.name} has a column {taken[0]}; that name is reserved for the record number.",
            "Rename the column.",
        )
    return tuple(names)
