"""The command lineage: what a figure is computed from, and what uses a column."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from ltv_platform.cli.console import AsFormat, Format, answer, say, show
from ltv_platform.errors import UserError

if TYPE_CHECKING:
    from ltv_platform.contracts import Column, Table
    from ltv_platform.lineage.store import Lineages


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(lineage)


def lineage(
    name: Annotated[str, typer.Argument(help="A table or column, such as campaign_roas.roas_d7.")],
    uses: Annotated[
        bool,
        typer.Option("--uses", help="Show what is computed from it, not what it is computed from."),
    ] = False,
    output: AsFormat = Format.TABLE,
) -> None:
    """Show what a figure is computed from, down to the columns of your files."""
    from ltv_platform.lineage.model import Source
    from ltv_platform.lineage.store import Lineages
    from ltv_platform.lineage.tree import edges, grow, lines, users
    from ltv_platform.settings import load_settings

    lineages = Lineages(load_settings())
    table, column = _found(lineages, name)
    columns = [column] if column else [each.name for each in _columns(table)]
    if uses:
        rows = [
            (str(Source(table.full_name, each)), str(user))
            for each in columns
            for user in users(lineages, Source(table.full_name, each))
        ]
        show(["column", "is used by"], rows, output)
        return
    trees = [grow(lineages, table.full_name, each) for each in columns]
    if output is not Format.TABLE:
        rows = sorted({(str(made), str(of)) for tree in trees for made, of in edges(tree)})
        show(["column", "computed from"], rows, output)
    elif column:
        answer("\n".join(lines(trees[0])))
        if not trees[0].parts:
            say(
                f"It comes from your files; `ltv lineage {name} --uses` shows what is computed "
                "from it."
            )
    else:
        rows = [
            (tree.source.column, ", ".join(str(part.source) for part in tree.parts))
            for tree in trees
        ]
        show(["column", "computed from"], rows, title=table.full_name)


def _found(lineages: "Lineages", name: str) -> "tuple[Table, str]":
    """The table and column of a name; the column is empty if only a table is named."""
    tables = {table.full_name: table for table in lineages.catalog}
    # Plain names are those of core tables; raw logs need the prefix raw.
    tables |= {table.name: table for table in lineages.catalog if table.layer != "raw"}
    if name in tables:
        return tables[name], ""
    of, _, column = name.rpartition(".")
    if of not in tables:
        near = get_close_matches(of or name, tables, n=1)
        raise UserError(
            f"There is no table {of or name}." + (f" Did you mean {near[0]}?" if near else ""),
            "Write it like campaign_roas.roas_d7; `ltv tables` lists the published tables.",
        )
    known = [each.name for each in _columns(tables[of])]
    if column not in known:
        near = get_close_matches(column, known, n=1)
        raise UserError(
            f"{tables[of].full_name} has no column {column}."
            + (f" Did you mean {near[0]}?" if near else ""),
            f"`ltv lineage {of}` lists its columns.",
        )
    return tables[of], column


def _columns(table: "Table") -> "list[Column]":
    """The published columns, then those that are only stored."""
    seen = {column.name for column in table.published}
    return [*table.published, *(c for c in table.columns if c.name not in seen)]
