"""What a file seems to be by its first bytes, where that is not what its ending says."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from ltv_platform.errors import UserError

#: Bytes at the beginning that are looked at.
LOOKED_AT = 4096

_UNPACK = "Unpack it and load the files in it; of compressed files, .gz is read as it is."
_AS_TEXT = "Export the data as CSV, JSON or Parquet, and load that."
_RENAME = "Give it the extension of what it is, {}, or fetch the file that was meant."


@dataclass(frozen=True)
class Kind:
    """A kind of file that is known by its first bytes.

    Attributes:
        what: The kind, as in "a PDF document".
        advice: What to do with such a file.
        pattern: What it begins with.
        format: The format that it is read as, if it is read at all.
        is_text: Its bytes show what words it holds.
    """

    what: str
    advice: str
    pattern: re.Pattern[bytes]
    format: str | None = None
    is_text: bool = False


def _begin(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL | re.IGNORECASE)


#: The first that suits counts. Patterns are long enough not to be the beginning of a text.
_KINDS = (
    Kind(
        "an OpenDocument spreadsheet",
        "Save it as .xlsx or as CSV, and load that.",
        _begin(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis"),
    ),
    Kind(
        "an Excel workbook",
        "Give it the extension .xlsx; a binary one (.xlsb) must be saved as .xlsx.",
        _begin(rb"PK\x03\x04.{26}(\[Content_Types\]\.xml|_rels/|docProps/|xl/)"),
        "workbook",
    ),
    Kind(
        "a ZIP archive, perhaps an Excel workbook",
        "Give a workbook the extension .xlsx; unpack an archive and load the files in it.",
        _begin(rb"PK(\x03\x04|\x05\x06)"),
        "workbook",
    ),
    Kind(
        "an old Excel workbook (.xls), or one that is protected by a password",
        "Open it, take off the password, save it as .xlsx, and load that.",
        _begin(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ),
    Kind("a PDF document", _AS_TEXT, _begin(rb"%PDF-")),
    Kind(
        "a web page, such as one that asks to log in",
        "Open it to see what it says, and fetch the data again; a table in it must become CSV.",
        _begin(rb"\s*+(?><\?xml[^>]*>\s*)?(?><!--.*?-->\s*)*+<(!doctype html|html)\b"),
        is_text=True,
    ),
    Kind("an XML document", _AS_TEXT, _begin(rb"\s*<\?xml\b"), is_text=True),
    Kind("a 7-Zip archive", _UNPACK, _begin(rb"7z\xbc\xaf\x27\x1c")),
    Kind("a RAR archive", _UNPACK, _begin(rb"Rar!\x1a\x07")),
    Kind("compressed by bzip2", _UNPACK, _begin(rb"BZh[1-9]1AY&SY")),
    Kind("compressed by xz", _UNPACK, _begin(rb"\xfd7zXZ\x00")),
    Kind("compressed by Zstandard", _UNPACK, _begin(rb"\x28\xb5\x2f\xfd")),
    Kind("compressed by gzip twice", _UNPACK, _begin(rb"\x1f\x8b\x08")),
    Kind("a Parquet file", _RENAME.format(".parquet"), _begin(rb"PAR1[\x00-\x1f]"), "parquet"),
    Kind("a SQLite database", _RENAME.format(".db"), _begin(rb"SQLite format 3\x00"), "sqlite"),
)


def kind_of(begin: bytes) -> Kind | None:
    """The kind of a file that begins so; None: it is text, or of no known kind."""
    return next((kind for kind in _KINDS if kind.pattern.match(begin[:LOOKED_AT])), None)


def refuse_other_kind(begin: bytes, source: Path, expected: str) -> None:
    """Refuse a file whose bytes are of another format than its ending.

    Args:
        begin: Its first bytes, decompressed.
        source: The file.
        expected: The format by its ending.

    Raises:
        UserError: it is of another kind.
    """
    kind = kind_of(begin)
    if kind is not None and kind.format != expected:
        raise UserError(f"{source} is {kind.what}, whatever its extension says.", kind.advice)


def described(begin: bytes) -> tuple[str, str]:
    """What a file of an unknown ending seems to be, as part of a sentence, and what to do."""
    kind = kind_of(begin)
    if kind is not None:
        return kind.what, kind.advice
    marked = begin.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not begin or (b"\0" in begin and not marked):
        return "", ""
    if re.match(rb"\s*\{", begin):
        return "JSON", "Give it the extension .json, or .ndjson if it has an object a line."
    if re.match(rb"\s*\[\s*[{\]]", begin):
        return "JSON", "Give it the extension .json."
    return "text", "Give it the extension .csv if it is a table with a line of column names."
