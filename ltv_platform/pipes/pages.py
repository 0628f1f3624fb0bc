"""The docs page of pipes, generated from their declarations: ``make docs``."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ltv_platform.contracts import build_catalog
from ltv_platform.pipes.clickhouse import type_name
from ltv_platform.pipes.declared import all_pipes
from ltv_platform.pipes.model import DEFAULT_LIMIT, MOST_ROWS, Parameter, Pipe
from ltv_platform.settings import Settings

_HEAD = f"""# Pipes

Generated from the declarations in `ltv_platform/pipes/declared/` by `make docs`; do not edit.

A pipe answers figures by name and parameters, to programs:

```bash
curl "http://127.0.0.1:8123/v0/pipes/customer_ltv.json?country=US&is_active=1&token=$TOKEN"
```

- **Request.** `GET`, or `POST` with the parameters as a JSON object or as a form. Formats are
  `.json`, `.ndjson`, `.csv` and `.parquet`. `GET /v0/pipes` lists all pipes with their
  parameters, in the shape that Tinybird's clients read; `GET /v0/pipes/NAME` describes one. A
  token needs the scope `READ:NAME`, and `READ:pipes` for the list.
- **Figures.** Without filters, a pipe answers the published table of [tables.md](tables.md), to
  the last digit. With filters, it runs the SELECT of that table over what was chosen: filters on
  customers apply before anything is added up, unless the pipe says otherwise.
- **As of.** `as_of` is the last day in the figures and `snapshot` the published state: in JSON; in
  the headers `X-LTV-As-Of` and `X-LTV-Snapshot` of the others; in the metadata of Parquet files.
- **Filters.** A text filter may be repeated: rows with any of its values count. An empty filter,
  a value of another type, a parameter given twice and an unknown parameter are errors (400) that
  name it and what is expected. `from` and `token`, which clients add, are ignored.
- **Periods.** Both ends are included. A day without a time stands for all of it, and a time for
  all of its second. Times without a zone, and days, are of the reporting zone (`LTV_TIMEZONE`);
  write `2026-03-01 10:00:00Z` for UTC. Times in answers are UTC.
- **Pages.** `limit` is {DEFAULT_LIMIT} by default and at most {MOST_ROWS:,}; rows are ordered by
  the key of the table. `rows_before_limit_at_least` is the exact number of rows without `limit`
  and `offset`.
- **Values.** `meta` has the type of each column by its name in ClickHouse. Decimals are numbers
  with all of their digits, flags are 0 or 1, times are `YYYY-MM-DD HH:MM:SS`; NULL is what is not
  known.
- **Statistics.** `elapsed` is in seconds. `rows_read` and `bytes_read` are those of the tables
  that the answer was computed from; an answer that was still in memory has read nothing (0).

## What is fast

Filters on published rows, and cohorts and retention by country, segment, source and whole months,
take milliseconds, also with a million customers: tables of the snapshot are kept in memory, cohorts
and retention are added up from `customer_cohort_sums` and `customer_retention_sums`, and answers
are remembered until the next snapshot. For that one, the newest questions are answered before it is
shown, within seconds of its publication.

Cohorts and retention of a period that begins or ends within a month, `customer_segmentation` with a
period, and `ltv_influencing_factors` with filters read every event of the chosen customers: up to
seconds.
"""


def pipes_page(pipes: Iterable[Pipe], published: Iterable[str]) -> str:
    """Markdown: every pipe with its parameters, and its columns if they are not those of a table.

    Args:
        pipes: The pipes.
        published: Names of published tables.
    """
    lines = [_HEAD]
    tables = frozenset(published)
    for pipe in pipes:
        lines += _section(pipe, tables)
    return "\n".join(lines)


def _section(pipe: Pipe, tables: frozenset[str]) -> Iterator[str]:
    yield f"## {pipe.name}\n"
    yield f"{pipe.description} {pipe.notes}".strip() + "\n"
    yield "| parameter | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    yield from map(_row, pipe.parameters)
    yield ""
    if pipe.table in tables:
        yield f"Columns: those of `{pipe.table}` in [tables.md](tables.md).\n"
        return
    names = ", ".join(f"`{column.name}` {type_name(column)}" for column in pipe.columns)
    yield f"Columns: {names}.\n"


def _row(parameter: Parameter) -> str:
    default = "" if parameter.default is None else str(parameter.default)
    meaning = parameter.description
    if parameter.choices:
        meaning += f" One of {', '.join(parameter.choices)}."
    return f"| `{parameter.name}` | {parameter.type} | {default} | {meaning} |"


if __name__ == "__main__":
    # With default settings, independent of the environment.
    settings = Settings.model_construct()
    names = [table.name for table in build_catalog(settings) if table.layer != "raw"]
    page = pipes_page(all_pipes(settings).values(), [*names, "quarantine"])
    Path(sys.argv[1]).write_text(page.rstrip() + "\n", "utf-8")
