"""The published figures as a SQLite database with the tables of other attribution pipelines.

Three input tables, as ``ltv ingest --sqlite`` reads them, and two output tables. Rows are ordered
by key and contain no time of writing, so the same snapshot gives the same file, byte for byte.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ltv_platform.atomic_files import refuse_home, sync
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.published.current import damaged, require_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render

#: Marks the file as our export: "LTVx" in the header of the database.
APPLICATION_ID = int.from_bytes(b"LTVx", "big")
#: Offset of that number in SQLite's header (https://www.sqlite.org/fileformat.html, 1.3).
_ID_BYTES = slice(68, 72)
_HEADER_LENGTH = 100
_MAGIC = b"SQLite format 3\0"
#: Changes when the tables do.
_VERSION = 1
#: Rows held in memory at once.
_BATCH = 50_000
#: Suffixes of files that SQLite reads together with a database.
_BESIDE = ("-wal", "-journal")


@dataclass(frozen=True)
class _Table:
    """A table of the export; ``sql/queries/sqlite_export/<name>.sql`` selects its rows."""

    name: str
    columns: str


_TABLES = (
    _Table(
        "session_sources",
        """session_id TEXT NOT NULL PRIMARY KEY,
           user_id TEXT NOT NULL,
           channel_name TEXT NOT NULL,
           event_date TEXT NOT NULL,
           event_time TEXT NOT NULL,
           holder_engagement INTEGER NOT NULL,
           closer_engagement INTEGER NOT NULL,
           impression_interaction INTEGER NOT NULL""",
    ),
    _Table(
        "conversions",
        """conv_id TEXT NOT NULL PRIMARY KEY,
           user_id TEXT NOT NULL,
           conv_date TEXT NOT NULL,
           conv_time TEXT NOT NULL,
           revenue REAL NOT NULL""",
    ),
    _Table("session_costs", "session_id TEXT NOT NULL PRIMARY KEY, cost REAL"),
    _Table(
        "attribution_customer_journey",
        """conv_id TEXT NOT NULL,
           session_id TEXT NOT NULL,
           ihc REAL NOT NULL,
           PRIMARY KEY (conv_id, session_id)""",
    ),
    _Table(
        "channel_reporting",
        """channel_name TEXT NOT NULL,
           date TEXT NOT NULL,
           cost REAL NOT NULL,
           ihc REAL NOT NULL,
           ihc_revenue REAL NOT NULL,
           CPO REAL,
           ROAS REAL,
           PRIMARY KEY (channel_name, date)""",
    ),
)


def export_sqlite(settings: Settings, path: Path, *, overwrite: bool = False) -> dict[str, int]:
    """Write the current snapshot as a SQLite database.

    Times are in UTC, money in base currency. The file is replaced atomically, so readers see the
    old one or the new.

    Args:
        settings: Name the LTV_HOME of the snapshot.
        path: The database.
        overwrite: Replace the file even if it is not an export of the platform.

    Returns:
        Rows by table.

    Raises:
        UserError: nothing is published, the snapshot is damaged, or the file must not or cannot
            be written.
    """
    path = path.absolute().resolve()  # a link stays a link
    refuse_home(settings, path)
    _refuse_foreign(path, overwrite)
    snapshot = require_snapshot(settings)
    with open_snapshot(settings, snapshot) as reader, _draft_beside(path) as draft:
        try:
            rows = _write(reader, settings, draft)
        except duckdb.Error as error:
            raise damaged(snapshot.path.name, str(error)) from error
        sync(draft)
        failpoint("export drafted")
        os.replace(draft, path)
    return rows


def _refuse_foreign(path: Path, overwrite: bool) -> None:
    """Refuse to replace a file that is not our export, or that is in use."""
    if not path.exists():
        return
    if not path.is_file():
        raise UserError(f"{path} is not a file.", "Give the path of the file to write.")
    for ending in _BESIDE:
        beside = path.with_name(path.name + ending)
        if beside.exists() and beside.stat().st_size:
            raise UserError(
                f"{path} is in use: {beside.name} is next to it, and SQLite would treat that as "
                "part of the new file.",
                "Close the programs that have it open, or choose another name.",
            )
    if not overwrite and not is_export(path):
        raise UserError(
            f"{path} exists and was not exported by this platform.",
            "Choose another name, or add --overwrite to replace it.",
        )


def is_export(path: Path) -> bool:
    """Whether a file is an export of this platform."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_LENGTH)
    except OSError:
        return False
    number = int.from_bytes(header[_ID_BYTES], "big")
    return header.startswith(_MAGIC) and number == APPLICATION_ID


@contextmanager
def _draft_beside(path: Path) -> Iterator[Path]:
    """A draft in the same folder, so that the rename is atomic; removed if it is left over.

    Raises:
        UserError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.unlink(missing_ok=True)  # left by a killed process of that number
        yield draft
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"{path} cannot be written: {error}.",
            "Check that its folder exists and is writable, and that the disk has free space.",
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _write(reader: duckdb.DuckDBPyConnection, settings: Settings, path: Path) -> dict[str, int]:
    rows: dict[str, int] = {}
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        # No journal is needed: an unfinished file is thrown away.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
        database.execute("BEGIN")
        for table in _TABLES:
            database.execute(f"CREATE TABLE {table.name} ({table.columns})")
            rows[table.name] = 0
            select = render(f"queries/sqlite_export/{table.name}.sql", settings)
            for batch in reader.sql(select).to_arrow_reader(_BATCH):
                marks = ", ".join("?" * batch.num_columns)
                values = zip(*(column.to_pylist() for column in batch.columns), strict=True)
                database.executemany(f"INSERT INTO {table.name} VALUES ({marks})", values)
                rows[table.name] += batch.num_rows
        database.execute("COMMIT")
    return rows
