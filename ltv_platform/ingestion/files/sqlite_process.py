"""A process that reads a SQLite database for us, and the limits that it must keep.

Nothing of a database is believed: a view of three lines can ask for more memory, disk and time
than there is. ``sqlite_child`` is what runs there.
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
#: Bytes of a value, and of a row.
_LONGEST_VALUE = 64 << 20
#: Memory of the process where LTV_MEMORY_LIMIT says nothing. SQLite sorts on disk, so tables of
#: any size are read in a twentieth of it; the longest rows need the rest.
_MEMORY = 1 << 30
#: The least memory in which Python starts and the longest value fits.
_LEAST_MEMORY = 300 << 20
#: A view may join tables, and thus give more than the file holds; what grows to more than both is
#: taken for a bomb, as a packed file is.
_BLOATED_TIMES = 100
_BLOATED_FROM = 256 << 20
#: A row of a table takes more than one byte of the file, so only views come to so many.
_MOST_ROWS = 10_000_000
_MAKE_A_TABLE = "Make a table of the view."
#: Codes of SQLite for a file that cannot grow; of a database that is only read, one of its own.
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
#: Bytes that say how long a message is.
_SIZE = 8


def read_sqlite(
    copy: PrivateCopy, settings: Settings, question: str, tables: Sequence[str] = ()
) -> Iterator[tuple[Any, ...]]:
    """Ask a process of its own about a database.

    Args:
        copy: The database.
        settings: ``adapter_timeout`` and ``memory_limit`` are its limits.
        question: ``tables``, ``columns`` of tables, or ``rows`` of one.
        tables: What it is about.

    Yields:
        ``("tables", names)``; ``("columns", table, [(name, declared type)])`` for each table;
        ``("names", columns)`` and then ``("rows", some rows, bytes of them)``.

    Raises:
        UserError: it took too much time, memory, disk or rows, or died of it.
        sqlite3.DatabaseError: it is not a SQLite database, or a damaged one.
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
        # What SQLite sorts lies in files without a name, which end with the process.
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
                f"{copy.name} gives more than {what}; perhaps a view in it has no end.",
                _MAKE_A_TABLE,
            )
        yield kind, *content, *((len(packed),) if kind == "rows" else ())


def _messages(copy: PrivateCopy, order: Mapping[str, Any]) -> Iterator[bytes]:
    """What the process says, up to its last word; it is gone afterwards."""
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
        # A size of zero is the last word.
        if process.wait() == 0:
            return
    finally:
        timer.cancel()
        process.kill()
        process.communicate()
    if late.is_set():
        raise UserError(
            f"{copy.name} took longer than {order['seconds']:g} seconds to be read; perhaps a view "
            "in it has no end.",
            "Make a table of the view; LTV_ADAPTER_TIMEOUT gives it more time.",
        )
    raise UserError(
        f"{copy.name} ended the process that read it (exit {process.returncode}).",
        "Check it with: sqlite3 FILE 'PRAGMA integrity_check'",
    )


def _fault(
    copy: PrivateCopy, order: Mapping[str, Any], what: str, message: str, code: int
) -> Exception:
    """The error that tells the user what SQLite failed at."""
    if what == "MemoryError":
        return UserError(
            f"{copy.name} needs more than {order['memory'] >> 20:,} MiB of memory to be read.",
            f"{_MAKE_A_TABLE} LTV_MEMORY_LIMIT gives it more.",
        )
    if code == sqlite3.SQLITE_TOOBIG:
        return UserError(
            f"{copy.name} has a value or a row of more than {_LONGEST_VALUE >> 20} MiB.",
            "Leave it out: load a view or a table without it.",
        )
    if code in _NO_ROOM:
        return UserError(
            f"{copy.name} needs more than {order['file_size'] >> 20:,} MiB on the disk to be "
            "sorted.",
            _MAKE_A_TABLE,
        )
    if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_AUTH):
        return UserError(
            f"{copy.name} cannot be read: {message}.",
            "Put a plain table, or another view, in the place of what it names.",
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
