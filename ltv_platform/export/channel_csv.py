"""``channel_reporting.csv``: what each channel cost and earned on each day, for other programs."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import duckdb

from ltv_platform.atomic_files import draft_of, sync
from ltv_platform.failpoints import failpoint
from ltv_platform.published.current import damaged, require_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform.settings import Settings

_COLUMNS = ("channel_name", "date", "cost", "ihc", "ihc_revenue", "CPO", "ROAS", "complete")
#: Rows held in memory at once.
_BATCH = 10_000
#: Ratios are doubles; the last of their sixteen digits are noise.
_DIGITS = 12


def channel_csv_path(settings: Settings) -> Path:
    """The path of the file."""
    return settings.reports_path / "channel_reporting.csv"


def write_channel_csv(settings: Settings) -> Path:
    """Write channel_reporting of the current snapshot as CSV, ordered by channel and date.

    Numbers have no exponent and no trailing zeros: sums have all their decimals (cost and
    ihc_revenue six, ihc twelve), ratios twelve digits. NULL is empty. Text is written as it is,
    even if a spreadsheet would read it as a formula.

    Returns:
        The file; it is replaced atomically.

    Raises:
        UserError: nothing is published, the snapshot is damaged, or the file cannot be written.
    """
    snapshot = require_snapshot(settings)
    path = channel_csv_path(settings)
    columns = ", ".join(f'"{column}"' for column in _COLUMNS)
    with open_snapshot(settings, snapshot) as connection, draft_of(path) as draft:
        try:
            with draft.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(_UnixLines(file))
                writer.writerow(_COLUMNS)
                cursor = connection.execute(
                    f"SELECT {columns} FROM channel_reporting ORDER BY channel_name, date"
                )
                while rows := cursor.fetchmany(_BATCH):
                    writer.writerows([_text(value) for value in row] for row in rows)
        except duckdb.Error as error:
            raise damaged(snapshot.path.name, str(error)) from error
        sync(draft)
        failpoint("channel_reporting.csv drafted")
    return path


class _Writes(Protocol):
    def write(self, text: str, /) -> object: ...


class _UnixLines:
    """Ends lines with LF only.

    The csv writer keeps its CRLF, because it quotes a name with a line end only if that is part of
    its own.
    """

    def __init__(self, file: _Writes) -> None:
        self._file = file

    def write(self, line: str) -> None:
        self._file.write(line.removesuffix("\r\n") + "\n")


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return _written_out(value)
        case float():
            return _written_out(Decimal(f"{value:.{_DIGITS}g}"))
        case _:
            return str(value)


def _written_out(number: Decimal) -> str:
    """A number without exponent, and without the zeros that a column's scale adds."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
