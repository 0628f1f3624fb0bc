"""What all pages have in common: the frame, the filters, and rendering a page for an address.

A page is ``templates/<name>.html.j2`` with the figures of ``sql/queries/reports/<name>/``. The
dashboard renders it for the filters of an address; a report is the same page without filters, as a
file that needs nothing else. No clock is read for a file: the same snapshot gives the same one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from ltv_platform.metrics import Answer, Grain, Question, query
from ltv_platform.published.current import Snapshot, current_snapshot
from ltv_platform.published.live import Reading
from ltv_platform.published.query import open_snapshot
from ltv_platform.reports.filters import EVERYTHING, GRAINS, Filters
from ltv_platform.reports.pages import (
    Reader,
    Row,
    environment,
    published,
    write_html,
)
from ltv_platform.settings import Settings

#: The pages in the order of the navigation, and their labels.
NAVIGATION = MappingProxyType(
    {
        "overview": "Overview",
        "campaigns": "Campaigns",
        "channels": "Channels",
        "customers": "Customers",
        "forecasts": "Forecasts",
        "data": "Data",
    }
)
#: The page at the root of the dashboard.
FIRST = "overview"
#: Filters whose values a form offers; for each, a query of ``sql/queries/reports/shell/``.
_OFFERED = ("campaign", "country", "model", "segment")


@dataclass(frozen=True)
class View:
    """What one rendering of a page is about.

    Attributes:
        page: The page.
        settings: The settings.
        reading: The snapshot that the figures come from, and a connection of its own to it.
        filters: What the page is restricted to.
        is_file: Whether it becomes a file: no form, no script, links between files.
    """

    page: "Page"
    settings: Settings
    reading: Reading
    filters: Filters = EVERYTHING
    is_file: bool = False

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that the figures come from."""
        return self.reading.snapshot

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection to the tables of the snapshot by plain name."""
        return self.reading.connection

    @property
    def reader(self) -> Reader:
        """Reads with the queries of the page; these can use ``$start``, ``$end`` and so on."""
        return self.reader_of(self.page.name)

    def reader_of(self, queries: str) -> Reader:
        """Reads with the queries of a folder of ``sql/queries/reports/``."""
        ask = published(self.connection, self.filters.parameters)
        return Reader(ask, self.settings, queries)

    @property
    def known_settings(self) -> Settings:
        """The settings, with the horizons that the snapshot has: they may have changed since."""
        known = self.snapshot.manifest["tables"].get("campaign_summary", {}).get("columns", ())
        horizons = tuple(n for n in self.settings.horizons if f"cohort_roas_d{n}" in known)
        return self.settings.model_copy(update={"horizons": horizons or self.settings.horizons})

    def ask(
        self,
        *metrics: str,
        by: Sequence[str] = (),
        grain: str | None = None,
        start: date | None = None,
        end: date | None = None,
        where: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Answer:
        """Figures of the catalogue.

        Args:
            *metrics: Names of metrics.
            by: Dimensions to group by.
            grain: day, week or month; None: all days together.
            start: First day; default: that of the filters.
            end: Last day; default: that of the filters.
            where: Allowed values by dimension; default: country and campaign of the filters.

        Raises:
            CannotAnswer: the data cannot answer it.
        """
        if where is None:
            chosen = {"country": self.filters.country, "campaign": self.filters.campaign}
            where = {name: (value,) for name, value in chosen.items() if value is not None}
        question = Question(
            metrics,
            tuple(by),
            where,
            None if grain is None else Grain(grain),
            start or self.filters.start,
            end or self.filters.end,
        )
        return query(self.known_settings, self.reading, question)


@dataclass(frozen=True)
class Page:
    """A page of the dashboard and of the reports.

    Attributes:
        name: Of its template, the folder of its queries, its file and its path.
        title: Its heading.
        lead: The questions that it answers, as one sentence.
        figures: Everything that its template shows, by name.
        filters: The fields of :class:`Filters` that its form offers.
        depth: How many folders its path is below the root of the dashboard.
        template: The name of its template, if that is not its own name.
        choices: Values that its form offers besides those of the shell, by filter.
    """

    name: str
    title: str
    lead: str
    figures: Callable[[View], Mapping[str, Any]]
    filters: tuple[str, ...] = ()
    depth: int = 0
    template: str = ""
    choices: Callable[[View], Mapping[str, list[Row]]] = lambda _: {}


def rendered(page: Page, settings: Settings, view: View | None, *, is_part: bool = False) -> str:
    """The HTML of a page.

    Args:
        page: The page.
        settings: The settings.
        view: What it is about; None: nothing is published.
        is_part: Only the content of ``<main>``, for the script that swaps it.

    Raises:
        UserError: the snapshot does not have what the page needs.
    """
    if view is None:
        return _html(page, settings, is_part=is_part)
    choices = {} if view.is_file else _choices(view)
    shown = page.figures(view)
    return _html(page, settings, view, is_part=is_part, choices=choices, **shown)


def rendered_error(
    settings: Settings, message: str, hint: str, *, depth: int = 0, is_part: bool = False
) -> str:
    """The HTML that says what happened and what to do next, at the depth of the failed page."""
    page = Page("error", "This page cannot be shown", "", lambda _: {}, depth=depth)
    return _html(page, settings, is_part=is_part, message=message, hint=hint)


def write_report(page: Page, settings: Settings) -> Path:
    """Write a page on the current snapshot as a file, or what to do if there is none.

    Returns:
        The file, ``<name>.html`` in the folder of reports; it is replaced atomically.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    snapshot = current_snapshot(settings)
    if snapshot is None:
        return write_html(page.name, settings, _html(page, settings, is_file=True))
    with open_snapshot(settings, snapshot) as connection:
        view = View(page, settings, Reading(snapshot, connection), is_file=True)
        return write_html(page.name, settings, rendered(page, settings, view))


