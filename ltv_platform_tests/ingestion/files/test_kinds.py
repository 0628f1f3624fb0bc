"""Files whose bytes contradict their extension, or whose extension says nothing."""

import bz2
import gzip
import lzma
import sqlite3
import time
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.files.kinds import kind_of
from ltv_platform.ingestion.files.private_copy import file_format, take_copy
from ltv_platform_tests.testing.loader import Loader


def _zip(*names: str) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet")
    return packed.getvalue()


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"campaign_id": ["c1"]}), sink)
    return bytes(sink.getvalue())


def _sqlite(folder: Path) -> bytes:
    path = folder / "made"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE campaigns (campaign_id)")
    return path.read_bytes()


TEXT = b"campaign_id,campaign_name\nc1,Spring\n"
KINDS = {
    "an OpenDocument spreadsheet": _zip("mimetype"),
    "an Excel workbook": _zip("[Content_Types].xml", "xl/workbook.xml"),
    "a ZIP archive, perhaps an Excel workbook": _zip("june.csv"),
    "an old Excel workbook (.xls), or a password-protected one": (
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
    ),
    "a PDF document": b"%PDF-1.7\n",
    "a web page, perhaps a login page": b"\n <!DOCTYPE html>\n<html>",
    "an XML document": b'<?xml version="1.0"?><rows/>',
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "a RAR archive": b"Rar!\x1a\x07\x01\0",
    "compressed by bzip2": bz2.compress(TEXT),
    "compressed by xz": lzma.compress(TEXT),
    "compressed by Zstandard": b"\x28\xb5\x2f\xfd\x20",
    "compressed by gzip twice": gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0),
    "a Parquet file": _parquet(),
}


@pytest.mark.parametrize("what", KINDS)
def test_another_kind_under_the_name_of_a_csv_file(load: Loader, what: str) -> None:
    """What it is and what to do is said, packed or not, and under the ending .ndjson, too."""
    content = KINDS[what]
    packed = content if what.endswith("twice") else gzip.compress(content, mtime=0)
    for name, given in (("a.csv", content), ("b.csv.gz", packed), ("c.ndjson", content)):
        error = load.outcome("campaigns", given, name).error
        assert error is not None
        assert error.message == f"{load.folder / name} is {what}, despite its extension."
        assert error.hint
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(0,)]


def test_other_formats_under_each_others_names(load: Loader, tmp_path: Path) -> None:
    """A database is not a Parquet table, and a web page is not a database."""
    for name, content, what in (
        ("a.parquet", _sqlite(tmp_path), "a SQLite database"),
        ("a.db", _parquet(), "a Parquet file"),
        ("b.db", b"<html>", "a web page, perhaps a login page"),
        ("a.json", "<html>".encode("utf-16"), "a web page, perhaps a login page"),
    ):
        error = load.outcome("campaigns", content, name).error
        assert error is not None
        assert error.message == f"{load.folder / name} is {what}, despite its extension."


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        *((f"a.{number}", content, what) for number, (what, content) in enumerate(KINDS.items())),
        ("a", TEXT, "text"),
        ("a.sql.gz", gzip.compress(TEXT, mtime=0), "text"),
        ("a.dat", "é,è".encode("utf-16"), "text"),
        ("a.dat", b'\n{"a": 1}', "JSON"),
        ("a.dat", b'[ {"a": 1}]', "JSON"),
        ("a.dat", b"[x] y", "text"),
    ],
)
def test_an_unknown_ending(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    """The bytes say what the file seems to be."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        file_format(path)
    assert caught.value.message == f"{path} has an unsupported extension. It seems to be {what}."
    assert caught.value.hint.endswith("each also with .gz.")


@pytest.mark.parametrize("content", [b"", b"\1\0\2\0", b"\x1f\x8bx", None])
def test_an_unknown_ending_of_nothing_that_is_known(tmp_path: Path, content: bytes | None) -> None:
    """Neither bytes of no meaning nor a missing file are guessed at."""
    path = tmp_path / "a.dat"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        file_format(path)
    assert caught.value.message == f"{path} has an unsupported extension."


@pytest.mark.parametrize("text", ["PAR1,b\n1,2\n", "PK,b\n", "BZh9,b\n", "<b>,c\n", "7z,b\n"])
def test_texts_that_begin_alike_are_text(tmp_path: Path, text: str) -> None:
    """A column name is not a mark of another format."""
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert take_copy(path, tmp_path).path.read_text() == text


def test_no_beginning_takes_long() -> None:
    """Comments before a page are passed over once, however many there are."""
    begun = time.monotonic()
    assert kind_of(b"<!---->" * 600) is None
    assert kind_of(b" " * 5000) is None
    assert time.monotonic() - begun < 1
