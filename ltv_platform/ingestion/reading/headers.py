"""The header of a delimited file: which record it is, what parts it, which columns it names."""

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
#: Records among which the header of a titled file is looked for.
_TITLES = 30
#: Bytes at the end of a file among which a notice is looked for.
_END = 4096
#: Characters of a name that a message shows.
_SHOWN = 30
#: Names that staging gives to columns of its own.
_OWN_COLUMNS = ("_line", "_file", "_record", "_rounded", "file_row_number")


@dataclass(frozen=True)
class Header:
    """The header of a delimited file.

    Attributes:
        columns: The names of the columns.
        delimiter: What parts them.
        number: Which record it is, from 1; 0: the file has none.
    """

    columns: tuple[str, ...]
    delimiter: str
    number: int


def find_header(copy: PrivateCopy, dialect: Dialect, wanted: Collection[str]) -> Header:
    """The header of a delimited file.

    Args:
        copy: The file.
        dialect: How it is written.
        wanted: Names that tell the delimiter.

    Raises:
        UserError: it has no header that can be read, or columns of the same name.
    """
    if not dialect.header:
        return Header(distinct(dialect.columns, copy), dialect.delimiter or ",", 0)
    candidates = [dialect.delimiter] if dialect.delimiter else list(_SNIFFED_DELIMITERS)
    headers = {each: _header(copy, dialect, each) for each in candidates}

    def known(delimiter: str) -> tuple[int, int]:
        _, names = headers[delimiter]
        shown = len(find_columns(dialect.known, names).names) or len(set(names) & set(wanted))
        return shown, len(names)

    # The delimiter that shows most of the wanted columns, then the one that shows most columns.
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
        names = _apart(names, dialect.known)
    return Header(distinct(names, copy), delimiter, number)


def _header(copy: PrivateCopy, dialect: Dialect, delimiter: str) -> tuple[int, list[str]]:
    """Number and names of the header, if fields are parted by that; no names: there is none."""
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
    """Whether the last line of a file that is not blank has a single field."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END))
        lines = [line for line in file.read().splitlines() if line.strip()]
    return bool(lines) and delimiter.encode() not in lines[-1]


def _first_record(path: Path, delimiter: str, quote: str) -> list[str]:
    """The fields of the first line that is not blank; none if its quotes do not close."""
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


def _apart(names: Sequence[str], known: Collection[FileColumn]) -> list[str]:
    """Names of which those that come again, and that no adapter asks for, have a number."""
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        seen[name.lower()] += 1
        again = seen[name.lower()] > 1 and not any(
            column.read(name) is not None for column in known
        )
        apart.append(f"{name} ({seen[name.lower()]})" if again else name)
    return apart


def distinct(names: Sequence[str], copy: PrivateCopy) -> tuple[str, ...]:
    """The names, if the engine can tell them apart: it does not see upper and lower case."""
    check_width(len(names), copy.name)
    folded = Counter(name.lower() for name in names)
    repeated = sorted({name for name in names if folded[name.lower()] > 1})
    if repeated:
        shown = ", ".join(name[:_SHOWN] for name in repeated[:10])
        raise UserError(
            f"{copy.name} has columns of the same name: {shown}.",
            "Give each a name of its own; upper and lower case do not make a difference.",
        )
    taken = [name for name in names if name.lower() in _OWN_COLUMNS]
    if taken:
        raise UserError(
            f"{copy.name} has a column {taken[0]}; that name stands for the record's own place.",
            "Rename the column.",
        )
    return tuple(names)
