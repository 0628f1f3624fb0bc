"""Output of commands: tables and files to stdout, progress and messages to stderr."""

import csv
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TextIO

import typer

from ltv_platform.cli.texts import visible, visible_json, visible_message

#: Seconds between two lines of progress when stderr is not a terminal.
_BETWEEN_LINES = 1.0
#: Width when stdout is not a terminal: a table in a file or a pipe is not wrapped.
_PIPE_WIDTH = 240


class Format(StrEnum):
    """Output formats of commands that return rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


#: The --format option.
AsFormat = Annotated[
    Format, typer.Option("--format", help="Output format: json and csv are for programs.")
]


def invoked_as() -> str:
    """How to call the command line from here: by name, or by its path in .venv."""
    if shutil.which("ltv"):
        return "ltv"
    called = os.path.relpath(sys.argv[0])
    module = os.path.basename(called) == "__main__.py"  # noqa: PTH119 - one import less
    return f"{os.path.relpath(sys.executable)} -m ltv_platform" if module else called


def say(message: str) -> None:
    """Print a message to stderr, with control characters made visible."""
    with suppress(BrokenPipeError):
        sys.stderr.write(visible_message(message) + "\n")


def answer(text: str) -> None:
    """Print an answer that is a text to stdout."""
    with _until_closed():
        sys.stdout.write((visible_message(text) if sys.stdout.isatty() else text) + "\n")


@contextmanager
def _until_closed() -> Iterator[None]:
    """Ignore that the reader of stdout has closed it, as `head` does."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def rows_are(count: int) -> str:
    """``1 row is`` or ``2 rows are``."""
    return "1 row is" if count == 1 else f"{count:,} rows are"


@contextmanager
def progress(first: str) -> Iterator[Callable[[str], None]]:
    """Show progress on stderr: a spinner in a terminal, else a line now and then."""
    try:
        # A duplicate: Dagster redirects stderr into a file while a step runs.
        stream = os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8")
    except (OSError, ValueError):  # closed, or not a file
        yield lambda _: None
        return
    with stream:
        if not stream.isatty():
            yield _lines_to(stream)
            return
        from rich.console import Console
        from rich.text import Text

        # No markup: file names may look like it.
        def line(message: str) -> Text:
            return Text(visible(message), no_wrap=True, overflow="ellipsis")

        with Console(file=stream).status(line(first)) as status:
            yield lambda message: status.update(line(message))


def _lines_to(stream: TextIO) -> Callable[[str], None]:
    """Prints progress in lines, the first after a while: most commands are quick."""
    last = time.monotonic()

    def tell(message: str) -> None:
        nonlocal last
        if (now := time.monotonic()) - last < _BETWEEN_LINES:
            return
        last = now
        with suppress(OSError):  # the reader is gone
            stream.write(f"{visible(message)}\n")
            stream.flush()

    return tell


def show(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    output: Format = Format.TABLE,
    title: str | None = None,
) -> None:
    """Print rows to stdout.

    In CSV, NULL is empty; JSON is a list of objects with decimals as numbers and NULL as null.
    """
    with _until_closed():
        _write(columns, rows, output, title)


def _write(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], output: Format, title: str | None
) -> None:
    if output is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        # Programs get the raw values, terminals printable ones.
        end = visible if sys.stdout.isatty() else str
        writer.writerows([["" if v is None else end(_plain(v)) for v in row] for row in rows])
    elif output is Format.JSON:
        records = [dict(zip(columns, map(_json_value, row), strict=True)) for row in rows]
        sys.stdout.write(visible_json(json.dumps(records, ensure_ascii=False, indent=1)) + "\n")
    else:
        from ltv_platform.cli.tables import layout

        if title:
            sys.stdout.write(f"\n{visible(title)}\n")
        # COLUMNS if set, else the width of the terminal.
        width = shutil.get_terminal_size((_PIPE_WIDTH, 0)).columns
        sys.stdout.writelines(f"{line}\n" for line in layout(columns, rows, width))


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return repr(value) if isinstance(value, float) else str(value)


def _json_value(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case float() if math.isnan(value):  # JSON cannot represent it
            return None
        case datetime():
            return value.isoformat(" ")
        case date():
            return value.isoformat()
        case list() | tuple():
            return [_json_value(item) for item in value]
        case dict():
            return {key: _json_value(item) for key, item in value.items()}
        case None | str() | int() | float():
            return value
        case _:
            return str(value)
