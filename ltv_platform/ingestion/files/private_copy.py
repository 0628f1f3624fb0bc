"""A private copy of an incoming file: decompressed, in UTF-8, hashed.

Everything after this works on the copy, so a file that changes while it is read, or an adapter
that would like to read another file, can do no harm. What the bytes mean as records is the
business of ``reading``.
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

from ltv_platform.errors import PassingError, UserError
from ltv_platform.ingestion.files.kinds import LOOKED_AT, described, refuse_other_kind
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
#: Unicode's categories of control characters, and of line and paragraph separators.
_CONTROLS = ("Cc", "Zl", "Zp")
#: A gzip file that grows to more than both is taken for a bomb: lines of real data differ, and
#: shrink to a tenth, seldom a fiftieth.
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
    """What the readers work on.

    Attributes:
        path: The copy.
        name: Name of the file it was made of.
        format: What it holds.
        content_hash: SHA-256 of the decompressed content, as hex.
        notes: What the user should know of how it was made.
    """

    path: Path
    name: str
    format: FileFormat
    content_hash: str
    notes: tuple[str, ...] = ()


def file_format(path: Path) -> FileFormat:
    """The format by the file's ending, with or without ``.gz``.

    Raises:
        UserError: no known ending.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    if suffixes and suffixes[-1] in _FORMATS:
        return _FORMATS[suffixes[-1]]
    what, advice = described(_begin_of(path))
    raise UserError(
        f"{path} has an unsupported extension." + (f" It seems to be {what}." if what else ""),
        (f"{advice} " if advice else "")
        + f"Supported: {', '.join(sorted(_FORMATS))}, each also with .gz.",
    )


def _begin_of(path: Path) -> bytes:
    """The first bytes of a file, decompressed; none if it cannot be read."""
    try:
        with open_regular(path, follow_links=False) as raw:
            return _decompressed(raw).read(LOOKED_AT)
    except (UserError, OSError, EOFError, zlib.error):
        return b""


def load_id_of(table: str, adapter_text: str, content_hash: str) -> str:
    """What identifies a load: its table, the text of its adapter (or none) and its content."""
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
    """Copy a file into a folder of its own: decompressed, without byte order mark, in UTF-8.

    Of a workbook one sheet is written as delimited text, see ``workbooks``.

    Args:
        source: The incoming file.
        folder: An empty folder.
        follow_links: Whether the path may be a symbolic link.
        sheet: The sheet of a workbook; None: the first one that is not hidden.
        dialect: How the text of a workbook is written.
        scales: How the numbers of a workbook are rounded.

    Raises:
        UserError: the file cannot be read, is no regular file, does not fit on the disk, is a
            damaged or bloated gzip file, UTF-16 file or workbook, is of another kind than its
            ending says, has no such sheet, or was written to meanwhile.
    """
    kind = file_format(source)
    if kind == "workbook":
        from ltv_platform.ingestion.files.workbooks import workbook_as_text  # noqa: PLC0415 - few are such

        workbook = take_workbook(source, folder, follow_links=follow_links)
        return workbook_as_text(workbook, sheet, dialect, scales)
    if sheet is not None:
        raise UserError(f"{source} is no workbook, so it has no sheets.", "Leave out --sheet.")
    return _take(source, folder, kind, follow_links)


def take_workbook(source: Path, folder: Path, *, follow_links: bool = True) -> PrivateCopy:
    """Copy a workbook as it is; see :func:`take_copy`."""
    return _take(source, folder, "workbook", follow_links)


def _take(source: Path, folder: Path, kind: FileFormat, follow_links: bool) -> PrivateCopy:
    copy = folder / f"copy.{kind}"
    digest = hashlib.sha256()
    try:
        with open_regular(source, follow_links) as raw:
            before = os.fstat(raw.fileno())
            content = _hashed(_bounded(_decompressed(raw), before.st_size, source, folder), digest)
            with copy.open("wb") as target:
                is_text = kind in _TEXT_FORMATS
                target.writelines((_as_utf8 if is_text else _as_it_is)(content, source, kind))
            after = os.fstat(raw.fileno())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{source} is a damaged or truncated gzip file ({error}).",
            "Fetch it again; nothing of it was loaded.",
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{source} is a damaged UTF-16 file ({error.reason}).",
            "Fetch it again or save it as UTF-8; nothing of it was loaded.",
        ) from error
    except OSError as error:
        raise PassingError(
            f"{source} cannot be copied to {folder}: {error.strerror or error}.",
            "Check the disk of the file and the free space of LTV_HOME.",
        ) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise PassingError(
            f"{source} was written to while it was read.",
            "Load it when it is finished; a file that ends in .part is left alone in landing.",
        )
    return PrivateCopy(copy, printable(source.name), kind, digest.hexdigest())


