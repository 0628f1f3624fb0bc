"""Which delimited files the engine's parallel reader takes apart rightly, told by their bytes."""

import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: Bytes that are looked at together.
_BLOCK = 32 << 20
_LINE_FEED, _CARRIAGE_RETURN = 10, 13


@dataclass(frozen=True)
class Shape:
    """How regular a delimited file is.

    Attributes:
        regular: One kind of line end, no blank lines, and quotes only where a field begins and
            ends. Only such files does the engine's parallel reader take apart rightly.
        lines: How many lines it has, if a line is a record: that many come out, unless some are
            blank. None: it has quotes, which may hold line ends, or no delimiters, so that a
            blank line looks like a record; then it was searched for blank lines.
    """

    regular: bool
    lines: int | None = None


def shape_of(path: Path, delimiter: str, quote: str, columns: int) -> Shape:
    """Look at every byte of a file that is not empty.

    Args:
        path: The file.
        delimiter: What stands between fields.
        quote: What stands around a field; empty: nothing does.
        columns: How many fields a record has.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        symbols = np.frombuffer(content, np.uint8)
        try:
            # Most files have none of these, which is found out ten times as fast as where they are.
            has_returns = content.find(b"\r") >= 0
            has_quotes = bool(quote) and content.find(quote.encode()) >= 0
            lines = _lines(symbols, has_returns=has_returns)
            if lines is None or symbols[0] in (_LINE_FEED, _CARRIAGE_RETURN):
                return Shape(regular=False)
            quotes = _quotes(symbols, delimiter.encode(), ord(quote)) if has_quotes else 0
        finally:
            # The map cannot be closed while an array looks at it.
            del symbols
        if quotes == 0 and columns > 1:
            return Shape(regular=True, lines=lines)
        blank_lines = content.find(b"\n\n") >= 0 or content.find(b"\n\r\n") >= 0
        return Shape(regular=quotes is not None and not blank_lines)


def _lines(
    symbols: "np.ndarray[tuple[int], np.dtype[np.uint8]]", *, has_returns: bool
) -> int | None:
    """How many lines there are; None if they end in different ways."""
    feeds = returns = 0
    for start in range(0, symbols.size, _BLOCK):
        block = symbols[start : start + _BLOCK]
        places = np.flatnonzero(block == _CARRIAGE_RETURN) + start if has_returns else None
        if places is not None and places.size:
            if places[-1] + 1 == symbols.size or np.any(symbols[places + 1] != _LINE_FEED):
                return None
            returns += places.size
        feeds += int(np.count_nonzero(block == _LINE_FEED))
    if returns not in (0, feeds):
        return None
    return feeds + int(symbols[-1] != _LINE_FEED)


def _quotes(
    symbols: "np.ndarray[tuple[int], np.dtype[np.uint8]]", delimiter: bytes, quote: int
) -> int | None:
    """How many quotes there are; None if any stands where it does not belong.

    They open behind and close before a delimiter, a line end, or (doubled) a quote.
    """
    before_opening = [delimiter[-1], _LINE_FEED, _CARRIAGE_RETURN, quote]
    behind_closing = [delimiter[0], _LINE_FEED, _CARRIAGE_RETURN, quote]
    seen = 0
    for start in range(0, symbols.size, _BLOCK):
        places = np.flatnonzero(symbols[start : start + _BLOCK] == quote) + start
        openings, closings = places[seen % 2 :: 2], places[1 - seen % 2 :: 2]
        openings = openings[openings > 0]
        closings = closings[closings + 1 < symbols.size]
        if not np.isin(symbols[openings - 1], before_opening).all():
            return None
        if not np.isin(symbols[closings + 1], behind_closing).all():
            return None
        seen += places.size
    return seen if seen % 2 == 0 else None
