"""CSV of what is on the screen: a table of a page, read from the page itself.

Reading the HTML makes it impossible that the file says something else than the page, and no page
needs code for it.
"""

import csv
import io
import re
from html.parser import HTMLParser

#: A number as pages write it: thousands separators, a real minus sign.
_NUMBER = re.compile(r"−?[0-9][0-9,]*(\.[0-9]+)?")
#: Nothing of these is data: marks of states, and words for screen readers.
_SKIPPED = ("mark", "unseen", "small")
_EMPTY = ("–", "")
#: First characters of texts that a spreadsheet reads as formulas.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_VOID = ("br", "hr", "img", "input", "line", "circle", "rect", "path", "polyline")


def table_csv(html: str, name: str) -> str | None:
    """A table as CSV: one line of headings, exact values instead of rounded ones.

    Args:
        html: The page, or the part of it in ``<main>``.
        name: The id of the table.

    Returns:
        The text; None: the page has no such table.
    """
    reader = _TableReader(name)
    reader.feed(html)
    if not reader.found:
        return None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_safe(heading) for heading in _headings(reader.head)])
    writer.writerows([[_safe(cell) for cell in row] for row in reader.body])
    return out.getvalue()


def _headings(rows: list[list[str]]) -> list[str]:
    """Rows of headings as one: a group and its column."""
    return [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip(*rows, strict=False)]


def _safe(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return text.replace(",", "").replace("−", "-")
    if text in _EMPTY:
        return ""
    is_number = re.fullmatch(r"-[0-9.]+(e[-+]?[0-9]+)?", text, re.IGNORECASE)
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


class _TableReader(HTMLParser):
    """The rows of the table with an id: those of its head, and all others."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.found = False
        self.head: list[list[str]] = []
        self.body: list[list[str]] = []
        self._name = name
        self._open: list[tuple[str, bool]] = []  # tags within the table; whether text is skipped
        self._in_head = False
        self._cell: list[str] | None = None
        self._width = 1
        self._exact = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table" and not self._open and given.get("id") == self._name:
            self.found = True
            self._open.append((tag, False))
            return
        if not self._open or tag in _VOID:
            return
        words = (given.get("class") or "").split()
        is_hidden = given.get("aria-hidden") == "true" or any(word in _SKIPPED for word in words)
        skipped = self._open[-1][1] or is_hidden
        self._open.append((tag, skipped))
        if tag == "thead":
            self._in_head = True
        elif tag == "tr":
            (self.head if self._in_head else self.body).append([])
        elif tag in ("td", "th"):
            self._cell, self._exact = [], False
            self._width = int(given.get("colspan") or 1)
        elif tag == "data" and self._cell is not None:
            self._cell, self._exact = [given.get("value") or ""], True
        elif self._cell is not None and not skipped:
            self._cell.append(" ")  # a name and its id, a figure and what stands beside it

    def handle_endtag(self, tag: str) -> None:
        if not self._open or tag in _VOID:
            return
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "thead":
            self._in_head = False
        elif tag in ("td", "th") and self._cell is not None:
            text = " ".join("".join(self._cell).split())
            row = (self.head if self._in_head else self.body)[-1]
            row.extend([text] * (self._width if self._in_head else 1))
            row.extend([""] * (0 if self._in_head else self._width - 1))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._exact and self._open and not self._open[-1][1]:
            self._cell.append(data)
