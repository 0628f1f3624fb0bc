"""Shared by the report pages: the queries of a page on the snapshot, and writing a page.

A page is ``templates/<name>.html.j2`` with the figures of ``sql/queries/reports/<name>/``. No clock
is read: the same snapshot gives the same page.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import duckdb
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ltv_platform.atomic_files import draft_of, sync
from ltv_platform.failpoints import failpoint
from ltv_platform.published.current import Snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform.reports.formats import amount, change, count, figure, is_thin, percent
from ltv_platform.reports.svg import Chart
from ltv_platform.settings import SUMMARY_HORIZON, Settings
from ltv_platform.tables.rendering import render

Row: TypeAlias = dict[str, Any]
Table: TypeAlias = tuple[list[str], list[tuple[Any, ...]]]

#: Values for the templates besides the figures.
CONSTANTS = {
    "summary_horizon": SUMMARY_HORIZON,
    # The terminal shows two horizons: does a campaign start well, does it pay back?
    "later_horizon": 30,
    # Smaller groups are marked, because they win by luck (metrics.md section 2).
    "small_base": 30,
    # Share of spend required for payback_day (metrics.md section 2); curves are dashed below it.
    "firm_share": 0.8,
    # A campaign to stop with this share of the spend or more is not to be overlooked.
    "large_share": 0.25,
    # Most cohorts and curves: more would make a page too large for browsers.
    "most_campaigns": 30,
    "most_countries": 10,
    "most_channels": 50,
    "most_cohorts": 36,
    "most_moves": 12,
    # More are for `ltv query`.
    "most_loads": 50,
    "most_reasons": 100,
    # Half a year: more bars are too thin.
    "most_weeks": 26,
    "most_factors": 40,
    # A longer list is no help in a form; an address can name any value.
    "most_choices": 200,
}

_TEMPLATES = files("ltv_platform") / "reports" / "templates"
#: How a query refers to a parameter.
_PARAMETER = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True)
class Reader:
    """Reads tables with the queries of one page.

    Attributes:
        ask: Runs a query; returns column names and rows.
        settings: For rendering queries.
        page: The name of the page, and of the folder of its queries.
        schema: Prefix of the names of tables, as in ``marts.``; the snapshot has plain names.
    """

    ask: Callable[[str], Table]
    settings: Settings
    page: str
    schema: str = ""

    def sql(self, query: str, **arguments: object) -> str:
        """The SQL of a query of the page, rendered with the constants of pages and arguments."""
        template = f"queries/reports/{self.page}/{query}.sql"
        known = {**CONSTANTS, "schema": self.schema, **arguments}
        return render(template, self.settings, **known)

    def table(self, query: str, **arguments: object) -> Table:
        """Column names and rows of a query of the page."""
        return self.ask(self.sql(query, **arguments))

    def rows(self, query: str, **arguments: object) -> list[Row]:
        """The rows of a query as dictionaries by column name."""
        names, rows = self.table(query, **arguments)
        return [dict(zip(names, row, strict=True)) for row in rows]


def published(
    connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any] = MappingProxyType({})
) -> Callable[[str], Table]:
    """Run queries on a snapshot.

    Args:
        connection: A connection to it.
        parameters: Values by name; a query is given those that it names, as in ``$country``.
    """

    def ask(sql: str) -> Table:
        named = {name: parameters[name] for name in _PARAMETER.findall(sql) if name in parameters}
        cursor = connection.execute(sql, named)
        return [name for name, *_ in cursor.description], cursor.fetchall()

    return ask


@contextmanager
def open_reader(page: str, settings: Settings, snapshot: Snapshot) -> Iterator[Reader]:
    """A reader of the snapshot for the queries of a page."""
    with open_snapshot(settings, snapshot) as connection:
        yield Reader(published(connection), settings, page)


def write_html(name: str, settings: Settings, page: str) -> Path:
    """Write the HTML of a page; the file, ``<name>.html``, is replaced atomically."""
    path = settings.reports_path / f"{name}.html"
    with draft_of(path) as draft:
        draft.write_text(page, "utf-8")
        sync(draft)
        failpoint("report drafted")
    return path


def drawn(chart: Chart) -> Markup:
    """A chart for a page; charts escape names themselves."""
    return Markup(chart.full)  # noqa: S704


def template_text(name: str) -> str:
    """The text of a file of ``templates/``."""
    return (_TEMPLATES / name).read_text("utf-8")


@cache
def environment() -> Environment:
    """The Jinja environment for pages; queries are rendered like all SQL."""
    made = Environment(
        autoescape=True,  # Names come from files and may contain markup.
        loader=FunctionLoader(template_text),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(CONSTANTS)
    made.globals.update(figure=figure, is_thin=is_thin, source=template_source)
    made.filters.update(amount=amount, count=count, percent=percent, change=change)
    return made


def template_source(name: str) -> Markup:
    """A style sheet or script of ours, to be written into a page as it is."""
    return Markup(template_text(name))  # noqa: S704
