"""Copies the warehouse file while this process keeps it open."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import duckdb

#: Run by another interpreter; an error is returned as its errno.
_COPY = """
import shutil, sys
try:
    shutil.copyfile(sys.argv[1], sys.argv[2])
except OSError as error:
    sys.stdout.write(str(error.errno))
    sys.exit(1)
"""


def file_of(connection: duckdb.DuckDBPyConnection) -> Path:
    """The file of a connection."""
    [(path,)] = connection.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchall()
    return Path(path)


def copy_database(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Copy the file of an open database, including all committed data.

    A plain copy takes a fortieth of the time of the engine's ``COPY FROM DATABASE`` and is
    byte-identical. Another process makes it: the engine's lock belongs to the process, and the
    kernel releases it as soon as the process closes any handle of the file.

    Args:
        connection: The only connection to it, outside a transaction. Its lock prevents writes by
            other processes meanwhile.
        target: The path of the copy.

    Raises:
        OSError: the file cannot be read, or the copy cannot be written.
    """
    connection.execute("CHECKPOINT")  # otherwise committed data may be in the write-ahead log
    copied = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _COPY, str(file_of(connection)), str(target)],
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    if copied.returncode != 0:
        number = int(copied.stdout) if copied.stdout.isdigit() else errno.EIO
        raise OSError(number, os.strerror(number), str(target))
