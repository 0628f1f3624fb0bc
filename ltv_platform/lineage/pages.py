"""Writes the docs page of lineage and the lineage file next to the code: ``make docs``."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ltv_platform.assets import build_graph
from ltv_platform.lineage.model import Sources, TableLineage
from ltv_platform.lineage.store import SHIPPED, Lineages, shipped_text
from ltv_platform.lineage.tables import trace_table
from ltv_platform.lineage.tree import grow, lines
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph, Transform

_HEAD = """# Lineage

What every column is computed from, derived from the SQL of the tables by `make docs`; do not edit.
`ltv lineage campaign_roas.roas_d7` traces any column down to the columns of your files;
`ltv lineage raw.transactions.amount --uses` shows what is computed from it. Both use your settings;
this page uses the defaults. In the Dagster UI, lineage is in the metadata of each asset as
`dagster/column_lineage`.

- A column is computed from every column in its expression: values, conditions, windows.
- A count of rows is computed from the columns that distinguish the rows (such as the key of a
  table) and from the conditions that select them.
- *Rows* are the columns whose filters, joins and grouping decide which rows a table has.
- A column of a union may be traced to all of its tables even if a later condition keeps only one:
  lineage names too many columns rather than too few.
- `_dN` stands for every configured horizon of N days. `$as_of` and the watermarks limit the data
  that figures use ([metrics](metrics.md)).
- *By the model*: a model is fitted in Python to the rows of a SELECT; the column depends on
  everything that the SELECT reads.
"""

#: Figures that people ask for first, with titles.
_HEADLINES = {
    "marts.campaign_roas": {"roas_d7": "ROAS of a campaign after seven days"},
    "marts.campaign_ltv": {"ltv_d7_per_user": "LTV of an installed user after seven days"},
    "marts.customer_ltv": {"ltv": "What a customer is worth so far"},
    "marts.channel_reporting": {"ihc_revenue": "Revenue that IHC credits to a channel"},
    "marts.rfm_segments": {"segment": "RFM segment of a customer"},
    "marts.ltv_forecast": {"expected_revenue_d90": "What a customer will bring in within 90 days"},
    "marts.campaign_ltv_forecast": {"predicted_roas": "Predicted ROAS of a campaign's cohort"},
}

_HORIZON = re.compile(r"_d(\d+)(?=_|$)")


def lineage_page(graph: Graph, lineages: Lineages) -> str:
    """The page in Markdown: headline figures down to the files, then every group and its tables."""
    text = [_HEAD, "## From the files to the figures\n"]
    for table, figures in _HEADLINES.items():
        for column, title in figures.items():
            text += _tree(lineages, table, column, title)
    groups = dict.fromkeys(transform.derivation.group for transform in graph.transforms)
    for group in groups:
        members = [t for t in graph.transforms if t.derivation.group == group]
        text.append(f"## {group.capitalize()}\n")
        text += _graph([lineages[transform.name] for transform in members])
        for transform in members:
            text += _section(transform, lineages[transform.name])
    return "\n".join(text) + "\n"


def _tree(lineages: Lineages, table: str, column: str, title: str) -> Iterator[str]:
    yield f"<details><summary>{title}: <code>{table}.{column}</code></summary>\n"
    yield "```"
    yield from lines(grow(lineages, table, column))
    yield "```\n\n</details>\n"


def _graph(members: list[TableLineage]) -> Iterator[str]:
    """A Mermaid graph of a group's tables and what they read."""
    made = {lineage.table for lineage in members}
    yield "```mermaid\nflowchart LR"
    for table in sorted({name for lineage in members for name in lineage.inputs} - made):
        yield f"  {_node(table)}([{table}])"
    for lineage in members:
        yield f"  {_node(lineage.table)}[{lineage.table}]"
    for lineage in members:
        for table in lineage.inputs:
            yield f"  {_node(table)} --> {_node(lineage.table)}"
    yield "```\n"


def _node(table: str) -> str:
    return table.replace(".", "_")


def _section(transform: Transform, lineage: TableLineage) -> Iterator[str]:
    yield f"### {transform.name}\n"
    yield f"Rows: {_named(lineage.rows, lineage.table)}.\n"
    yield from _columns(lineage.columns, lineage, "column")
    changed = {
        name: sources
        for name, sources in lineage.published.items()
        if [str(source) for source in sources] != [f"{lineage.table}.{name}"]
    }
    if changed:
        yield from _columns(changed, lineage, "published column")
    if lineage.published_rows:
        yield f"Published rows: {_named(lineage.published_rows, lineage.table)}.\n"


def _columns(columns: Mapping[str, Sources], lineage: TableLineage, title: str) -> Iterator[str]:
    """A table of columns; columns that differ only in their horizon share a line."""
    yield f"| {title} | computed from |"
    yield "| --- | --- |"
    made = [name for name in columns if name in lineage.by_model and title == "column"]
    rows: dict[tuple[str, str], None] = {}
    for name, sources in columns.items():
        text = _named(sources, lineage.table)
        horizon = _HORIZON.search(name)
        if name in made:
            rows[", ".join(made), f"by the model, from {text}"] = None
        elif horizon:
            own = re.compile(rf"_d{horizon[1]}(?=_|\b)")
            rows[own.sub("_dN", name), own.sub("_dN", text)] = None
        else:
            rows[name, text] = None
    for name, text in rows:
        yield f"| {name} | {text} |"
    yield ""


def _named(sources: Sources, table: str) -> str:
    """Sources in words, grouped by table."""
    by_table: dict[str, list[str]] = {}
    for source in sources:
        by_table.setdefault(source.table, []).append(source.column)
    parts = [
        ("stored " if name == table else f"`{name}` " if name else "") + ", ".join(columns)
        for name, columns in by_table.items()
    ]
    return "; ".join(parts) or "a constant"


def _write(page: Path) -> None:
    # The page and file are the project's: default settings, not those of the environment.
    settings = Settings.model_construct()
    graph = build_graph(settings)
    found = [(transform, trace_table(transform)) for transform in graph.transforms]
    (Path(__file__).parent / SHIPPED).write_text(shipped_text(found), "utf-8")
    page.write_text(lineage_page(graph, Lineages(settings)), "utf-8")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
