"""How the commands speak: tables and files to stdout, progress and messages to stderr."""

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

#: Seconds between two lines about progress where stderr is no terminal.
_BETWEEN_LINES = 1.0
#: Width where stdout is no terminal: a table in a file or a pipe is not folded.
_PIPE_WIDTH = 240


class Format(StrEnum):
    """Output formats of commands that answer with rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


#: The option of every command that answers.
AsFormat = Annotated[
    Format, typer.Option("--format", help="Output format: json and csv are for programs.")
]


def invoked_as() -> str:
    """How to call the command line again from here: plain, or by its path in .venv."""
    if shutil.which("ltv"):
        return "ltv"
    called = os.path.relpath(sys.argv[0])
    module = os.path.basename(called) == "__main__.py"  # noqa: PTH119 - one import less
    return f"{os.path.relpath(sys.executable)} -m ltv_platform" if module else called


def say(message: str) -> None:
    """A message to stderr; what a terminal would obey is shown."""
    with suppress(BrokenPipeError):
        sys.stderr.write(visible_message(message) + "\n")


def answer(text: str) -> None:
    """An answer that is a text to stdout."""
    with _until_closed():
        sys.stdout.write((visible_message(text) if sys.stdout.isatty() else text) + "\n")


@contextmanager
def _until_closed() -> Iterator[None]:
    """Around what is written to stdout: whoever has read enough, as `head` does, closes it."""
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
    """What is being done, on stderr: a spinner in a terminal, else a line now and then."""
    try:
        # A stream of its own: Dagster takes what a step writes to stderr into a file.
        stream = os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8")
    except (OSError, ValueError):  # closed, or no file
        yield lambda _: None
        return
    with stream:
        if not stream.isatty():
            yield _lines_to(stream)
            return
        from rich.console import Console
        from rich.text import Text

        # No markup: what is being done names files, whose names may look like it.
        def line(message: str) -> Text:
            return Text(visible(message), no_wrap=True, overflow="ellipsis")

        with Console(file=stream).status(line(first)) as status:
            yield lambda message: status.update(line(message))


def _lines_to(stream: TextIO) -> Callable[[str], None]:
    """Tells what is being done in lines, the first after a while: most commands are quick."""
    told = time.monotonic()

    def tell(message: str) -> None:
        nonlocal told
        if (now := time.monotonic()) - told < _BETWEEN_LINES:
            return
        told = now
        with suppress(OSError):  # nobody reads it any more
            stream.write(f"{visible(message)}\n")
            stream.flush()

    return tell


def show(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    output: Format = Format.TABLE,
    title: str | None = None,
) -> None:
    """Rows to stdout.

    CSV leaves NULL empty; JSON gives a list of objects, decimals as numbers and NULL as null.
    """
    with _until_closed():
        _write(columns, rows, output, title)


def _write(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], output: Format, title: str | None
) -> None:
    if output is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        # A program gets the values as they are, a terminal those that it can show.
        end = visible if sys.stdout.isatty() else str
        writer.writerows([["" if v is None else end(_plain(v)) for v in row] for row in rows])
    elif output is Format.JSON:
        records = [dict(zip(columns, map(_json_value, row), strict=True)) for row in rows]
        sys.stdout.write(visible_json(json.dumps(records, ensure_ascii=False, indent=1)) + "\n")
    else:
        from ltv_platform.cli.tables import layout

        if title:
            sys.stdout.write(f"\n{visible(title)}\n")
        # COLUMNS if it is set, else the width of the terminal.
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
        case float() if math.isnan(value):  # JSON has no word for it
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
