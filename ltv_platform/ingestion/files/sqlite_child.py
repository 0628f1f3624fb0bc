"""Reads a SQLite database in a separate process; run by path, imports nothing from the platform.

A view can take all memory, fill the disk, or never return from one call into SQLite, where no
progress handler is called. Process limits hold even there, and a process can be killed.
``sqlite_process`` starts it and reads its messages: length, then ``marshal``.
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

#: Rows per message; a batch of ``sqlite_tables`` is a multiple of it.
_ROWS = 250
#: SQLite's mark for columns that ``SELECT *`` leaves out.
_HIDDEN = 1
#: Everything a SELECT needs; any other action is refused when the statement is prepared.
_ALLOWED = (
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
)
#: Bytes of a message's length; a length of zero ends the stream.
_SIZE = 8
#: Enough stack for a thread that only waits.
_STACK = 1 << 18


def _send(*answer: Any) -> None:
    packed = marshal.dumps(answer, 2)
    sys.stdout.buffer.write(len(packed).to_bytes(_SIZE, "little"))
    sys.stdout.buffer.write(packed)


def _end_with_parent() -> None:
    """Exit with the parent, which holds standard input open as long as it lives."""
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
            yield "columns", table, [(n, t) for n, t, hidden in columns if hidden != _HIDDEN]
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
        order: ``address`` of the database; ``question`` (tables, columns or rows); the
            ``tables`` in question; the limits ``value``, ``memory`` and ``file_size`` in bytes,
            and ``seconds``.
    """
    threading.stack_size(_STACK)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit(order["memory"], math.ceil(order["seconds"]) + 1, order["file_size"])
    try:
        connection = sqlite3.connect(order["address"], uri=True)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, order["value"])
        # Views of an untrusted file must not call unsafe functions.
        connection.execute("PRAGMA trusted_schema = off")
        for answer in _answers(connection, order["question"], order["tables"]):
            _send(*answer)
    except (MemoryError, sqlite3.Error, UnicodeDecodeError) as error:
        code = getattr(error, "sqlite_errorcode", 0)
        _send("failed", type(error).__name__, str(error), code)
    sys.stdout.buffer.write(bytes(_SIZE))
    sys.stdout.buffer.flush()
    os._exit(0)  # closing the database may take long


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
