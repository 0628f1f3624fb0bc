"""Opening the DuckDB file: one process at a time, so wait for the lock and say who holds it."""

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
def open_warehouse(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse file for writing; closed in any case.

    Raises:
        UserError: another process held the file for longer than ``LTV_LOCK_TIMEOUT``, or it
            is no DuckDB file.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    connection = _connect(settings)
    try:
        connection.execute("SET timezone = 'UTC'")
        yield connection
    finally:
        connection.close()


def _connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    path = settings.warehouse_path
    give_up = time.monotonic() + settings.lock_timeout
    pause = 0.02
    while True:
        try:
            return duckdb.connect(str(path), config=connection_config(settings))
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
                    f"The warehouse {path} is held by {who} "
                    f"(waited {settings.lock_timeout:g} s).",
                    "Let it finish or end it, then try again; LTV_LOCK_TIMEOUT waits longer.",
                ) from error
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
