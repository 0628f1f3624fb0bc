"""Reads a SQLite database in a process of its own; run by path, imports nothing of the platform.

A view can take all memory, fill the disk, or stay for ever inside one call of SQLite, where no
handler is asked. Limits of a process hold there too, and it can be killed. ``sqlite_process``
starts it and reads what it says: its length, then ``marshal``.
"""

import json
import marshal
import math
import os
import resource
import sqlite3
import sys
import threading
from collections.abc import Iterator
from typing import Any

#: Rows of an answer; a whole number of them is a batch of ``sqlite_tables``.
_ROWS = 250
#: What SQLite marks columns with that ``SELECT *`` leaves out.
_OUT_OF_SIGHT = 1
#: All that a SELECT does; the rest is refused while it is prepared.
_ALLOWED = (
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
)
#: Bytes that say how long a message is; zero is the last word.
_SIZE = 8
#: The smallest stack; the thread only waits.
_STACK = 1 << 18


def _say(*answer: Any) -> None:
    packed = marshal.dumps(answer, 2)
    sys.stdout.buffer.write(len(packed).to_bytes(_SIZE, "little"))
    sys.stdout.buffer.write(packed)


def _end_with_parent() -> None:
    """Whoever reads the answers holds standard input open as long as they live."""
    os.read(0, 1)
    os._exit(1)


def _limit(memory: int, seconds: int, file_size: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (value, value))


def _answers(
    connection: sqlite3.Connection, question: str, tables: list[str]
) -> Iterator[tuple[Any, ...]]:
    if question == "tables":
        sql = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        yield "tables", [name for (name,) in connection.execute(sql)]
    elif question == "columns":
        sql = "SELECT name, type, hidden FROM pragma_table_xinfo(?) ORDER BY cid"
        for table in tables:
            columns = connection.execute(sql, (table,)).fetchall()
            yield "columns", table, [(n, t) for n, t, hidden in columns if hidden != _OUT_OF_SIGHT]
    else:
        connection.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
        )
        name = tables[0].replace('"', '""')
        cursor = connection.execute(f'SELECT * FROM "{name}"')
        yield "names", [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(_ROWS):
            yield "rows", rows


def main(order: dict[str, Any]) -> None:
    """Answer one question.

    Args:
        order: ``address`` of the database, ``question`` (tables, columns or rows), ``tables``
            that it is about; ``value``, ``memory`` and ``file_size`` in bytes and ``seconds``
            are the limits.
    """
    threading.stack_size(_STACK)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit(order["memory"], math.ceil(order["seconds"]) + 1, order["file_size"])
    try:
        connection = sqlite3.connect(order["address"], uri=True)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, order["value"])
        # What views of a file from outside may not call.
        connection.execute("PRAGMA trusted_schema = off")
        for answer in _answers(connection, order["question"], order["tables"]):
            _say(*answer)
    except (MemoryError, sqlite3.Error, UnicodeDecodeError) as error:
        code = getattr(error, "sqlite_errorcode", 0)
        _say("failed", type(error).__name__, str(error), code)
    sys.stdout.buffer.write(bytes(_SIZE))
    sys.stdout.buffer.flush()
    os._exit(0)  # to close the database may take long


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
