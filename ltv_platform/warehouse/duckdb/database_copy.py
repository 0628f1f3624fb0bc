"""A copy of the warehouse file while its process goes on holding it."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import duckdb

#: Run by another interpreter: an error goes back as its number.
_COPY = """
import shutil, sys
try:
    shutil.copyfile(sys.argv[1], sys.argv[2])
except OSError as error:
    sys.stdout.write(str(error.errno))
    sys.exit(1)
"""


def file_of(connection: duckdb.DuckDBPyConnection) -> Path:
    """The file that a connection has open."""
    [(path,)] = connection.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchall()
    return Path(path)


def copy_database(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Copy the file of an open database, with everything that is committed.

    A plain copy takes a fortieth of the time of the engine's ``COPY FROM DATABASE`` and is the
    same byte for byte. Another process makes it: the engine's lock on the file is one of the
    process, and the kernel takes it back as soon as the process closes the file once.

    Args:
        connection: The one connection to it, outside a transaction. Its lock keeps other
            processes from writing meanwhile.
        target: Where the copy is written.

    Raises:
        OSError: the copy cannot be written, or the file not be read.
    """
    connection.execute("CHECKPOINT")  # else what is committed may stand in the log beside the file
    copied = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _COPY, str(file_of(connection)), str(target)],
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    if copied.returncode != 0:
        number = int(copied.stdout) if copied.stdout.isdigit() else errno.EIO
        raise OSError(number, os.strerror(number), str(target))
