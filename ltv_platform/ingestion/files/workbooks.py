"""A sheet of an Excel workbook as delimited text, so that everything after this knows text alone.

Cells become the texts that a careful person would have exported: dates and times in ISO form,
whole numbers without decimals, booleans as true and false; formulas give what they gave when the
workbook was saved, errors such as #N/A give nothing. Rows without any value are no records.
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
from ltv_platform.ingestion.files.private_copy import PrivateCopy, most_unpacked
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.double_rounding import Scales

_READER = Path(__file__).with_name("workbook_reader.py")
#: Bytes that reading a workbook may take: enough for all 1,048,576 rows of a sheet of many columns.
_MEMORY = 4 << 30
#: Seconds; a full sheet of twenty columns takes half a minute.
_TIMEOUT = 600.0
#: Sheets that a message names at the most.
_SHOWN = 10
#: Parts of a workbook that hold texts of cells, or nothing that people have written.
_OF_CELLS = re.compile(
    r"xl/(sharedStrings\.xml|styles\.xml|calcChain\.xml|theme/|media/)|\[Content_Types\]\.xml"
)
_CELLS = re.compile(r"<(\w+:)?sheetData\b.*</(\w+:)?sheetData>", re.DOTALL)
#: What people have written, in XML: between tags, and in attributes of words.
_WORDS = re.compile(
    r'(?<=>)[^<]+|(?<=\s)(?:name|v|author|display|displayName|userName|Target)="[^"]*"'
)
#: What comes of a damaged archive, or of one that is protected by a password.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
    OSError,
    struct.error,
)
_AGAIN = "Open it in Excel and save it again, or save the sheet as CSV; nothing of it was loaded."


def workbook_as_text(
    copy: PrivateCopy, sheet: str | None, dialect: Dialect, scales: Scales
) -> PrivateCopy:
    """Write one sheet of a workbook as delimited text beside it.

    Args:
        copy: The workbook.
        sheet: The sheet, capitals or not; None: the first one that is not hidden.
        dialect: How the text is written, so that an adapter that expects another delimiter reads
            it as well.
        scales: How numbers are rounded, see ``reading.double_rounding``.

    Returns:
        The text; its hash is that of the workbook and of the name of the sheet, if one was named.

    Raises:
        UserError: it is damaged, protected, bloated or empty, or has no such sheet.
    """
    if dialect.whitespace or not dialect.quote:
        raise UserError(
            f"{copy.name} is a workbook, and its adapter reads text parted by blanks, or without "
            "quotes.",
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
            "Name the sheet that is meant with --sheet.",
        )
    if answer["others"] and sheet is None:
        notes = (
            f"{copy.name}: only its sheet {answer['sheet']} was read, not "
            f"{some(answer['others'], _SHOWN)}; --sheet names another",
        )
    return replace(copy, path=text, format="csv", content_hash=content_hash, notes=notes)


def texts_beside(copy: PrivateCopy) -> Iterator[str]:
    """Texts of a workbook that are not in the sheet that is read.

    Args:
        copy: The workbook.

    Raises:
        UserError: it cannot be read.
    """
    _read(copy, "others.csv", sheet=None, dialect=Dialect(), scales={}, others=True)
    yield copy.path.with_name("others.csv").read_text("utf-8")
    try:
        with zipfile.ZipFile(copy.path) as archive:
            for part in archive.namelist():
                if not _OF_CELLS.match(part):
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
    """Have the reader write sheets beside the workbook; its answer.

    Raises:
        UserError: it cannot.
    """
    most = most_unpacked(copy.path.stat().st_size)
    _refuse_bloated(copy, most)
    asked = {
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
            [sys.executable, "-I", str(_READER), json.dumps(asked)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_TIMEOUT,
            cwd=copy.path.parent,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{copy.name} took too long to be read.", _AGAIN) from error
    if done.returncode < 0:  # its allocator gave up, or the system ended it
        raise _too_large(copy)
    if done.returncode > 0:
        raise _damaged(copy, "it cannot be taken apart")
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
    """What to say of a fault that the reader has found."""
    match answer["fault"]:
        case "sheet" if answer["sheets"]:
            return UserError(
                f"{copy.name} has no sheet {sheet}; it has {some(answer['sheets'], _SHOWN)}.",
                "Name one of these with --sheet.",
            )
        case "sheet":
            return UserError(f"{copy.name} is a workbook without sheets of cells.", _AGAIN)
        case "password":
            return UserError(
                f"{copy.name} is a workbook that is protected by a password.",
                "Take the password off and save it again; nothing of it was loaded.",
            )
        case "number":
            return UserError(
                f"{copy.name}: cell {answer['cell']} of sheet {answer['sheet']} holds a number of "
                "more digits than a number of Excel keeps.",
                "The last digits of an id are lost in it: export the column as text from where it "
                "comes, or delete it if nobody needs it.",
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
        f"{copy.name} grows too large when it is unpacked, as a gzip bomb does.",
        "If it is meant to be so, save the sheet as CSV and load that.",
    )


def _too_large(copy: PrivateCopy) -> UserError:
    return UserError(
        f"{copy.name} is a workbook that takes more than {_MEMORY >> 30} GiB of memory to be read, "
        "or a damaged one.",
        "Perhaps a single cell stands far away from the others; or save the sheet as CSV.",
    )
