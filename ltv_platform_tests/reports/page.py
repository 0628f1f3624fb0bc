"""A page as tests read it."""

import csv
import io
from html.parser import HTMLParser
from pathlib import Path

from ltv_platform.reports.screen_csv import table_csv


class Page(HTMLParser):
    """The page as a browser sees it: rows of cells, all tags with attributes, all words."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.html = path.read_text("utf-8")
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_cell = False
        self._hidden = 0
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")
        if tag == "span" and (self._hidden or dict(attrs).get("class") in ("unseen", "small")):
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False
        if tag == "span" and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_cell and not self._hidden:
            self.rows[-1][-1] += data

    def row(self, first: str, nth: int = 0) -> list[str]:
        """The cells of the nth row whose first cell begins so, without words for readers."""
        found = [row for row in self.rows if row and row[0].startswith(first)]
        return [cell.strip() for cell in found[nth]]

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of a table with exact values, as its CSV has them."""
        text = table_csv(self.html, name)
        assert text is not None, name
        return list(csv.DictReader(io.StringIO(text)))

    def campaign(self, name: str) -> list[str]:
        """Installs, spend, CPI, LTV, ROAS, payback and ROAS to date of a campaign or a total."""
        [row] = [each for each in self.table("campaigns") if each["Campaign"].startswith(name)]
        ratios = [each for each in row if each.startswith("Observed ROAS")]
        names = ("Installs", "Spend", "Installs CPI", "Installs LTV D7", "Installs LTV D30")
        others = ("Payback day", "Spend ROAS to date")
        payback = next(each for each in row if each.endswith(others[0]))
        return [row[each] for each in (*names, *ratios, payback, others[1])]
