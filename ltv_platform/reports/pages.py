"""What the report pages share: reading the snapshot by queries of a template, writing a page.

A page is ``templates/<name>.html.j2`` over the figures of ``templates/<name>.sql.j2``. No wall
clock: the same snapshot gives the same page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from ltv_platform.atomic_files import draft_of, sync
from ltv_platform.failpoints import failpoint
from ltv_platform.settings import SUMMARY_HORIZON, Settings

Row: TypeAlias = dict[str, Any]
Table: TypeAlias = tuple[list[str], list[tuple[Any, ...]]]

#: What the templates know beside the figures.
CONSTANTS = {
    "summary_horizon": SUMMARY_HORIZON,
    # The terminal's tables show two horizons: does it start well, does it pay back?
    "later_horizon": 30,
    # Smaller groups carry a mark, because they win by luck (metrics.md section 2).
    "small_base": 30,
    # The spend that payback_day must rest on (metrics.md section 2); curves are dashed below.
    "firm_share": 0.8,
    # Cohorts and curves of their own; more make a page that no browser likes.
    "most_campaigns": 30,
    "most_countries": 10,
    "most_channels": 50,
    "most_cohorts": 36,
    "most_moves": 12,
    "most_factors": 40,
}

_TEMPLATES = files("ltv_platform") / "reports" / "templates"


@dataclass(frozen=True)
class Reader:
    """Tables, asked by the queries of one template.

    Attributes:
        ask: Names and rows of a query.
        queries: Name of the template, as in ``campaigns``.
    """

    ask: Callable[[str], Table]
    queries: str

    def sql(self, query: str, *arguments: object) -> str:
        """A query of the template."""
        macros = environment().get_template(f"{self.queries}.sql.j2").module
        return str(getattr(macros, query)(*arguments))

    def table(self, query: str, *arguments: object) -> Table:
        """Names and rows of a query of the template."""
        return self.ask(self.sql(query, *arguments))

    def rows(self, query: str, *arguments: object) -> list[Row]:
        """The same, each row by the names of its columns."""
        names, rows = self.table(query, *arguments)
        return [dict(zip(names, row, strict=True)) for row in rows]


def published(connection: duckdb.DuckDBPyConnection) -> Callable[[str], Table]:
    """Asks a snapshot."""

    def ask(sql: str) -> Table:
        cursor = connection.execute(sql)
        return [name for name, *_ in cursor.description], cursor.fetchall()

    return ask


def render_page(name: str, settings: Settings, **figures: Any) -> str:
    """The HTML of a page."""
    page = environment().get_template(f"{name}.html.j2")
    return page.render(settings=settings, **figures).lstrip()


def write_page(settings: Settings, name: str, page: str) -> Path:
    """Write a page into the folder of reports, replacing it in one step.

    Raises:
        UserError: the file cannot be written.
    """
    path = settings.reports_path / f"{name}.html"
    with draft_of(path) as draft:
        draft.write_text(page, "utf-8")
        sync(draft)
        failpoint("report drafted")
    return path


@cache
def environment() -> Environment:
    """Templates of pages and of their queries."""

    def load(name: str) -> str:
        return (_TEMPLATES / name).read_text("utf-8")

    made = Environment(
        # Names come from files, so any of them may hold markup; SQL takes none of them in.
        autoescape=select_autoescape(disabled_extensions=("sql.j2",), default=True),
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(CONSTANTS)
    made.filters.update(amount=_amount, count=_count, percent=_percent)
    return made


def _amount(value: Decimal | float) -> str:
    """Two decimals, thousands apart, a true minus: −1,234.50; for money and for ratios."""
    text = f"{abs(value):,.2f}"
    return text if value >= 0 or not text.strip("0.,") else f"−{text}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float, decimals: int = 0) -> str:
    return f"{100 * value:.{decimals}f} %".replace("-", "−")
