"""Reads a SQLite database in a child process, within limits.

A database is not trusted: a view of three lines can ask for more memory, disk and time than the
machine has. The child process runs ``sqlite_child``.
"""

import json
import marshal
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ltv_platform.errors import UserError
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.settings import Settings

_CHILD = Path(__file__).with_name("sqlite_child.py")
#: Maximum bytes of a value and of a row.
_LONGEST_VALUE = 64 << 20
#: Memory of the process if LTV_MEMORY_LIMIT sets none. SQLite sorts on disk, so tables of any
#: size are read in a twentieth of it; the longest rows need the rest.
_MEMORY = 1 << 30
#: The least memory in which Python starts and the longest value fits.
_LEAST_MEMORY = 300 << 20
#: A view may join tables, and so return more than the file holds. What exceeds both limits is
#: taken for a bomb, as with compressed files.
_BLOATED_TIMES = 100
_BLOATED_FROM = 256 << 20
#: A row of a table takes more than one byte of the file, so only views exceed this.
_MOST_ROWS = 10_000_000
_MAKE_A_TABLE = "Turn the view into a table."
#: SQLite's errors for a file that cannot grow: as the database is only read, a temporary one.
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
#: Bytes of a message's length.
_SIZE = 8


def read_sqlite(
    copy: PrivateCopy, settings: Settings, question: str, tables: Sequence[str] = ()
) -> Iterator[tuple[Any, ...]]:
    """Query a database in a separate process.

    Args:
        copy: The database.
        settings: ``adapter_timeout`` and ``memory_limit`` limit the process.
        question: ``tables``, ``columns`` of tables, or ``rows`` of one table.
        tables: The tables in question.

    Yields:
        ``("tables", names)``; ``("columns", table, [(name, declared type)])`` for each table;
        ``("names", columns)`` and then ``("rows", batch of rows, bytes of the batch)``.

    Raises:
        UserError: the process exceeded its limits of time, memory, disk or rows, or crashed.
        sqlite3.DatabaseError: the file is not a SQLite database, or is damaged.
    """
    size = copy.path.stat().st_size
    most_bytes = max(_BLOATED_FROM, size * _BLOATED_TIMES)
    most_rows = max(_MOST_ROWS, size)
    order = {
        "address": f"{copy.path.as_uri()}?mode=ro&immutable=1",
        "question": question,
        "tables": list(tables),
        "value": _LONGEST_VALUE,
        "memory": _memory(settings),
        # SQLite sorts in unnamed files, which vanish with the process.
        "file_size": min(most_bytes, shutil.disk_usage(copy.path.parent).free // 2),
        "seconds": settings.adapter_timeout,
    }
    rows = taken = 0
    for packed in _messages(copy, order):
        kind, *content = marshal.loads(packed)  # noqa: S302 - a program of ours has written it
        if kind == "failed":
            raise _fault(copy, order, *content)
        taken += len(packed)
        rows += len(content[0]) if kind == "rows" else 0
        if rows > most_rows or taken > most_bytes:
            what = f"{most_rows:,} rows" if rows > most_rows else f"{most_bytes >> 20:,} MiB"
            raise UserError(
                f"{copy.name} returns more than {what}; perhaps it has an endless view.",
                _MAKE_A_TABLE,
            )
        yield kind, *content, *((len(packed),) if kind == "rows" else ())


def _messages(copy: PrivateCopy, order: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the messages of the process until it ends the stream; it has exited afterwards."""
    process = subprocess.Popen(
        # Without site packages it starts in a fiftieth of a second.
        [sys.executable, "-I", "-S", str(_CHILD), json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "SQLITE_TMPDIR": str(copy.path.parent)},
    )
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(order["seconds"], kill)
    timer.daemon = True
    timer.start()
    assert process.stdout is not None
    try:
        while size := int.from_bytes(process.stdout.read(_SIZE), "little"):
            packed = process.stdout.read(size)
            if len(packed) < size:
                break
            yield packed
        # A length of zero ended the stream.
        if process.wait() == 0:
            return
    finally:
        timer.cancel()
        process.kill()
        process.communicate()
    if late.is_set():
        raise UserError(
            f"{copy.name} took longer than {order['seconds']:g} seconds to read; perhaps it has "
            "an endless view.",
            "Turn the view into a table, or raise LTV_ADAPTER_TIMEOUT.",
        )
    raise UserError(
        f"{copy.name} crashed the process that read it (exit {process.returncode}).",
        "Check it with: sqlite3 FILE 'PRAGMA integrity_check'",
    )


def _fault(
    copy: PrivateCopy, order: Mapping[str, Any], what: str, message: str, code: int
) -> Exception:
    """The error for what SQLite failed at."""
    if what == "MemoryError":
        return UserError(
            f"{copy.name} needs more than {order['memory'] >> 20:,} MiB of memory to read.",
            f"{_MAKE_A_TABLE} Or raise LTV_MEMORY_LIMIT.",
        )
    if code == sqlite3.SQLITE_TOOBIG:
        return UserError(
            f"{copy.name} has a value or a row of more than {_LONGEST_VALUE >> 20} MiB.",
            "Load a view or table without it.",
        )
    if code in _NO_ROOM:
        return UserError(
            f"{copy.name} needs more than {order['file_size'] >> 20:,} MiB of disk space to sort.",
            _MAKE_A_TABLE,
        )
    if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_AUTH):
        return UserError(
            f"{copy.name} cannot be read: {message}.",
            "Replace what it names with a plain table or another view.",
        )
    return sqlite3.DatabaseError(message)


def _memory(settings: Settings) -> int:
    """Bytes of memory that the process may take."""
    match = re.fullmatch(r"([\d.]+) ?([KMGT])(i?)B", settings.memory_limit)
    if match is None:
        return _MEMORY
    number, unit, binary = match.groups()
    base = 1024 if binary else 1000
    return max(_LEAST_MEMORY, int(float(number) * base ** ("KMGT".index(unit) + 1)))
