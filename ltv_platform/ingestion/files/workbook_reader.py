"""Writes sheets of an Excel workbook as delimited text: a separate program.

``workbooks`` runs it isolated and with little memory: some workbooks make the library that reads
them ask for more memory than there is and crash its process. It imports nothing of the platform.
"""

import csv
import json
import math
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

#: From here on, doubles no longer distinguish all whole numbers.
_EXACT = 2**53
#: A double preserves any decimal of this many significant digits.
_DIGITS = 15
_LETTERS = 26


class FaultError(Exception):
    """The workbook cannot be written as text.

    Args:
        fault: The kind of fault; ``workbooks`` words the message.
        details: Values for the message.
    """

    def __init__(self, fault: str, **details: Any) -> None:
        super().__init__(fault)
        self.answer = {"fault": fault, **details}


def main() -> None:
    """Run the request given as the only argument, in JSON; answer in JSON on standard output."""
    request = json.loads(sys.argv[1])
    # Not every system lets a process limit itself.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
    try:
        answer = convert(request)
    except FaultError as fault:
        answer = fault.answer
    except PasswordError:
        answer = {"fault": "password"}
    except CalamineError as error:
        answer = {"fault": "damaged", "why": str(error)}
    except MemoryError:
        answer = {"fault": "memory"}
    except OSError as error:
        answer = {"fault": "disk", "why": error.strerror}
    sys.stdout.write(json.dumps(answer))


def convert(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write one sheet, or all the others.

    Args:
        request: ``workbook`` and ``target`` (paths), ``sheet`` (a name; null: the first visible
            one), ``others`` (write all but that sheet), ``delimiter``, ``quote``, ``scales``
            (decimals by column, or null), ``most`` (maximum characters).

    Returns:
        The ``sheet``, and the names of the visible ``others``.

    Raises:
        FaultError: the workbook cannot be written as text.
    """
    with CalamineWorkbook.from_path(request["workbook"]) as book:
        sheets = {
            each.name: each.visible is SheetVisibleEnum.Visible
            for each in book.sheets_metadata
            if each.typ is SheetTypeEnum.WorkSheet
        }
        shown = [name for name, visible in sheets.items() if visible] or list(sheets)
        wanted = request["sheet"] if request["sheet"] is not None else next(iter(shown), "")
        found = [name for name in sheets if name.casefold() == wanted.casefold()]
        if not found:
            raise FaultError("sheet", sheets=list(sheets))
        chosen = found[0]
        written = [name for name in sheets if name != chosen] if request["others"] else [chosen]
        with Path(request["target"]).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(
                file,
                delimiter=request["delimiter"],
                quotechar=request["quote"],
                lineterminator="\n",
            )
            left = request["most"]
            for name in written:
                sheet = book.get_sheet_by_name(name)
                for texts in _rows(sheet, request["scales"], is_exact=not request["others"]):
                    left -= sum(map(len, texts)) + len(texts)
                    if left < 0:
                        raise FaultError("bloated")
                    writer.writerow(texts)
    return {"sheet": chosen, "others": [name for name in shown if name != chosen]}


def _rows(
    sheet: CalamineSheet, scales: Mapping[str, int] | None, *, is_exact: bool
) -> Iterator[list[str]]:
    """The non-empty rows as texts, without the empty columns at the right.

    Raises:
        FaultError: rows must be exact, and a number that may be an id has lost digits.
    """
    width: int | None = None
    column_scales: list[int | None] = []
    left = (sheet.start or (0, 0))[1]
    for number, row in enumerate(sheet.iter_rows(), 1):
        if all(_is_blank(cell) for cell in row):
            continue
        if width is None:
            width = len(row) if not _is_blank(row[-1]) else _width(sheet)
            names = [_header_text(cell) for cell in row[:width]]
            folded = {name.strip().casefold(): scale for name, scale in (scales or {}).items()}
            column_scales = [folded.get(name.strip().casefold()) for name in names]
        texts = []
        for index, cell in enumerate(row[:width]):
            try:
                texts.append(_TEXTS[type(cell)](cell, column_scales[index], scales is None))
            except OverflowError as error:
                if not is_exact:
                    texts.append(repr(cell))
                    continue
                where = f"{_letters(left + index)}{number}"
                raise FaultError("number", sheet=sheet.name, cell=where) from error
        yield texts


def _header_text(cell: Any) -> str:
    return cell if isinstance(cell, str) else ""


def _width(sheet: CalamineSheet) -> int:
    """The number of the last column with a value."""
    return max(
        max((number for number, cell in enumerate(row, 1) if not _is_blank(cell)), default=0)
        for row in sheet.iter_rows()
    )


def _is_blank(cell: Any) -> bool:
    return isinstance(cell, str) and (not cell or cell.isspace())


def _letters(column: int) -> str:
    """The name of a column counted from 0: A, …, Z, AA."""
    name = ""
    while column >= 0:
        name = chr(ord("A") + column % _LETTERS) + name
        column = column // _LETTERS - 1
    return name


def _number(value: float, scale: int | None, in_digits: bool) -> str:
    """A number without an exponent; identifiers are whole numbers and get no decimals.

    Raises:
        OverflowError: the number may be an identifier, and other whole numbers have the same
            double.
    """
    if not math.isfinite(value):
        return str(value)
    if value.is_integer():
        if abs(value) >= _EXACT and scale is None:
            raise OverflowError
        return str(int(value))
    if in_digits:
        value = float(f"{value:.{_DIGITS}g}")
    elif scale is not None:
        value = round(value, scale)
    return format(Decimal(repr(value)), "f")


def _string(value: str, *_: Any) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value


def _duration(value: timedelta, *_: Any) -> str:
    minutes, seconds = divmod(value.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02.0f}"


_TEXTS: Mapping[type, Callable[[Any, int | None, bool], str]] = {
    str: _string,
    float: _number,
    int: lambda value, *_: str(value),
    bool: lambda value, *_: str(value).lower(),
    datetime: lambda value, *_: value.isoformat(" "),
    date: lambda value, *_: value.isoformat(),
    time: lambda value, *_: value.isoformat(),
    timedelta: _duration,
}


if __name__ == "__main__":
    main()