def most_unpacked(packed: int) -> int:
    """Bytes that a file of so many packed bytes may grow to before it is taken for a bomb."""
    return max(_BLOATED_FROM, packed * _BLOATED_TIMES)


def printable(name: str) -> str:
    """A file name as a line of text.

    File systems allow bytes in it that are no characters, and characters that move a cursor.
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(repr(sign)[1:-1] if category(sign) in _CONTROLS else sign for sign in text)


def check_regular(source: Path, follow_links: bool = True) -> None:
    """Look at what a path leads to, without opening it: that could set a device going.

    Raises:
        UserError: there is nothing, or no regular file, or a link that is not to be followed.
    """
    with _path_errors(source):
        if not follow_links and source.is_symlink():
            raise UserError(
                f"{source} is a link to {source.readlink()}; links in landing are not followed.",
                "Put the file itself there, or load it by its own path with `ltv ingest`.",
            )
        _refuse_irregular(source, source.stat())


@contextmanager
def open_regular(source: Path, follow_links: bool) -> Iterator[IO[bytes]]:
    """Open a file for reading, without ever waiting for a writer as pipes do.

    Raises:
        UserError: there is none, it is no regular file, or it may not be read. Where links are not
            followed: it is one, or its folder is.
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
        # Something else may have taken its place meanwhile.
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
        raise UserError(f"{source} cannot be opened: {error.strerror}.", "Check it.") from error


def _refuse_irregular(source: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        what = kinds.get(stat.S_IFMT(status.st_mode), "a device")
        raise UserError(f"{source} is {what}, not a file.", "Name the files themselves.")


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(len(_GZIP_MAGIC))
    raw.seek(0)
    return gzip.open(raw) if magic == _GZIP_MAGIC else raw  # type: ignore[return-value]


def _bounded(content: IO[bytes], packed: int, source: Path, folder: Path) -> Iterator[bytes]:
    """The content chunk by chunk, as long as it may grow.

    Raises:
        UserError: the disk has no room for it, or it is a gzip bomb.
    """
    # The other half is for the warehouse, which will hold the rows.
    room = shutil.disk_usage(folder).free // 2
    size = packed
    if size <= room:
        size = 0
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            if size > most_unpacked(packed):
                raise UserError(
                    f"{source} grows to more than {_BLOATED_TIMES} times its size and "
                    f"{_BLOATED_FROM >> 20} MiB when it is decompressed, as a gzip bomb does.",
                    "If it is meant to be so, decompress it yourself and load the result.",
                )
            if size > room:
                break
            yield chunk
        else:
            return
    raise PassingError(
        f"{source} needs more than half of what is free on the disk of LTV_HOME.",
        f"That is {room:,} bytes. Make room, or split the file; nothing of it was loaded.",
    )


def _hashed(content: Iterator[bytes], digest: Any) -> Iterator[bytes]:
    """The content chunk by chunk, hashed as it came."""
    for chunk in content:
        digest.update(chunk)
        yield chunk


def _as_it_is(content: Iterator[bytes], source: Path, kind: FileFormat) -> Iterator[bytes]:
    """The content, if its beginning is not that of another format.

    Raises:
        UserError: it is.
    """
    first = next(content, b"")
    refuse_other_kind(first, source, kind)
    yield first
    yield from content


def _as_utf8(content: Iterator[bytes], source: Path, kind: FileFormat) -> Iterator[bytes]:
    """The content without byte order mark; UTF-16, which its mark tells, turned into UTF-8.

    Raises:
        UserError: it begins with bytes that no text has, or those of another format.
        UnicodeDecodeError: it is damaged UTF-16.
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
        # Half a character at the end means that the file was cut off.
        yield decoder.decode(b"", final=True).encode()
        return
    _refuse_binary(first, source, kind)
    yield first
    yield from content


def _refuse_binary(begin: bytes, source: Path, kind: FileFormat) -> None:
    """No text holds zero bytes; UTF-16 without its mark, UTF-32, and spreadsheets do."""
    refuse_other_kind(begin, source, kind)
    if b"\0" in begin[:LOOKED_AT]:
        raise UserError(
            f"{source} is not a text file: it contains zero bytes near its start.",
            "Save it as UTF-8 text, or with the extension of its format.",
        )
