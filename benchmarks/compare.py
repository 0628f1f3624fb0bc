"""Whether two results are equal, and where they differ."""

from collections.abc import Sequence

import duckdb

from benchmarks.processes import ContenderError, Stopwatch
from ltv_platform.contracts.ddl import column_list, literal, quoted

#: Columns that a message names, of those that differ.
_MOST_COLUMNS = 5


def same_rows(
    _: Stopwatch,
    names: Sequence[str],
    files: Sequence[str],
    key: Sequence[str],
    money: Sequence[str],
) -> dict[str, int]:
    """Compare Parquet files with the first of them, exactly; ends with an error that says where.

    Args:
        _: Nothing is timed.
        names: Who made each file.
        files: The files.
        key: Columns that identify a row.
        money: Columns that may be in whole millionths.
    """
    with duckdb.connect() as connection:
        columns = _columns(connection, files[0])
        for name, file in zip(names[1:], files[1:], strict=True):
            theirs = _columns(connection, file)
            if set(theirs) != set(columns):
                raise ContenderError(
                    f"{name} has other columns: {sorted(set(theirs) ^ set(columns))}"
                )
            for place, path in enumerate((files[0], file)):
                kinds = _columns(connection, path)
                select = ", ".join(_comparable(c, kinds[c], c in money) for c in columns)
                connection.execute(
                    f"CREATE OR REPLACE TEMP TABLE side_{place} AS "
                    f"SELECT {select} FROM read_parquet({literal(path)})"
                ).fetchall()
            _compare(connection, names[0], name, list(columns), list(key))
        [(rows,)] = connection.execute("SELECT COUNT(*) FROM side_0").fetchall()
    return {"rows": rows}


def _columns(connection: duckdb.DuckDBPyConnection, file: str) -> dict[str, str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(file)})")
    return {str(name): str(kind) for name, kind, *_ in described.fetchall()}


def _comparable(name: str, kind: str, is_money: bool) -> str:
    """The column as a number or text that compares exactly."""
    column = quoted(name)
    if is_money:
        millionths = f"{column} * 1000000" if kind.startswith("DECIMAL") else column
        return f"CAST({millionths} AS HUGEINT) AS {column}"
    return f"CAST({column} AS {'BIGINT' if 'INT' in kind else 'VARCHAR'}) AS {column}"


def _compare(
    connection: duckdb.DuckDBPyConnection,
    ours: str,
    theirs: str,
    columns: list[str],
    key: list[str],
) -> None:
    on = column_list(tuple(key))
    differs = " OR ".join(
        f"side_0.{quoted(c)} IS DISTINCT FROM side_1.{quoted(c)}" for c in columns if c not in key
    )
    # Keys are never NULL, so a row that only one side has differs in any column that is not.
    differing = connection.execute(
        f"SELECT {on}, side_0.*, side_1.* FROM side_0 FULL JOIN side_1 USING ({on}) "
        f"WHERE {differs} ORDER BY {on} LIMIT 1"
    ).fetchall()
    if differing:
        values = list(differing[0])
        place, width = values[: len(key)], len(columns)
        sides = zip(columns, values[len(key) :][:width], values[-width:], strict=True)
        wrong = [f"{name} {mine} ≠ {other}" for name, mine, other in sides if mine != other]
        raise ContenderError(
            f"{ours} and {theirs} differ, first at {dict(zip(key, place, strict=True))}: "
            + ", ".join(wrong[:_MOST_COLUMNS])
        )
    counts = connection.execute(
        "SELECT (SELECT COUNT(*) FROM side_0), (SELECT COUNT(*) FROM side_1)"
    ).fetchall()
    if counts[0][0] != counts[0][1]:
        raise ContenderError(f"{ours} gives {counts[0][0]} rows, {theirs} {counts[0][1]}")