def _choices(view: View) -> dict[str, list[Row]]:
    """The values that the form of a page offers, by filter."""
    reader = view.reader_of("shell")
    further = view.page.choices(view)
    offered = [name for name in _OFFERED if name in view.page.filters and name not in further]
    return {**{name: reader.rows(name) for name in offered}, **further}


def _html(
    page: Page,
    settings: Settings,
    view: View | None = None,
    *,
    is_part: bool = False,
    is_file: bool = False,
    choices: Mapping[str, list[Row]] = MappingProxyType({}),
    **shown: Any,
) -> str:
    is_file = is_file or (view is not None and view.is_file)
    filters = EVERYTHING if view is None else view.filters
    path = "./" if page.name == FIRST else page.name.rpartition("/")[2]
    html = (
        environment()
        .get_template(f"{page.template or page.name}.html.j2")
        .render(
            page=page,
            settings=settings,
            manifest=None if view is None else view.snapshot.manifest,
            filters=filters,
            choices=choices,
            grains=[{"value": grain, "label": grain} for grain in GRAINS],
            is_file=is_file,
            is_part=is_part,
            path=path,
            navigation=NAVIGATION,
            link=partial(_link, page, filters, is_file),
            here=partial(_here, path, filters),
            csv=partial(_csv, page, filters),
            root="../" * page.depth,
            **shown,
        )
    )
    return html.lstrip()


def _link(page: Page, filters: Filters, is_file: bool, name: str, **changes: object) -> str:
    """The relative address of a page, with the filters that apply to all pages."""
    if is_file:
        return f"{name}.html"
    path = "../" * page.depth + ("" if name == FIRST else name)
    return (path or "./") + filters.address(sort=None, cohorts=None, **changes)


def _here(path: str, filters: Filters, **changes: object) -> str:
    """The address of this page with some filters changed."""
    return path + filters.address(**changes)


def _csv(page: Page, filters: Filters, table: str) -> str:
    """The address of a table of this page as CSV."""
    name = page.name.rpartition("/")[2]
    address = filters.address()
    return f"{name}.csv{address}{'&' if address else '?'}table={table}"
