"""Rows as a table that fits its terminal, or as one list per record if no table would fit.

Values are never cut, except hashes: numbers and dates are not broken, headers and texts wrap. If
even that is too wide, each record is a list of its columns.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

from rich.cells import cell_len, set_cell_size

from ltv_platform.cli.texts import visible

#: The sign for NULL.
NOTHING = "–"
_GAP = "  "
#: Minimum width of a column with longer texts: narrower ones are hard to read.
_LEAST_TEXT = 16
#: Longest word that is not broken; the second value applies if the table is too wide.
_LONGEST_WORDS = (24, 16)
#: Characters of a shortened hash: enough to identify it.
_OF_A_HASH = 12
#: Smaller numbers would show as zero with two decimals.
_SMALL = 0.005
_HASH = re.compile(r"[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Texts and headers wrap between words; a word longer than a line wraps after one of these.
_WORDS = re.compile(r"\S+\s*|\s+")
_PIECES = re.compile(r"[^\s_/,;:.&|-]*[_/,;:.&|-]+\s*|[^\s_/,;:.&|-]+\s*|\s+")
_NUMBERS = (int, float, Decimal)
_NEVER_BROKEN = (*_NUMBERS, date, time)


@dataclass(frozen=True)
class _Column:
    """A displayed column: its header, its texts, and its minimum width."""

    header: str
    texts: Sequence[str]
    natural: int
    least: int
    is_number: bool
    is_hash: bool


def layout(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> Iterator[str]:
    """The lines to print; in a table, the first ones up to a line of dashes are the header.

    Args:
        columns: Their names.
        rows: Their values.
        width: Width of a line in cells.
    """
    for longest in _LONGEST_WORDS:
        shown = [_column(c, [row[n] for row in rows], longest) for n, c in enumerate(columns)]
        if (widths := _widths(shown, width)) is not None:
            yield from _table(shown, widths, len(rows))
            return
    yield from _records(shown, len(rows), width)


def readable(value: Any) -> str:
    """A value in one line: two decimals, or two significant digits below .01; NULL as a dash."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:.2g}" if 0 < abs(float(value)) < _SMALL else f"{value:,.2f}"
    return visible(str(value))


def _column(name: str, values: Sequence[Any], longest_word: int) -> _Column:
    header, texts = visible(name), [readable(value) for value in values]
    known = [value for value in values if value is not None]
    of_values = max(map(cell_len, texts), default=0)
    is_hash = bool(known) and all(isinstance(v, str) and _HASH.fullmatch(v) for v in known)
    if is_hash:
        least = _OF_A_HASH + 1
    elif all(isinstance(value, _NEVER_BROKEN) for value in known):
        least = of_values
    else:
        longest = min(max(map(_longest, texts), default=0), longest_word)
        least = max(longest, min(of_values, _LEAST_TEXT))
    of_header = max((cell_len(piece.rstrip()) for piece in _PIECES.findall(header)), default=0)
    return _Column(
        header,
        texts,
        natural=max(of_values, cell_len(header)),
        least=max(min(least, of_values), of_header),
        is_number=bool(known)
        and all(isinstance(v, _NUMBERS) and not isinstance(v, bool) for v in known),
        is_hash=is_hash,
    )


def _widths(columns: Sequence[_Column], width: int) -> list[int] | None:
    """The width of each column; None: the table does not fit."""
    room = width - len(_GAP) * (len(columns) - 1)
    widths = [column.least for column in columns]
    if sum(widths) > room:
        return None
    while sum(widths) < room:
        # One cell more for the column that wraps the most; hashes come last.
        crowded = [n for n, column in enumerate(columns) if column.natural > widths[n]]
        if not crowded:
            break
        most = max(crowded, key=lambda n: (not columns[n].is_hash, columns[n].natural / widths[n]))
        widths[most] += 1
    return widths


def _table(columns: Sequence[_Column], widths: Sequence[int], rows: int) -> Iterator[str]:
    headers = [_folded(column.header, width) for column, width in zip(columns, widths, strict=True)]
    deepest = max(map(len, headers), default=0)
    # Headers are aligned to the bottom, above the values.
    yield from _lines(columns, widths, [[""] * (deepest - len(h)) + h for h in headers])
    yield _GAP.join("─" * width for width in widths)
    for n in range(rows):
        cells = [
            _shortened(column.texts[n], width)
            if column.is_hash
            else _folded(column.texts[n], width)
            for column, width in zip(columns, widths, strict=True)
        ]
        yield from _lines(columns, widths, cells)


def _lines(
    columns: Sequence[_Column], widths: Sequence[int], cells: Sequence[Sequence[str]]
) -> Iterator[str]:
    for n in range(max(map(len, cells), default=0)):
        line = []
        for column, width, lines in zip(columns, widths, cells, strict=True):
            text = lines[n] if n < len(lines) else ""
            blanks = " " * (width - cell_len(text))
            line.append(blanks + text if column.is_number else text + blanks)
        yield _GAP.join(line).rstrip()


def _records(columns: Sequence[_Column], rows: int, width: int) -> Iterator[str]:
    names = max(cell_len(column.header) for column in columns)
    names = min(names, max(width // 2, 1))
    room = max(width - names - len(_GAP), 1)
    for n in range(rows):
        yield f"{n + 1:,} of {rows:,} ".ljust(min(width, 40), "─")
        for column in columns:
            headers, lines = _folded(column.header, names), _folded(column.texts[n], room)
            for line in range(max(len(headers), len(lines))):
                name = headers[line] if line < len(headers) else ""
                text = lines[line] if line < len(lines) else ""
                yield (set_cell_size(name, names) + _GAP + text).rstrip()


def _shortened(text: str, width: int) -> list[str]:
    return [text if cell_len(text) <= width else text[: max(width - 1, 1)] + "…"]


def _folded(text: str, width: int) -> list[str]:
    """A text wrapped at a width in cells, between words if possible."""
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for piece in _pieces(text, width):
        if cell_len(lines[-1] + piece.rstrip()) <= width:
            lines[-1] += piece
            continue
        if lines[-1]:
            lines.append("")
        for sign in piece:  # longer than a line
            if cell_len(lines[-1] + sign) > width and lines[-1]:
                lines.append("")
            lines[-1] += sign
    return [line.rstrip() for line in lines]


def _pieces(text: str, width: int) -> Iterator[str]:
    for word in _WORDS.findall(text):
        yield from [word] if cell_len(word.rstrip()) <= width else _PIECES.findall(word)


def _longest(text: str) -> int:
    return max((cell_len(word.rstrip()) for word in _WORDS.findall(text)), default=0)
