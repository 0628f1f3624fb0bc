"""The docs page of all tables, generated from their contracts: ``make docs``."""

import sys
from collections.abc import Iterator
from pathlib import Path

from ltv_platform.contracts import build_catalog
from ltv_platform.contracts.model import Catalog, Column, SourceTable, Table
from ltv_platform.contracts.operations import PUBLISHED_OPERATIONS
from ltv_platform.settings import Settings

_HEAD = """# Tables

Generated from the contracts in `ltv_platform/contracts/` by `make docs`; do not edit.
Column types are those of DuckDB. *required* is never NULL; *PII* can identify a person. An
unreadable *attribute* becomes NULL and is counted in `loads`, and its row is still loaded.
"""

_FILES = """## Which files are read

By extension, each also with `.gz`: `.csv`, `.tsv` and `.txt` (delimiter detected), `.ndjson`
and `.jsonl`, `.json`, `.parquet`, `.db`, `.sqlite` and `.sqlite3`, `.xlsx` and `.xlsm`.

- A `.json` file holds an array of objects, or one object around a single list of them, as in
  `{"data": [...], "next": null}` or `{"response": {"data": [...]}}`, with no column of
  the table next to the list. A note says where the records were found.
- A workbook is read from its first visible sheet, or the one given by `ltv ingest --sheet NAME`.
  The first non-empty row names the columns; empty rows are skipped. Formulas have the value saved
  with the workbook; errors such as `#N/A` are empty.
"""

_VALUES_HEAD = """## How values are read

Whitespace around a value is ignored, and an empty value is NULL. A value in any other form sends
the row to quarantine or, in an attribute, is left empty.
"""

#: Type, accepted values, and rejected values.
_VALUES = (
    (
        "TIMESTAMP",
        "`2025-03-01`, `2025-03-01 10:00`, `2025-03-01T10:00:00.123`; with `Z`, `UTC`, `GMT`, "
        "`-05`, `-0500`, `-05:00` or `Europe/Berlin` after it, with or without a space; without a "
        "zone, `LTV_SOURCE_TIMEZONE` applies",
        "`01.03.2025`, `03/01/2025`, seconds since 1970: convert these in an adapter",
    ),
    ("DATE", "`2025-03-01`, also with ` 00:00:00`", "as above"),
    ("TIME", "`10:00`, `10:00:00`, `10:00:00.123`", "`24:00`, `9:30`"),
    (
        "a placeholder date",
        "",
        "`1970-01-01`, `1969-12-31`, `1900-01-01`, `0001-01-01`, at any time of day",
    ),
    (
        "DECIMAL",
        "`12`, `12.50`, `.5`, `1e3`; with more decimals than the column if rounding changes "
        "less than a billionth of the number, such as `12.340000000000002`: rounded and counted as "
        "`rounded` in `loads`",
        "`1,000.00`, `0.0000005`, more than twelve digits before the point (ten for rates)",
    ),
    (
        "binary double (Parquet, SQLite, workbooks, the result of an adapter)",
        "rounded to the decimals of the column; counted for Parquet and adapters",
        "infinity, NaN",
    ),
    ("INTEGER", "`12`, `12.0`, `1e3`", "`12.5`, `25-34`"),
    (
        "BOOLEAN",
        "`1`, `true`, `t`, `yes`, `y`, `1.0` and `0`, `false`, `f`, `no`, `n`, `0.0`, in any case",
        "`2`, `maybe`",
    ),
    ("currency", "three letters in any case", "`euro`"),
    (
        "country",
        "an ISO 3166-1 code of two or three letters or English name, in any case; figures "
        "use the two-letter code (`UK` is GB)",
        "kept in capitals as a separate country; a check warns",
    ),
)


def tables_page(catalog: Catalog) -> str:
    """Markdown: the source tables as users bring them, then every published table."""
    lines = [_HEAD, _FILES, _VALUES_HEAD, "| type | read | not read |", "| --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in _VALUES]
    lines.append("\n## Source tables\n")
    for source in catalog.sources.values():
        lines += _section(source.name, source.description, source.key, source.columns)
        lines += _source_notes(source)
    lines.append("## Published tables\n")
    for table in catalog:
        if table.layer != "raw" or table in PUBLISHED_OPERATIONS:
            lines += _section(_title(table), table.description, table.key, table.published)
    return "\n".join(lines) + "\n"


def table_page(table: Table) -> str:
    """Markdown: one published table."""
    return "\n".join(_section(_title(table), table.description, table.key, table.published))


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
        given = {"required": column.required, "PII": column.pii, "attribute": column.attribute}
        marks = [mark for mark, holds in given.items() if holds]
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
    # With default settings, independent of the environment.
    page = tables_page(build_catalog(Settings.model_construct()))
    Path(sys.argv[1]).write_text(page, "utf-8")
