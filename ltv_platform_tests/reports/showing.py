"""Renders pages of the dashboard for an address, and reads what they show."""

from functools import cache
from html.parser import HTMLParser
from typing import Any

from ltv_platform.metrics import Answer, Question, query
from ltv_platform.published.live import LiveSnapshot
from ltv_platform.reports.filters import Filters
from ltv_platform.reports.shell import Page, View, rendered
from ltv_platform_tests.testing.home import Home


class Shown(HTMLParser):
    """What a page shows.

    Attributes:
        text: All words of ``<main>``, separated by single blanks.
        figures: (metric, value, state) of the figures by the id of their table; '' outside of one.
        links: Addresses.
        titles: Elements with a hover title.
        tags: Names of the elements.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self._words: list[str] = []
        self._tables: list[str] = []
        self._is_silent = False
        self.figures: dict[str, list[tuple[str, str, str]]] = {}
        self.links: list[str] = []
        self.titles: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    @property
    def text(self) -> str:
        """All words, separated by single blanks."""
        return " ".join(self._words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self._is_silent = tag in ("style", "script")
        if tag == "table":
            self._tables.append(named.get("id", ""))
        if tag == "a":
            self.links.append(named["href"])
        if "title" in named:
            self.titles.append(tag)
        if tag == "data" and "data-metric" in named:
            table = self._tables[-1] if self._tables else ""
            figure = (named["data-metric"], named["value"], named["data-state"])
            self.figures.setdefault(table, []).append(figure)

    def handle_endtag(self, tag: str) -> None:
        self._is_silent = False
        if tag == "table":
            self._tables.pop()

    def handle_data(self, data: str) -> None:
        if not self._is_silent:
            self._words += data.split()


@cache
def _live(home: Home) -> LiveSnapshot:
    """Kept open: to open the tables of a snapshot takes longer than most pages."""
    return LiveSnapshot(home.settings)


def html_of(home: Home, page: Page, **address: str) -> str:
    """The HTML of a page for an address, without what surrounds ``<main>``."""
    with _live(home).reading() as reading:
        view = View(page, home.settings, reading, Filters.parse(address))
        return rendered(page, home.settings, view, is_part=True)


def shown(home: Home, page: Page, **address: str) -> Shown:
    """What a page shows for an address."""
    return Shown(html_of(home, page, **address))


def answer_of(home: Home, *metrics: str, **question: Any) -> Answer:
    """What the catalogue answers; see :class:`ltv_platform.metrics.Question`."""
    with _live(home).reading() as reading:
        return query(home.settings, reading, Question(metrics, **question))
