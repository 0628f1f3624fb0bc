"""Opening the DuckDB file: one process at a time, so wait for the lock and say who holds it."""

import random
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from ltv_platform.errors import UserError
from ltv_platform.settings import Settings

#: Longest pause between two attempts, in seconds: a run holds the file for a statement or two.
_LONGEST_PAUSE = 0.5


def connection_config(settings: Settings) -> dict[str, Any]:
    """DuckDB settings; all connections of a process to one file must agree on them."""
    config: dict[str, Any] = {
        # Otherwise a missing table is silently read from a local variable of that name.
        "python_enable_replacements": False,
    }
    if settings.memory_limit:
        config["memory_limit"] = settings.memory_limit
    if settings.threads:
        config["threads"] = settings.threads
    return config


@contextmanager
def open_database(
    path: Path, config: Mapping[str, Any], lock_timeout: float
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a DuckDB file for writing, in UTC; closed in any case.

    Args:
        path: The file; its folder is made if need be.
        config: DuckDB settings.
        lock_timeout: Seconds to wait while another process holds the file.

    Raises:
        UserError: another process held the file for longer, or it is no DuckDB file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(path, config, lock_timeout)
    try:
        connection.execute("SET timezone = 'UTC'")
        yield connection
    finally:
        connection.close()


def open_warehouse(settings: Settings) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse file for writing."""
    return open_database(
        settings.warehouse_path, connection_config(settings), settings.lock_timeout
    )


def _connect(
    path: Path, config: Mapping[str, Any], lock_timeout: float
) -> duckdb.DuckDBPyConnection:
    give_up = time.monotonic() + lock_timeout
    pause = 0.02
    while True:
        try:
            return duckdb.connect(str(path), config=dict(config))
        except duckdb.IOException as error:
            text = str(error)
            if "Could not set lock" not in text:
                raise UserError(
                    f"The warehouse {path} cannot be opened: {text}",
                    "If it is damaged, move it away and load the files in loaded/ again.",
                ) from error
            if time.monotonic() >= give_up:
                holder = re.search(r"PID (\d+)", text)
                who = f"process {holder[1]}" if holder else "another process"
                raise UserError(
                    f"The warehouse {path} is held by {who} (waited {lock_timeout:g} s).",
                    "Let it finish or end it, then try again; LTV_LOCK_TIMEOUT waits longer.",
                ) from error
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
