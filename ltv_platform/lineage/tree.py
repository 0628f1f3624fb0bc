"""The lineage of a figure as a tree, down to columns of the user's files."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ltv_platform.contracts import Catalog
from ltv_platform.lineage.model import Source, Sources
from ltv_platform.lineage.store import Lineages


@dataclass
class Branch:
    """A column, and what it is computed from.

    Attributes:
        source: The column.
        note: Its description in the contract.
        by_model: A fit computes it from all its parts.
        is_constant: It is fixed in the SQL, or is a setting.
        is_shown: Its parts already appear elsewhere in the tree.
        parts: What it is computed from.
    """

    source: Source
    note: str
    by_model: bool = False
    is_constant: bool = False
    is_shown: bool = False
    parts: list["Branch"] = field(default_factory=list)


def grow(lineages: Lineages, table: str, column: str) -> Branch:
    """Build the tree of a published column, or of a stored one that is not published.

    The parts of a column appear once, even if many columns come from it.

    Args:
        lineages: Lineage of all tables.
        table: Full name of the table.
        column: Its column.

    Raises:
        KeyError: there is no such table or column.
    """
    shown: set[Source] = set()

    def branch(source: Source, parts: Sources) -> Branch:
        grown = Branch(source, _note(lineages.catalog, source))
        grown.is_shown = bool(parts) and source in shown
        if not grown.is_shown:
            shown.add(source)
            grown.parts = [branch(part, _stored(lineages, part)) for part in parts]
            if source.table in lineages:
                grown.by_model = source.column in lineages[source.table].by_model
                grown.is_constant = not parts
        return grown

    root = Source(table, column)
    if table not in lineages:
        return Branch(root, _note(lineages.catalog, root))
    lineage = lineages[table]
    if column not in lineage.published:
        return branch(root, lineage.columns[column])
    # The published column may have the same name as the stored one that it comes from.
    parts = lineage.published[column]
    note = _published_note(lineages.catalog, root)
    if parts == (root,):
        return Branch(root, note, parts=branch(root, lineage.columns[column]).parts)
    return Branch(root, note, parts=[branch(part, _stored(lineages, part)) for part in parts])


def lines(root: Branch, *, notes: bool = True) -> Iterator[str]:
    """The tree as text, one line per column."""

    def text(branch: Branch) -> str:
        marks = [
            *(["by the model, from:"] if branch.by_model else []),
            *(["(a constant)"] if branch.is_constant else []),
            *(["(see above)"] if branch.is_shown else []),
        ]
        note = f"  {branch.note}" if notes and branch.note and not branch.is_shown else ""
        return "  ".join((str(branch.source), *marks)) + note

    def below(branch: Branch, indent: str) -> Iterator[str]:
        for position, part in enumerate(branch.parts, start=1):
            is_last = position == len(branch.parts)
            yield f"{indent}{'└─ ' if is_last else '├─ '}{text(part)}"
            yield from below(part, indent + ("   " if is_last else "│  "))

    yield text(root)
    yield from below(root, "")


def edges(root: Branch) -> Iterator[tuple[Source, Source]]:
    """Pairs of each column of the tree and each column it is computed from."""
    for part in root.parts:
        yield root.source, part.source
        yield from edges(part)


def users(lineages: Lineages, source: Source) -> list[Source]:
    """Published columns that are computed from a column, directly or indirectly.

    Args:
        lineages: Lineage of all tables.
        source: A column of any table.

    Returns:
        Columns in the order of the tables, inputs first; a stored column and the published one
        of the same name count as one.
    """
    made_of: dict[Source, list[Source]] = {}
    for table in lineages:
        lineage = lineages[table]
        for columns in (lineage.columns, lineage.published):
            for name, sources in columns.items():
                for part in sources:
                    made_of.setdefault(part, []).append(Source(table, name))
    found, pending = dict[Source, None](), [source]
    while pending:
        for user in made_of.get(pending.pop(), ()):
            if user not in found and user != source:
                found[user] = None
                pending.append(user)
    order = {table: position for position, table in enumerate(lineages)}
    return sorted(found, key=lambda user: (order[user.table], user.column))


def _stored(lineages: Lineages, source: Source) -> Sources:
    if source.table not in lineages:
        return ()
    return lineages[source.table].columns[source.column]


def _note(catalog: Catalog, source: Source) -> str:
    if not source.table:
        return catalog.known_parameters[source.column.removeprefix("$")]
    return catalog[source.table].column(source.column).description


def _published_note(catalog: Catalog, source: Source) -> str:
    columns = catalog[source.table].published
    return next(column.description for column in columns if column.name == source.column)
