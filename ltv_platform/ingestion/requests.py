"""Requests to ingestion and their outcomes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.warehouse.engine import LoadCounts

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """A file to load into a source table.

    Attributes:
        table: Name of the source table; None: all that the adapter feeds.
        path: The file; of a SQLite database, the table of that name is loaded.
        adapter: Name or path of an adapter, if the file has other columns; if table and adapter
            are None, the file is recognized by its columns.
        options: Options of the adapter, as in ``dates=day first``.
        follow_links: Whether the path may be a symbolic link; in a folder that others write to,
            a link could lead to any file of the machine.
        sheet: The sheet of a workbook; None: the first visible one.
    """

    table: str | None
    path: Path
    adapter: str | None = None
    options: tuple[str, ...] = ()
    follow_links: bool = True
    sheet: str | None = None


@dataclass(frozen=True)
class Outcome:
    """The result of loading a file into one table.

    Attributes:
        request: The request, with the table and adapter that were found.
        counts: The row of ``loads``; None if the file was rejected.
        repeated: The file was loaded before; nothing changed.
        notes: What the user should know (unknown columns, a moved start).
        error: Why the file was rejected.
        left_out: Number of rows and records of erased persons that were left out.
    """

    request: Request
    counts: LoadCounts | None = None
    repeated: bool = False
    notes: tuple[str, ...] = ()
    error: UserError | None = None
    left_out: int = 0


def silent(_: str) -> None:
    """Ignore progress."""
