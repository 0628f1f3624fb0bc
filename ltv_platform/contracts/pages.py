"""The docs page of all tables, made of their contracts: ``make docs``."""

import sys
from collections.abc import Iterator
from pathlib import Path

from ltv_platform.contracts import build_catalog
from ltv_platform.contracts.model import Catalog, Column, SourceTable, Table
from ltv_platform.contracts.operations import PUBLISHED_OPERATIONS
from ltv_platform.settings import Settings

_HEAD = """# Tables

Made of the contracts in `ltv_platform/contracts/` by `make docs`; do not edit.
Column types are the engine's. *required* is never NULL; *PII* can identify a person.
"""


def tables_page(catalog: Catalog) -> str:
    """Markdown: the source tables as users bring them, then every published table."""
    lines = [_HEAD, "## Source tables\n"]
    for source in catalog.sources.values():
        lines += _section(source.name, source.description, source.key, source.columns)
        lines += _source_notes(source)
    lines.append("## Published tables\n")
    for table in catalog:
        if table.layer != "raw" or table in PUBLISHED_OPERATIONS:
            lines += _section(_title(table), table.description, table.key, table.published)
    return "\n".join(lines) + "\n"


def _title(table: Table) -> str:
    partition = f", one partition per `{table.partition}`" if table.partition else ""
    return f"{table.name} ({table.layer}{partition})"


def _section(
    title: str, description: str, key: tuple[str, ...], columns: tuple[Column, ...]
) -> Iterator[str]:
    yield f"### {title}\n"
    yield f"{description} Key: {', '.join(f'`{name}`' for name in key)}.\n"
    yield "| column | type | | meaning |"
    yield "| --- | --- | --- | --- |"
    for column in columns:
        marks = [*(["required"] if column.required else []), *(["PII"] if column.pii else [])]
        meaning = column.description.replace("|", "\\|")
        yield f"| {column.name} | {column.type} | {', '.join(marks)} | {meaning} |"
    yield ""


def _source_notes(source: SourceTable) -> Iterator[str]:
    for rule in source.rules:
        yield f"A row is rejected: {rule.reason}.\n"
    if source.replaces is not None:
        names = ", ".join(f"`{name}`" for name in source.replaces)
        yield f"A later load replaces every ({names}) that it contains.\n"


if __name__ == "__main__":
    # Under default settings, whatever the environment says: the page is the project's.
    page = tables_page(build_catalog(Settings.model_construct()))
    Path(sys.argv[1]).write_text(page, "utf-8")
