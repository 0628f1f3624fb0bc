"""Converts a sheet of an Excel workbook to delimited text, so that later steps read only text.

Cells become the texts that a careful person would have exported: dates and times in ISO form,
whole numbers without decimals, booleans as true and false. Formulas yield their values as of the
last save, errors such as #N/A nothing. Rows without any value are not records.
"""

import hashlib
import html
import json
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ltv_platform.errors import PassingError, UserError
from ltv_platform.ingestion.files.private_copy import PrivateCopy, unpacked_limit
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.double_rounding import Scales

_READER = Path(__file__).with_name("workbook_reader.py")
#: Bytes of memory for the reader: enough for all 1,048,576 rows of a sheet with many columns.
_MEMORY = 4 << 30
#: Seconds; a full sheet of twenty columns takes half a minute.
_TIMEOUT = 600.0
#: Maximum number of sheets that a message lists.
_SHOWN = 10
#: Parts of a workbook with texts of cells, or with nothing that people have written.
_SKIPPED_PARTS = re.compile(
    r"xl/(sharedStrings\.xml|styles\.xml|calcChain\.xml|theme/|media/)|\[Content_Types\]\.xml"
)
_CELLS = re.compile(r"<(\w+:)?sheetData\b.*</(\w+:)?sheetData>", re.DOTALL)
#: Text written by people, in XML: between tags, and in attributes that hold words.
_WORDS = re.compile(
    r'(?<=>)[^<]+|(?<=\s)(?:name|v|author|display|displayName|userName|Target)="[^"]*"'
)
#: Errors raised for a damaged or password-protected archive.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
    OSError,
    struct.error,
)
_AGAIN = "Open it in Excel and save it again, or save the sheet as CSV; nothing was loaded."


def workbook_as_text(
    copy: PrivateCopy, sheet: str | None, dialect: Dialect, scales: Scales
) -> PrivateCopy:
    """Write one sheet of a workbook as delimited text next to it.

    Args:
        copy: The workbook.
        sheet: Name of the sheet, case-insensitive; None: the first visible one.
        dialect: The delimiter and quote to write, so that an adapter that expects another
            delimiter can read the text.
        scales: Decimals to round numbers to; see ``reading.double_rounding``.

    Returns:
        The text; its hash covers the workbook and the sheet's name, if one was given.

    Raises:
        UserError: the workbook is damaged, protected, bloated or empty, or has no such sheet.
    """
    if dialect.whitespace or not dialect.quote:
        raise UserError(
            f"{copy.name} is a workbook, but its adapter reads text that is separated by "
            "whitespace or has no quotes.",
            "Write an adapter for workbooks, without `-- delimiter: whitespace` and `-- quote:`.",
        )
    if not copy.path.stat().st_size:
        raise UserError(f"{copy.name} is empty.", "Nothing to load; check how it was made.")
    answer = _read(copy, "copy.csv", sheet=sheet, dialect=dialect, scales=scales)
    text = copy.path.with_name("copy.csv")
    named = [] if sheet is None else [answer["sheet"]]
    content_hash = copy.content_hash
    if named:
        content_hash = hashlib.sha256("\0".join([content_hash, *named]).encode()).hexdigest()
    notes: tuple[str, ...] = ()
    if not text.stat().st_size:
        raise UserError(
            f"Sheet {answer['sheet']} of {copy.name} is empty."
            + (f" It also has {some(answer['others'], _SHOWN)}." if answer["others"] else ""),
            "Choose a sheet with --sheet.",
        )
    if answer["others"] and sheet is None:
        notes = (
            f"{copy.name}: only its sheet {answer['sheet']} was read, not "
            f"{some(answer['others'], _SHOWN)}; --sheet chooses another",
        )
    return replace(copy, path=text, format="csv", content_hash=content_hash, notes=notes)


