"""Decides from its bytes whether the engine's parallel reader can parse a delimited file."""

import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: Bytes examined at a time.
_BLOCK = 32 << 20
_LINE_FEED, _CARRIAGE_RETURN = 10, 13


@dataclass(frozen=True)
class Shape:
    """How regular a delimited file is.

    Attributes:
        regular: The file has one kind of line end, no blank lines, and quotes only at the start
            and end of fields. The engine's parallel reader parses only such files correctly.
        lines: Number of lines, if each line is a record; reading must give as many records,
            unless some lines are blank. None: there are quotes, which may enclose line ends, or
            there is one column, so a blank line looks like a record; both were searched for
            blank lines.
    """

    regular: bool
    lines: int | None = None


def shape_of(path: Path, delimiter: str, quote: str, columns: int) -> Shape:
    """Examine every byte of a non-empty file.

    Args:
        path: The file.
        delimiter: The field delimiter.
        quote: The quote character; empty: fields are not quoted.
        columns: Number of fields in a record.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        symbols = np.frombuffer(content, np.uint8)
        try:
            # Most files have none of these; finding that out is ten times as fast as locating them.
            has_returns = content.find(b"\r") >= 0
            has_quotes = bool(quote) and content.find(quote.encode()) >= 0
            lines = _lines(symbols, has_returns=has_returns)
            if lines is None or symbols[0] in (_LINE_FEED, _CARRIAGE_RETURN):
                return Shape(regular=False)
            quotes = _quotes(symbols, delimiter.encode(), ord(quote)) if has_quotes else 0
        finally:
            # The map cannot be closed while an array refers to it.
            del symbols
        if quotes == 0 and columns > 1:
            return Shape(regular=True, lines=lines)
        blank_lines = content.find(b"\n\n") >= 0 or content.find(b"\n\r\n") >= 0
        return Shape(regular=quotes is not None and not blank_lines)


def _lines(
    symbols: "np.ndarray[tuple[int], np.dtype[np.uint8]]", *, has_returns: bool
) -> int | None:
    """The number of lines; None if their ends differ."""
    feeds = returns = 0
    for start in range(0, symbols.size, _BLOCK):
        block = symbols[start : start + _BLOCK]
        positions = np.flatnonzero(block == _CARRIAGE_RETURN) + start if has_returns else None
        if positions is not None and positions.size:
            if positions[-1] + 1 == symbols.size or np.any(symbols[positions + 1] != _LINE_FEED):
                return None
            returns += positions.size
        feeds += int(np.count_nonzero(block == _LINE_FEED))
    if returns not in (0, feeds):
        return None
    return feeds + int(symbols[-1] != _LINE_FEED)


def _quotes(
    symbols: "np.ndarray[tuple[int], np.dtype[np.uint8]]", delimiter: bytes, quote: int
) -> int | None:
    """The number of quotes; None if any is misplaced.

    They open after and close before a delimiter, a line end, or (doubled) a quote.
    """
    before_opening = [delimiter[-1], _LINE_FEED, _CARRIAGE_RETURN, quote]
    after_closing = [delimiter[0], _LINE_FEED, _CARRIAGE_RETURN, quote]
    seen = 0
    for start in range(0, symbols.size, _BLOCK):
        positions = np.flatnonzero(symbols[start : start + _BLOCK] == quote) + start
        openings, closings = positions[seen % 2 :: 2], positions[1 - seen % 2 :: 2]
        openings = openings[openings > 0]
        closings = closings[closings + 1 < symbols.size]
        if not np.isin(symbols[openings - 1], before_opening).all():
            return None
        if not np.isin(symbols[closings + 1], after_closing).all():
            return None
        seen += positions.size
    return seen if seen % 2 == 0 else None
