"""What is asked of ingestion, and what became of it: a file to load, and its outcome."""

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
        path: The file; a SQLite database gives the table of that name.
        adapter: Name or path of an adapter, if the file has other columns; without a table, None
            stands for what the file is taken for by its columns.
        options: What the adapter is told, as in ``dates=day first``.
        follow_links: Whether the path may be a symbolic link; where others put files, a link
            could lead to any file of the machine.
        sheet: The sheet of a workbook; None: the first one that is not hidden.
    """

    table: str | None
    path: Path
    adapter: str | None = None
    options: tuple[str, ...] = ()
    follow_links: bool = True
    sheet: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a file on its way into one table.

    Attributes:
        request: The request, with the table and the adapter that were found.
        counts: The row of ``loads``; None where the file was rejected.
        repeated: The file was loaded before, nothing changed.
        notes: What the user should know (unknown columns, a moved start).
        error: Why the file was rejected.
        left_out: How many rows and records of erased persons it holds that were left out.
    """

    request: Request
    counts: LoadCounts | None = None
    repeated: bool = False
    notes: tuple[str, ...] = ()
    error: UserError | None = None
    left_out: int = 0


def silent(_: str) -> None:
    """Progress for callers that want none."""
