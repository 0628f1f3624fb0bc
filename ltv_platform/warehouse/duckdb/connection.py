"""Opens the DuckDB file: one process at a time, so wait for the lock and name its holder."""

import fcntl
import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from ltv_platform.errors import BusyError, PassingError, UserError
from ltv_platform.locks import temporary_folder
from ltv_platform.settings import Settings
from ltv_platform.warehouse.error_texts import (
    holder_of,
    is_damage,
    is_held,
    takes_no_more,
)

#: Longest pause between two attempts, in seconds: runs hold the file only for a few statements.
_LONGEST_PAUSE = 0.5

_IF_DAMAGED = (
    "If it is damaged, restore a backup, or move it away and reload the files in loaded/; "
    "docs/operations.md shows how."
)
#: Seconds between two attempts to lock others out.
_PAUSE = 0.1


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


def spill_path(database: Path) -> Path:
    """The folder to which an open database spills what does not fit into memory."""
    return database.with_name(database.name + ".tmp")


@contextmanager
def open_database(
    path: Path, config: Mapping[str, Any], lock_timeout: float
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a DuckDB file for writing, in UTC; always closed.

    Args:
        path: The file; its folder is created if necessary.
        config: DuckDB settings.
        lock_timeout: Seconds to wait while another process holds the file.

    Raises:
        BusyError: another process held the file for longer.
        PassingError: the disk is full; uncommitted changes are undone.
        UserError: the file is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not path.exists():
            _create(path)
        connection = _connect(path, config, lock_timeout)
        try:
            connection.execute("SET timezone = 'UTC'")
            yield connection
        finally:
            connection.close()
    except duckdb.Error as error:
        text = str(error)
        if is_damage(error):
            raise UserError(f"The warehouse {path} is damaged: {text}", _IF_DAMAGED) from error
        if takes_no_more(error):
            raise PassingError(
                f"The disk is full: {text}",
                "Unfinished work was rolled back. Free some space, then run the same command "
                "again.",
            ) from error
        raise


def _create(path: Path) -> None:
    """Create an empty database; a kill or a full disk leaves no partial file."""
    with temporary_folder(path.parent, "warehouse_") as folder:
        duckdb.connect(str(folder / path.name)).close()
        # Another process was faster, or there are no hard links: then it is created in place.
        with suppress(OSError):
            os.link(folder / path.name, path)


def open_warehouse(
    settings: Settings, lock_timeout: float | None = None
) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse file for writing.

    Args:
        settings: Name the LTV_HOME.
        lock_timeout: Seconds to wait while another process holds it; None: LTV_LOCK_TIMEOUT.
    """
    timeout = settings.lock_timeout if lock_timeout is None else lock_timeout
    return open_database(settings.warehouse_path, connection_config(settings), timeout)


def _connect(
    path: Path, config: Mapping[str, Any], lock_timeout: float
) -> duckdb.DuckDBPyConnection:
    give_up = time.monotonic() + lock_timeout
    pause = 0.02
    while True:
        try:
            return duckdb.connect(str(path), config=dict(config))
        except duckdb.Error as error:  # a plain duckdb.Error if a block is damaged
            if not is_held(error):
                raise UserError(
                    f"The warehouse {path} cannot be opened: {error}", _IF_DAMAGED
                ) from error
            if time.monotonic() >= give_up:
                holder = holder_of(error)
                who = "another process" if holder is None else f"process {holder}"
                raise BusyError(
                    f"The warehouse {path} is held by {who} (waited {lock_timeout:g} s).",
                    "Let it finish or end it, then try again. Raise LTV_LOCK_TIMEOUT to wait "
                    "longer.",
                ) from error
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret
            pause = min(2 * pause, _LONGEST_PAUSE)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Lock the existing file, with the same lock as DuckDB.

    Nothing else in this process may have it open: closing it would release the lock.

    Raises:
        UserError: another process holds it.
    """
    if not settings.warehouse_path.exists():
        yield
        return
    with settings.warehouse_path.open("rb+") as warehouse:
        give_up = time.monotonic() + settings.lock_timeout
        while True:
            try:
                fcntl.lockf(warehouse, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= give_up:
                    raise UserError(
                        f"The warehouse {settings.warehouse_path} is held by another process "
                        f"(waited {settings.lock_timeout:g} s).",
                        "Let it finish or end it, then run the same `ltv restore` again. Raise "
                        "LTV_LOCK_TIMEOUT to wait longer.",
                    ) from error
            time.sleep(_PAUSE)
        yield
