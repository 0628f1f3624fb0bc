"""A private copy of an incoming file: decompressed, in UTF-8, hashed.

All later steps work on the copy, so a file that changes while it is read does no harm, and an
adapter cannot read any other file. ``reading`` parses the bytes into records.
"""

import codecs
import gzip
import hashlib
import os
import shutil
import stat
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal
from unicodedata import category

from ltv_platform.contracts.sources import EVENTS_SUFFIX
from ltv_platform.errors import PassingError, UserError
from ltv_platform.ingestion.files.kinds import INSPECTED_BYTES, described, refuse_wrong_extension
from ltv_platform.ingestion.files.unfollowed import IS_A_LINK, open_folder, refuse_link
from ltv_platform.ingestion.reading.dialect import Dialect

if TYPE_CHECKING:
    from ltv_platform.ingestion.reading.double_rounding import Scales

FileFormat = Literal["csv", "ndjson", "json", "parquet", "sqlite", "workbook"]

_FORMATS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".parquet": "parquet",
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
}
_TEXT_FORMATS = ("csv", "ndjson", "json")

_USUAL = Dialect()
_CHUNK = 1 << 20
#: Unicode categories of control characters and of line and paragraph separators.
_CONTROLS = ("Cc", "Zl", "Zp")
#: A gzip file that exceeds both limits is taken for a bomb: lines of real data differ, so it
#: shrinks to a tenth, seldom to a fiftieth.
_BLOATED_TIMES = 100
_BLOATED_FROM = 256 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class PrivateCopy:
    """The copy that the readers work on.

    Attributes:
        path: Path of the copy.
        name: Name of the original file.
        format: Format of the content.
        content_hash: SHA-256 of the decompressed content, as hex.
        notes: What the user should know about how the copy was made.
    """

    path: Path
    name: str
    format: FileFormat
    content_hash: str
    notes: tuple[str, ...] = ()


def file_format(path: Path) -> FileFormat:
    """The format that the file's extension means, with or without ``.gz``.

    Raises:
        UserError: the extension is unknown.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    if suffixes and suffixes[-1] in _FORMATS:
        return _FORMATS[suffixes[-1]]
    what, advice = described(_first_bytes(path))
    raise UserError(
        f"{path} has an unsupported extension." + (f" It seems to be {what}." if what else ""),
        (f"{advice} " if advice else "")
        + f"Supported: {', '.join(sorted(_FORMATS))}, each also with .gz.",
    )


def _first_bytes(path: Path) -> bytes:
    """The first bytes of a file, decompressed; empty if it cannot be read."""
    try:
        with open_regular(path, follow_links=False) as raw:
            return _decompressed(raw).read(INSPECTED_BYTES)
    except (UserError, OSError, EOFError, zlib.error):
        return b""


def is_events(name: str) -> bool:
    """Whether a file has events, see ``EVENTS_SUFFIX``."""
    return name.endswith(EVENTS_SUFFIX)


def load_id_of(table: str, adapter_text: str, content_hash: str) -> str:
    """Identify a load by its table, its adapter's text (or none) and the content."""
    parts = (table, adapter_text, content_hash)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def take_copy(
    source: Path,
    folder: Path,
    *,
    follow_links: bool = True,
    sheet: str | None = None,
    dialect: Dialect = _USUAL,
    scales: "Scales" = None,
) -> PrivateCopy:
    """Copy a file into its own folder: decompressed, in UTF-8, without a byte order mark.

    One sheet of a workbook is written as delimited text; see ``workbooks``.

    Args:
        source: The incoming file.
        folder: An empty folder.
        follow_links: Whether the path may be a symbolic link.
        sheet: The sheet of a workbook; None: the first visible one.
        dialect: The delimiter and quote to write a workbook's text with.
        scales: Decimals to round a workbook's numbers to.

    Raises:
        UserError: the file cannot be read, is not a regular file, does not fit on the disk, is
            a damaged or bloated gzip file, UTF-16 file or workbook, contradicts its extension,
            has no such sheet, or was written to during the copy.
    """
    kind = file_format(source)
    if kind == "workbook":
        from ltv_platform.ingestion.files.workbooks import workbook_as_text  # noqa: PLC0415 - few are such

        workbook = take_workbook(source, folder, follow_links=follow_links)
        return workbook_as_text(workbook, sheet, dialect, scales)
    if sheet is not None:
        raise UserError(f"{source} is not a workbook, so it has no sheets.", "Remove --sheet.")
    return _take(source, folder, kind, follow_links)


def take_workbook(source: Path, folder: Path, *, follow_links: bool = True) -> PrivateCopy:
    """Copy a workbook unchanged; see :func:`take_copy`."""
    return _take(source, folder, "workbook", follow_links)


def _take(source: Path, folder: Path, kind: FileFormat, follow_links: bool) -> PrivateCopy:
    copy = folder / f"copy.{kind}"
    digest = hashlib.sha256()
    try:
        with open_regular(source, follow_links) as raw:
            before = os.fstat(raw.fileno())
            content = _hashed(_limited(_decompressed(raw), before.st_size, source, folder), digest)
            with copy.open("wb") as target:
                is_text = kind in _TEXT_FORMATS
                target.writelines((_as_utf8 if is_text else _as_binary)(content, source, kind))
            after = os.fstat(raw.fileno())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{source} is a damaged or truncated gzip file ({error}).",
            "Fetch it again; nothing was loaded.",
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{source} is a damaged UTF-16 file ({error.reason}).",
            "Fetch it again or save it as UTF-8; nothing was loaded.",
        ) from error
    except OSError as error:
        raise PassingError(
            f"{source} cannot be copied to {folder}: {error.strerror or error}.",
            "Check the disk of the file and the free space of LTV_HOME.",
        ) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise PassingError(
            f"{source} was written to while it was read.",
            "Load it when it is complete; landing ignores files that end in .part.",
        )
    return PrivateCopy(copy, printable(source.name), kind, digest.hexdigest())


