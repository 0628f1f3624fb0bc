"""A private copy of an incoming file: decompressed, in UTF-8, hashed.

Everything after this works on the copy, so a file that changes while it is read, or an adapter
that would like to read another file, can do no harm.
"""

import codecs
import gzip
import hashlib
import json
import sqlite3
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
    """Copy a file into a folder: decompressed, without byte order mark, in UTF-8.

    Raises:
        UserError: the file cannot be read, is no regular file, or is a damaged gzip.
    """
    kind = file_format(source)
    if not source.exists():
        raise UserError(f"{source} does not exist.", "Check the path.")
    if not source.is_file():
        raise UserError(f"{source} is no regular file.", "Name files, not folders or devices.")
    copy = folder / f"copy_{len(list(folder.iterdir()))}.{kind}"
    digest = hashlib.sha256()
    try:
        with source.open("rb") as raw, copy.open("wb") as target:
            content = _decompressed(raw)
            for chunk in _as_utf8(content, digest) if kind != "sqlite" else _hashed(content, digest):
                target.write(chunk)
    except PermissionError as error:
        raise UserError(f"{source} cannot be read: no permission.", "Grant it.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{source} is a damaged or truncated gzip file ({error}).",
            "Fetch it again; nothing of it was loaded.",
        ) from error
    if kind == "json":
        kind = _to_ndjson(copy, source)
    return PrivateCopy(copy, source.name, kind, digest.hexdigest())


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(2)
    raw.seek(0)
    return gzip.open(raw) if magic == _GZIP_MAGIC else raw  # type: ignore[return-value]


def _hashed(content: IO[bytes], digest: Any) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
        yield chunk


def _as_utf8(content: IO[bytes], digest: Any) -> Iterator[bytes]:
    """The content without byte order mark, UTF-16 turned into UTF-8; hashed as it came."""
    decoder: codecs.IncrementalDecoder | None = None
    first = True
    for chunk in _hashed(content, digest):
        text = chunk
        if first:
            first = False
            for mark, encoding in _BYTE_ORDER_MARKS:
                if chunk.startswith(mark):
                    text = chunk[len(mark) :]
                    if encoding != "utf-8":
                        decoder = codecs.getincrementaldecoder(encoding)("replace")
                    break
        yield decoder.decode(text).encode() if decoder else text


def _to_ndjson(copy: Path, source: Path) -> FileFormat:
    """Rewrite a JSON array or object as one record a line; numbers keep their digits."""
    text = copy.read_text("utf-8", errors="replace")
    try:
        value = json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":  # one object a line under the ending .json
            return "ndjson"
        raise UserError(
            f"{source} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            "Mend the file, or give one object a line as .ndjson: then only bad lines are rejected.",
        ) from error
    records = value if isinstance(value, list) else [value]
    with copy.open("w", encoding="utf-8") as target:
        for record in records:
            target.write(json.dumps(record, ensure_ascii=False) + "\n")
    return "ndjson"


def export_sqlite_table(database: Path, table: str, target: Path) -> str:
    """Write one table of a SQLite database as Parquet of texts; return its content's hash.

    Raises:
        UserError: the file is no SQLite database.
    """
    import pyarrow as pa  # noqa: PLC0415 - only this path needs Arrow
    import pyarrow.parquet as pq  # noqa: PLC0415

    digest = hashlib.sha256()
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a fixed set of names
        schema = pa.schema([(column[0], pa.string()) for column in cursor.description])
        with pq.ParquetWriter(target, schema) as writer:
            while rows := cursor.fetchmany(100_000):
                columns = [
                    [None if value is None else _as_text(value) for value in column]
                    for column in zip(*rows, strict=True)
                ]
                digest.update(repr(columns).encode())
                writer.write_table(
                    pa.Table.from_arrays(
                        [pa.array(column, pa.string()) for column in columns], schema=schema
                    )
                )
    finally:
        connection.close()
    return digest.hexdigest()


def sqlite_tables(database: Path) -> list[str]:
    """Names of the tables of a SQLite database.

    Raises:
        UserError: the file is no SQLite database.
    """
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
            )
        ]
    except sqlite3.DatabaseError as error:
        raise UserError(
            f"{database.name} is no SQLite database ({error}).", "Check the file."
        ) from error
    finally:
        connection.close()


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
