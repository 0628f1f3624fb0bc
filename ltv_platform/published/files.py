"""The Parquet files of a snapshot one by one, whatever state they are in."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ltv_platform.contracts.ddl import literal


def count_rows(
    folder: Path, condition_of: Callable[[Sequence[str]], tuple[str, Mapping[str, Any]]]
) -> dict[Path, int | None]:
    """How many rows of each file of a snapshot a condition holds for.

    Args:
        folder: The snapshot.
        condition_of: Gives the SQL of the condition on such columns, and its parameters; files
            for which it is empty are left out.

    Returns:
        The number by file; None: the file is damaged.
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