def unpacked_limit(packed: int) -> int:
    """The number of bytes a file may decompress to before it is taken for a bomb."""
    return max(_BLOATED_FROM, packed * _BLOATED_TIMES)


def printable(name: str) -> str:
    """A file name as one line of text.

    File systems allow bytes that are not characters, and characters that move the cursor.
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(repr(sign)[1:-1] if category(sign) in _CONTROLS else sign for sign in text)


def check_regular(source: Path, follow_links: bool = True) -> None:
    """Check the type of a file without opening it: opening could trigger a device.

    Raises:
        UserError: the path does not exist, is not a regular file, or is a link and links are not
            followed.
    """
    with _path_errors(source):
        if not follow_links and source.is_symlink():
            raise UserError(
                f"{source} is a link to {source.readlink()}; links in landing are not followed.",
                "Put the file itself there, or load it by its real path with `ltv ingest`.",
            )
        _refuse_irregular(source, source.stat())


@contextmanager
def open_regular(source: Path, follow_links: bool) -> Iterator[IO[bytes]]:
    """Open a file for reading without blocking, as a pipe without a writer would.

    Raises:
        UserError: the file does not exist, is not a regular file, or may not be read; or links
            are not followed, and it or its folder is one.
    """
    check_regular(source, follow_links)
    with ExitStack() as stack:
        with _path_errors(source, follow_links):
            folder = None if follow_links else stack.enter_context(open_folder(source.parent))
            more_flags = os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
            opened = stack.enter_context(
                open(
                    source if folder is None else source.name,
                    "rb",
                    opener=lambda path, flags: os.open(path, flags | more_flags, dir_fd=folder),
                )
            )
        # The path may have been replaced since the check.
        _refuse_irregular(source, os.fstat(opened.fileno()))
        yield opened


@contextmanager
def _path_errors(source: Path, follow_links: bool = True) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{source} does not exist.", "Check the path.") from error
    except PermissionError as error:
        raise UserError(
            f"{source} cannot be read: no permission.", "Allow this user to read it."
        ) from error
    except OSError as error:
        if not follow_links and error.errno in IS_A_LINK:
            raise refuse_link(source) from error
        raise UserError(
            f"{source} cannot be opened: {error.strerror}.", "Check the file."
        ) from error


def _refuse_irregular(source: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        what = kinds.get(stat.S_IFMT(status.st_mode), "a device")
        raise UserError(f"{source} is {what}, not a file.", "Give the files themselves.")


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(len(_GZIP_MAGIC))
    raw.seek(0)
    return gzip.open(raw) if magic == _GZIP_MAGIC else raw  # type: ignore[return-value]


def _limited(content: IO[bytes], packed: int, source: Path, folder: Path) -> Iterator[bytes]:
    """Yield the content in chunks, up to the size limits.

    Raises:
        UserError: the content does not fit on the disk, or is a gzip bomb.
    """
    # The other half is for the warehouse, where the rows will be stored.
    room = shutil.disk_usage(folder).free // 2
    size = packed
    if size <= room:
        size = 0
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            if size > unpacked_limit(packed):
                raise UserError(
                    f"{source} grows to more than {_BLOATED_TIMES} times its size and "
                    f"{_BLOATED_FROM >> 20} MiB when it is decompressed, as a gzip bomb does.",
                    "If that is intended, decompress it yourself and load the result.",
                )
            if size > room:
                break
            yield chunk
        else:
            return
    raise PassingError(
        f"{source} needs more than half of the free space on the disk of LTV_HOME.",
        f"That is {room:,} bytes. Free some space, or split the file; nothing was loaded.",
    )


def _hashed(content: Iterator[bytes], digest: Any) -> Iterator[bytes]:
    """Yield the content in chunks, and update the digest with each."""
    for chunk in content:
        digest.update(chunk)
        yield chunk


def _as_binary(content: Iterator[bytes], source: Path, kind: FileFormat) -> Iterator[bytes]:
    """Yield the content unchanged.

    Raises:
        UserError: the content begins like another format.
    """
    first = next(content, b"")
    refuse_wrong_extension(first, source, kind)
    yield first
    yield from content


def _as_utf8(content: Iterator[bytes], source: Path, kind: FileFormat) -> Iterator[bytes]:
    """Yield the content as UTF-8 without a byte order mark; the mark identifies UTF-16.

    Raises:
        UserError: the content has zero bytes near its start, or begins like another format.
        UnicodeDecodeError: the UTF-16 is damaged.
    """
    first = next(content, b"")
    encoding = "utf-8"
    for mark, marked in _BYTE_ORDER_MARKS:
        if first.startswith(mark):
            first, encoding = first[len(mark) :], marked
            break
    if encoding != "utf-8":
        decoder = codecs.getincrementaldecoder(encoding)()
        begin = decoder.decode(first).encode()
        _refuse_binary(begin, source, kind)
        yield begin
        for chunk in content:
            yield decoder.decode(chunk).encode()
        # Half a character at the end means a truncated file.
        yield decoder.decode(b"", final=True).encode()
        return
    _refuse_binary(first, source, kind)
    yield first
    yield from content


def _refuse_binary(begin: bytes, source: Path, kind: FileFormat) -> None:
    """Refuse zero bytes: text has none; spreadsheets, UTF-32, and UTF-16 without mark do."""
    refuse_wrong_extension(begin, source, kind)
    if b"\0" in begin[:INSPECTED_BYTES]:
        raise UserError(
            f"{source} is not a text file: it contains zero bytes near its start.",
            "Save it as UTF-8 text, or give it the extension of its format.",
        )
