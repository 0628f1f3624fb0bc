"""Recognizes a file's format by its first bytes if they contradict the extension."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from ltv_platform.errors import UserError

#: Number of leading bytes that are inspected.
INSPECTED_BYTES = 4096

_UNPACK = "Unpack it and load the files in it; only .gz is read without unpacking."
_AS_TEXT = "Export the data as CSV, JSON or Parquet, and load that."
_RENAME = "Give it the extension of its format, {}, or fetch the intended file."


@dataclass(frozen=True)
class Kind:
    """A file format recognized by its first bytes.

    Attributes:
        what: The format, as in "a PDF document".
        advice: What to do with such a file.
        pattern: Matches the first bytes.
        format: The format to read it as; None: it cannot be read.
        is_text: The bytes are readable text.
    """

    what: str
    advice: str
    pattern: re.Pattern[bytes]
    format: str | None = None
    is_text: bool = False


def _begin(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL | re.IGNORECASE)


#: The first match wins. Patterns are long enough that no text begins with one.
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
        "an old Excel workbook (.xls), or a password-protected one",
        "Open it, remove any password, save it as .xlsx, and load that.",
        _begin(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ),
    Kind("a PDF document", _AS_TEXT, _begin(rb"%PDF-")),
    Kind(
        "a web page, perhaps a login page",
        "Open it to see what it says, then fetch the data again; save a table in it as CSV.",
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
    """Recognize a file by its first bytes; None: it is text, or of an unknown format."""
    return next((kind for kind in _KINDS if kind.pattern.match(begin[:INSPECTED_BYTES])), None)


def refuse_wrong_extension(begin: bytes, source: Path, expected: str) -> None:
    """Refuse a file whose bytes contradict its extension.

    Args:
        begin: The first bytes, decompressed.
        source: The file.
        expected: The format that the extension means.

    Raises:
        UserError: the bytes are of another format.
    """
    kind = kind_of(begin)
    if kind is not None and kind.format != expected:
        raise UserError(f"{source} is {kind.what}, despite its extension.", kind.advice)


def described(begin: bytes) -> tuple[str, str]:
    """What a file with an unknown extension seems to be, as part of a sentence, and what to do."""
    kind = kind_of(begin)
    if kind is not None:
        return kind.what, kind.advice
    marked = begin.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not begin or (b"\0" in begin and not marked):
        return "", ""
    if re.match(rb"\s*\{", begin):
        return "JSON", "Give it the extension .json, or .ndjson if it has one object per line."
    if re.match(rb"\s*\[\s*[{\]]", begin):
        return "JSON", "Give it the extension .json."
    return "text", "Give it the extension .csv if it is a table with a header line."
