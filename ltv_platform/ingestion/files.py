"""A private copy of an incoming file: decompressed, in UTF-8, hashed.

Everything after this works on the copy, so a file that changes while it is read, or an adapter
that would like to read another file, can do no harm. What the bytes mean as records is the
business of ``readers``.
"""

import codecs
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from ltv_platform.errors import UserError

FileFormat = Literal["csv", "ndjson", "json", "parquet", "sqlite"]

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
}
_TEXT_FORMATS = ("csv", "ndjson", "json")

_CHUNK = 1 << 20
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
    """

    path: Path
    name: str
    format: FileFormat
    content_hash: str


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
    raise UserError(
        f"{path} has no known ending.",
        f"Known are {', '.join(sorted(_FORMATS))}, each also with .gz.",
    )


def take_copy(source: Path, folder: Path) -> PrivateCopy:
    """Copy a file into a folder of its own: decompressed, without byte order mark, in UTF-8.

    Args:
        source: The incoming file.
        folder: An empty folder.

    Raises:
        UserError: the file cannot be read, is no regular file, is a damaged gzip or UTF-16
            file, or was written to meanwhile.
    """
    kind = file_format(source)
    copy = folder / f"copy.{kind}"
    digest = hashlib.sha256()
    try:
        if not source.exists():
            raise UserError(f"{source} does not exist.", "Check the path.")
        if not source.is_file():
            raise UserError(f"{source} is no regular file.", "Name files, not folders or devices.")
        with source.open("rb") as raw:
            before = os.fstat(raw.fileno())
            content = _hashed(_decompressed(raw), digest)
            with copy.open("wb") as target:
                target.writelines(_as_utf8(content) if kind in _TEXT_FORMATS else content)
            after = os.fstat(raw.fileno())
    except PermissionError as error:
        raise UserError(
            f"{source} cannot be read: no permission.", "Allow this user to read it."
        ) from error
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
        raise UserError(
            f"{source} cannot be copied to {folder}: {error.strerror or error}.",
            "Check the disk of the file and the free space of LTV_HOME.",
        ) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UserError(
            f"{source} was written to while it was read.",
            "Load it when it is finished; a file that ends in .part is left alone in landing.",
        )
    return PrivateCopy(copy, source.name, kind, digest.hexdigest())


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(len(_GZIP_MAGIC))
    raw.seek(0)
    return gzip.open(raw) if magic == _GZIP_MAGIC else raw  # type: ignore[return-value]


def _hashed(content: IO[bytes], digest: Any) -> Iterator[bytes]:
    """The content chunk by chunk, hashed as it came."""
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
        yield chunk


def _as_utf8(content: Iterator[bytes]) -> Iterator[bytes]:
    """The content without byte order mark; UTF-16, which its mark tells, turned into UTF-8."""
    first = next(content, b"")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if first.startswith(mark):
            first = first[len(mark) :]
            if encoding != "utf-8":
                decoder = codecs.getincrementaldecoder(encoding)()
                yield decoder.decode(first).encode()
                for chunk in content:
                    yield decoder.decode(chunk).encode()
                # Half a character at the end means that the file was cut off.
                yield decoder.decode(b"", final=True).encode()
                return
            break
    yield first
    yield from content