def texts_beside(copy: PrivateCopy) -> Iterator[str]:
    """Texts of a workbook outside the sheet that is read.

    Args:
        copy: The workbook.

    Raises:
        UserError: the workbook cannot be read.
    """
    _read(copy, "others.csv", sheet=None, dialect=Dialect(), scales={}, others=True)
    yield copy.path.with_name("others.csv").read_text("utf-8")
    try:
        with zipfile.ZipFile(copy.path) as archive:
            for part in archive.namelist():
                if not _SKIPPED_PARTS.match(part):
                    text = _CELLS.sub("", archive.read(part).decode(errors="replace"))
                    words = "\n".join(_WORDS.findall(text)).replace("mailto:", " ")
                    yield html.unescape(words)
    except _UNREADABLE as error:
        raise _damaged(copy, str(error)) from error


def _read(
    copy: PrivateCopy,
    target: str,
    *,
    sheet: str | None,
    dialect: Dialect,
    scales: Scales,
    others: bool = False,
) -> dict[str, Any]:
    """Let the reader write sheets next to the workbook; return its answer.

    Raises:
        UserError: the workbook cannot be read.
    """
    most = unpacked_limit(copy.path.stat().st_size)
    _refuse_bloated(copy, most)
    request = {
        "workbook": copy.path.name,
        "target": target,
        "sheet": sheet,
        "others": others,
        "delimiter": dialect.delimiter or ",",
        "quote": dialect.quote,
        "scales": scales,
        "most": most,
        "memory": _MEMORY,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_READER), json.dumps(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_TIMEOUT,
            cwd=copy.path.parent,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{copy.name} took too long to read.", _AGAIN) from error
    if done.returncode < 0:  # its allocator gave up, or the system killed it
        raise _too_large(copy)
    if done.returncode > 0:
        raise _damaged(copy, "it cannot be parsed")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "fault" in answer:
        raise _error_of(copy, sheet, answer)
    return answer


def _refuse_bloated(copy: PrivateCopy, most: int) -> None:
    try:
        with zipfile.ZipFile(copy.path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except _UNREADABLE as error:
        raise _damaged(copy, str(error)) from error
    if size > most:
        raise _bloated(copy)


def _error_of(copy: PrivateCopy, sheet: str | None, answer: dict[str, Any]) -> UserError:
    """The error for a fault that the reader reported."""
    match answer["fault"]:
        case "sheet" if answer["sheets"]:
            return UserError(
                f"{copy.name} has no sheet {sheet}; it has {some(answer['sheets'], _SHOWN)}.",
                "Choose one of these with --sheet.",
            )
        case "sheet":
            return UserError(f"{copy.name} is a workbook without worksheets.", _AGAIN)
        case "password":
            return UserError(
                f"{copy.name} is a workbook protected by a password.",
                "Remove the password and save it again; nothing was loaded.",
            )
        case "number":
            return UserError(
                f"{copy.name}: cell {answer['cell']} of sheet {answer['sheet']} holds a number "
                "with more digits than Excel keeps.",
                "It has lost the last digits of an id. Export the column as text from its source, "
                "or delete it if you do not need it.",
            )
        case "bloated":
            return _bloated(copy)
        case "memory":
            return _too_large(copy)
        case "disk":
            return PassingError(
                f"{copy.name} cannot be written as text: {answer['why']}.",
                "Check the free space of LTV_HOME.",
            )
        case _:
            return _damaged(copy, answer["why"])


def _damaged(copy: PrivateCopy, why: str) -> UserError:
    return UserError(f"{copy.name} is not an Excel workbook, or a damaged one ({why}).", _AGAIN)


def _bloated(copy: PrivateCopy) -> UserError:
    return UserError(
        f"{copy.name} grows too large when it is decompressed, as a gzip bomb does.",
        "If that is intended, save the sheet as CSV and load that.",
    )


def _too_large(copy: PrivateCopy) -> UserError:
    return UserError(
        f"{copy.name} is a workbook that needs more than {_MEMORY >> 30} GiB of memory, or is "
        "damaged.",
        "Check for a single cell far away from the others, or save the sheet as CSV.",
    )
