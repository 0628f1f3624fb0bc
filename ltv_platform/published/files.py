"""Counts rows in the single Parquet files of a snapshot, which may be damaged."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ltv_platform.contracts.ddl import literal


def count_rows(
    folder: Path, condition_of: Callable[[Sequence[str]], tuple[str, Mapping[str, Any]]]
) -> dict[Path, int | None]:
    """The number of rows of each file that meet a condition.

    Args:
        folder: The snapshot.
        condition_of: Returns the condition for a file's columns, and its parameters; files with an
            empty condition are left out.

    Returns:
        The number of rows by file; None: the file is damaged.
    """
    counts: dict[Path, int | None] = {}
    with duckdb.connect(config={"python_enable_replacements": False}) as connection:
        for path in sorted(folder.rglob("*.parquet")):
            read = f"read_parquet({literal(str(path))}, hive_partitioning = false)"
            try:
                columns = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
                condition, values = condition_of([name for name, *_ in columns])
                if condition:
                    [(count,)] = connection.execute(
                        f"SELECT COUNT(*) FROM {read} WHERE {condition}", dict(values)
                    ).fetchall()
                    counts[path] = int(count)
            except duckdb.Error:
                counts[path] = None
    return counts
