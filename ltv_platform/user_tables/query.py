"""A user's SELECT, run inside the warehouse."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ltv_platform.contracts.ddl import quoted
from ltv_platform.tables.transforms import Graph, Select, Transform
from ltv_platform.warehouse.engine import Reader


@dataclass(frozen=True)
class Query:
    """Returned by an asset whose rows the engine computes, without a frame in between.

    Attributes:
        sql: One SELECT in DuckDB's dialect. A table's plain name is the published table, as in
            ``ltv query``; with its schema it is the stored one. Own tables are named with theirs.
        parameters: Values of its ``$parameters``.
    """

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def published_selects(
    engine: Reader, transform: Transform, first: date | None = None, last: date | None = None
) -> list[Select]:
    """SELECTs with the rows of a published table, as of now.

    Args:
        engine: The warehouse.
        transform: The table.
        first: First day of a partitioned table; None: its first.
        last: Last day; None: its last.

    Returns:
        One SELECT per presentation; together they give the rows. None if there are no such days.
    """
    if transform.contract.partition is not None:
        built = engine.state((transform.name,)).built.get(transform.name, {})
        days = [day for day in built if day is not None]
        # Presentations return rows for all requested days, written or not.
        days = [d for d in days if (first or d) <= d <= (last or d)]
        if not days and (first or last):
            return []
        first, last = min(days, default=None), max(days, default=None)
    else:
        first = last = None
    as_of = engine.as_of()
    return [transform.presentation(as_of, first, last, name) for name in transform.presentations]


def ready(engine: Reader, graph: Graph, query: Query) -> Select:
    """The query, preceded by the published tables that it names as CTEs."""
    words = set(re.findall(r"\w+", query.sql.lower()))
    parameters = dict(query.parameters)
    tables = []
    for transform in graph.transforms:
        name = transform.contract.name
        if name in words:
            selects = published_selects(engine, transform)
            rows = "\nUNION ALL BY NAME\n".join(f"SELECT * FROM ({s.sql}) AS part" for s in selects)
            # Renamed: each table has its own days, and the query may use the same names.
            tables.append(
                f"{quoted(name)} AS NOT MATERIALIZED (\n"
                + re.sub(r"\$(\w+)", rf"${name}__\1", rows)
                + "\n)"
            )
            for select in selects:
                parameters.update({f"{name}__{k}": v for k, v in select.parameters.items()})
    # It is put into parentheses, which a semicolon or a comment on the last line would break.
    own = f"SELECT * FROM (\n{query.sql.strip().removesuffix(';')}\n) AS own_rows"
    return Select(f"WITH {', '.join(tables)}\n{own}" if tables else own, parameters)
