"""Delimited text in all its forms: nothing may be lost, doubled or shifted."""

import codecs
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltv_platform.assets import build_graph
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.ingestion.reading import (
    csv_regularity as shapes,
)
from ltv_platform.ingestion.reading import (
    hand_split as records,
)
from ltv_platform.ingestion.reading import (
    readers,
    record_texts,
)
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.hand_split import RecordFiles, split_delimited
from ltv_platform.settings import load_settings
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform_tests.testing import NOW
from ltv_platform_tests.testing.loader import Loader

HEADER = "campaign_id,campaign_name"


def quarantined(load: Loader) -> list[tuple[int, str, str]]:
    """Line, first reason and raw text of the rows in quarantine."""
    return load.rows("SELECT line, reasons[1], raw FROM raw.quarantine ORDER BY line")


def names(load: Loader) -> list[tuple[str, str, int]]:
    """What was accepted, with its line."""
    return load.rows("SELECT campaign_id, campaign_name, line FROM raw.campaigns ORDER BY line")


PLAIN = f"{HEADER}\nc1,Spring\nc2,Sömmer\n"
PLAIN_ROWS = [("c1", "Spring", 2), ("c2", "Sömmer", 3)]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.rstrip("\n").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("\n", "\r\n", 1).encode(),
        PLAIN.replace("\nc2", "\r\nc2").encode(),
        codecs.BOM_UTF8 + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", "|").encode(),
        PLAIN.replace(",", ", ").encode(),
        '"campaign_id","campaign_name"\n"c1","Spring"\n"c2","Sömmer"\n'.encode(),
        b"\n\n" + PLAIN.replace("\n", "\n\n").encode(),
        b"\r\n" + PLAIN.replace("\n", "\r\n\r\n").encode(),
        gzip.compress(PLAIN.encode()),
    ],
    ids=[
        "plain",
        "no end of line at the end",
        "CRLF",
        "CR",
        "CRLF after the header only",
        "CRLF after one record only",
        "BOM",
        "UTF-16",
        "UTF-16, big end first",
        "semicolon",
        "tab",
        "pipe",
        "blank after the delimiter",
        "quotes",
        "blank lines",
        "blank lines, CRLF",
        "gzip",
    ],
)
def test_the_same_rows_in_every_shape(load: Loader, content: bytes) -> None:
    """Regression: mixed line ends raised, and a blank first line made the header a record."""
    counts = load("campaigns", content)
    assert (counts.rows_in_file, counts.rows_accepted) == (2, 2)
    assert names(load) == PLAIN_ROWS


def test_a_header_without_rows_is_a_load_of_no_rows(load: Loader) -> None:
    """Header only: fine, and known from then on."""
    assert load("campaigns", HEADER + "\n").rows_in_file == 0
    assert load.outcome("campaigns", HEADER + "\n").repeated


@pytest.mark.parametrize(
    "content",
    [b"", codecs.BOM_UTF8, b"\n\n", gzip.compress(b"")],
    ids=["no bytes", "BOM", "blank lines", "gzip"],
)
def test_an_empty_file_is_refused(load: Loader, content: bytes) -> None:
    """Nothing to load is more likely a failed export than good news."""
    outcome = load.outcome("campaigns", content)
    assert outcome.error is not None
    assert outcome.error.message.startswith("campaigns.csv ")
    assert outcome.error.hint


def test_utf16_that_ends_within_a_character_is_refused(load: Loader) -> None:
    """Regression: the last byte was dropped in silence, and a bad pair became a question mark."""
    for content in (PLAIN.encode("utf-16") + b"x", PLAIN.encode("utf-16") + b"\x00\xd8"):
        outcome = load.outcome("campaigns", content)
        assert outcome.error is not None
        assert "is a damaged UTF-16 file" in outcome.error.message


def test_quoted_line_ends_belong_to_their_record(load: Loader) -> None:
    """`line` is the record number, not the physical line."""
    counts = load("campaigns", f'{HEADER}\nc1,"a\nb\n\nc"\nc2,"x""y"\n,missing\n')
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (3, 2, 1)
    assert names(load) == [("c1", "a\nb\n\nc", 2), ("c2", 'x"y', 3)]
    assert load.reasons() == [(4, ["campaign_id: is missing"])]


def test_ragged_records_are_rejected_one_by_one(load: Loader) -> None:
    """Numbers run over accepted and rejected records together."""
    counts = load("campaigns", f"{HEADER}\nc1,a\nc2\nc3,c,d\n\nc4,d\n,e\nc6,f,g,h\nc7,g\n")
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (7, 3, 4)
    assert names(load) == [("c1", "a", 2), ("c4", "d", 5), ("c7", "g", 8)]
    assert quarantined(load) == [
        (3, "record: has 1 columns, not 2", "c2"),
        (4, "record: has 3 columns, not 2", "c3,c,d"),
        (6, "campaign_id: is missing", '{"campaign_id":null,"campaign_name":"e"}'),
        (7, "record: has 4 columns, not 2", "c6,f,g,h"),
    ]


@pytest.mark.parametrize("field", ['"open', '"open, and a comma', 'x"\nc9,"open'])
def test_behind_an_unterminated_quote_the_rest_is_one_record(load: Loader, field: str) -> None:
    """It counts as one row in file, and its text is kept whole."""
    tail = "\n".join(f"c{i},{'x' * 50}" for i in range(1000)) + "\n"
    counts = load("campaigns", f"{HEADER}\nc1,a\nc2,{field}\n{tail}")
    assert counts.rows_accepted + counts.rows_quarantined == counts.rows_in_file
    last = quarantined(load)[-1]
    assert last[1].startswith("record: opens a quote that is never closed")
    assert last[2].endswith(f"\n{tail}".rstrip("\n"))


def test_nothing_vanishes_behind_a_quote_in_a_large_file(load: Loader) -> None:
    """Regression: the engine's parallel reader lost 782,402 of 3,000,000 rows in silence."""
    rows = [f"c{i:07d},{'some text ' * 9}\n" for i in range(250_000)]
    rows[50_000] = 'x,"open\n'
    counts = load("campaigns", f"{HEADER}\n{''.join(rows)}")
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (
        50_001,
        50_000,
        1,
    )
    [(line, _, raw)] = quarantined(load)
    assert line == 50_002
    assert raw == "".join(rows[50_000:]).rstrip("\n")


@pytest.mark.parametrize(
    "record", ["c2," + "x" * 200, 'c2,"open' + "\nx" * 200, 'c2,"' + "x" * 99 + '"x,' * 2]
)
def test_a_record_too_long_to_be_kept_refuses_the_file(
    load: Loader, monkeypatch: pytest.MonkeyPatch, record: str
) -> None:
    """Regression: behind the limit the reader went on in the middle of the record."""
    for module in (records, record_texts):
        monkeypatch.setattr(module, "LONGEST_FIELD", 100)
    outcome = load.outcome("campaigns", f"{HEADER}\n\nc1,a\n{record}\n")
    assert outcome.error is not None
    assert "campaigns.csv: record 3 is longer than" in outcome.error.message
    assert load.rows("SELECT COUNT(*) FROM raw.campaigns") == [(0,)]


def test_text_behind_a_closing_quote_rejects_the_record_alone(load: Loader) -> None:
    """What follows it is read on."""
    load("campaigns", f'{HEADER}\nc1,"a"b\nc2,b\nc3,5" pipe\nc4,"d"\n')
    assert names(load) == [("c2", "b", 3), ("c3", '5" pipe', 4), ("c4", "d", 5)]
    assert quarantined(load) == [(2, "record: has text behind a closing quote", 'c1,"a"b')]


def test_bytes_that_are_no_utf8_reject_their_record(load: Loader) -> None:
    """Regression: rejected in one pass and not in the next, they shifted all later lines."""
    load("campaigns", HEADER.encode() + b",extra\nc1,a,\xff\nc2,b,\xe4\xf6\n,c,x\nc4,d,\xc3\xa4\n")
    assert names(load) == [("c4", "d", 5)]
    assert quarantined(load) == [
        (2, "record: holds bytes that are not UTF-8", "c1,a,\\xff"),
        (3, "record: holds bytes that are not UTF-8", "c2,b,\\xe4\\xf6"),
        (
            4,
            "campaign_id: is missing",
            '{"campaign_id":null,"campaign_name":"c","extra":"x"}',
        ),
    ]


@pytest.mark.parametrize("size", [1 << 20, 17 << 20])
def test_a_field_of_megabytes_is_kept_whole(load: Loader, size: int) -> None:
    """Behind 16 MiB the engine's reader gives up, and it cuts rejected text at 10,000."""
    counts = load("campaigns", f"{HEADER}\nc1,{'x' * size}\n,{'y' * size}\n")
    assert (counts.rows_accepted, counts.rows_quarantined) == (1, 1)
    assert load.rows("SELECT length(campaign_name) FROM raw.campaigns") == [(size,)]
    [(_, _, raw)] = quarantined(load)
    assert json.loads(raw)["campaign_name"] == "y" * size


def test_five_thousand_columns(load: Loader) -> None:
    """The message that names unknown columns stays short, the record in quarantine whole."""
    more = [f"column_{i}" for i in range(5000)]
    outcome = load.outcome("campaigns", f"campaign_id,{','.join(more)}\n{',' * 5000}\n")
    assert outcome.counts is not None
    assert outcome.counts.rows_quarantined == 1
    assert len(outcome.notes[0]) < 500
    assert outcome.notes[0].endswith("and 4970 more")
    [(_, _, raw)] = quarantined(load)
    assert len(json.loads(raw)) == 5001


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("campaign_id,Campaign_ID", "has columns of the same name: Campaign_ID, campaign_id"),
        ("campaign_id,_line", "has a column _line"),
        ('"campaign_id,campaign_name', "has no header that can be read"),
    ],
)
def test_headers_that_cannot_be_used(load: Loader, header: str, message: str) -> None:
    """The file is refused by name, and nothing in it is loaded."""
    outcome = load.outcome("campaigns", f"{header}\nc1,a\n")
    assert outcome.error is not None
    assert outcome.error.message.startswith(f"campaigns.csv {message}")


def test_a_quote_that_spans_blocks_of_the_check(
    load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check for regular quotes keeps count from block to block."""
    monkeypatch.setattr(shapes, "_BLOCK", 7)
    load("campaigns", f'{HEADER}\nc1,"a, long\nname"\nc2,"b"\nc3,"c""d"\n')
    assert names(load) == [("c1", "a, long\nname", 2), ("c2", "b", 3), ("c3", 'c"d', 4)]


@pytest.mark.parametrize(
    ("text", "regular", "lines"),
    [
        ("a,b\n1,2\n", True, 2),
        ("a,b\n1,2", True, 2),
        ("a,b\r\n1,2\r\n", True, 2),
        ('a,b\n"1","2"\n', True, None),
        ('a,b\n"1\n","""2"""\n', True, None),
        ('a,b\n"",""\n', True, None),
        ("a,b\n1,2\r\n", False, None),
        ("a,b\r1,2\r", False, None),
        # Nothing is lost if the engine skips a blank line: it then finds a record too few.
        ("a,b\n\n1,2\n", True, 3),
        ('a,b\n\n"1",2\n', False, None),
        ("\na,b\n1,2\n", False, None),
        ('a,b\n1,"2\n', False, None),
        ('a,b\n1,x"2"\n', False, None),
        ('a,b\n1,"2"x\n', False, None),
        ('a,b\n1, "2"\n', False, None),
    ],
)
@pytest.mark.parametrize("block", [3, 1 << 20])
def test_what_is_regular(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    text: str,
    regular: bool,
    lines: int | None,
    block: int,
) -> None:
    """Only regular files go to the engine's own reader, which must find as many records."""
    monkeypatch.setattr(shapes, "_BLOCK", block)
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode())
    shape = shapes.shape_of(path, ",", '"', 2)
    assert (shape.regular, shape.lines) == (regular, lines)
    # In a file of one column, a blank line would come out as a record.
    assert shapes.shape_of(path, ",", '"', 1).regular is (regular and "\n\n" not in text)


#: Fields as people write them; the last ones take a file out of the engine's hands.
FIELDS = ["a", "b c", " a", "a ", "  ", "", '""', '"a"', '" a"', '"a,b"', ' "a"', '"a" ']
#: What stands behind the second field, too little and too much among it.
ENDS = [[], [""], ["", ""], ['""'], [" "], ["x"]]


def _records(fields: list[str], ends: list[list[str]]) -> st.SearchStrategy[list[list[str]]]:
    two = st.lists(st.sampled_from(fields), min_size=2, max_size=2)
    record = st.builds(lambda given, more: [*given, *more], two, st.sampled_from(ends))
    return st.lists(record, min_size=1, max_size=5)


@settings(max_examples=20, deadline=None)
@given(
    records=st.one_of(
        _records(FIELDS[:5], ENDS[:3]), _records(FIELDS[:-2], ENDS[:4]), _records(FIELDS, ENDS)
    ),
    end=st.sampled_from(["\n", "\r\n"]),
)
@pytest.mark.parametrize("adapter", [None, "-- table: campaigns\nSELECT * FROM file\n"])
def test_a_record_is_read_the_same_whatever_else_the_file_holds(
    loaders: Callable[[], Loader], adapter: str | None, records: list[list[str]], end: str
) -> None:
    """Regression: `a,b,` passed, and was rejected where a blank line stood anywhere else."""
    seen = []
    for tail in ("", end, f"{end}{end}"):
        load = loaders()
        path = load.write("all.sql", adapter) if adapter else None
        text = end.join([HEADER, *(",".join(record) for record in records)]) + end + tail
        counts = load("campaigns", text, "x.csv", str(path) if path else None)
        good = load.rows("SELECT campaign_id, campaign_name, line FROM raw.campaigns ORDER BY line")
        bad = load.rows("SELECT line, reasons FROM raw.quarantine ORDER BY line")
        seen.append((counts.rows_in_file, counts.rows_repeated, good, bad))
    assert seen[0] == seen[1] == seen[2]


@pytest.fixture(scope="module")
def loaders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Loader]:
    """Makes loaders of empty logs."""
    folder = tmp_path_factory.mktemp("loaders")
    settings = load_settings(home=folder / "home", now=NOW, threads=1)
    load = Loader(DuckDBEngine(settings, build_graph(settings).catalog), folder / "files")

    def empty() -> Loader:
        with load.engine.session() as connection:
            for table in ("campaigns", "loads", "quarantine", "touched"):
                connection.execute(f"DELETE FROM raw.{table}")
        return load

    return empty


def test_empty_fields_behind_the_last_column_are_none(load: Loader) -> None:
    """As programs write them that end every record with a delimiter."""
    for text in (f"{HEADER}\nc1,a,\nc2,b,,\n", f"{HEADER}\n\nc3,a,\nc4,b,,\nc5,b,,x\n"):
        load("campaigns", text)
    assert [name for name, *_ in names(load)] == ["c1", "c3", "c2", "c4"]
    assert [reason for _, reason, _ in quarantined(load)] == ["record: has 4 columns, not 2"]


FIELD = st.text(alphabet='ab" ,\n\r;ä', max_size=6).map(lambda text: text.strip(" "))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(FIELD, FIELD), max_size=12), ends=st.sampled_from(["\n", "\r\n"]))
def test_both_readers_agree(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], ends: str
) -> None:
    """A regular file gives the same records by the engine's reader and by hand."""
    quoted = ['"' + '","'.join(field.replace('"', '""') for field in row) + '"' for row in rows]
    text = ends.join(["a,b", *quoted]) + ends
    folder = tmp_path_factory.mktemp("agree")
    path = folder / "file.csv"
    path.write_bytes(text.encode())
    with duckdb.connect() as connection:
        copy = PrivateCopy(path, "file.csv", "csv", "")
        records = readers.open_file(connection, copy, Dialect(), ["a", "b"])
        connection.execute(f"CREATE TEMP TABLE file AS {records.select}")
        line = "_line" if records.first_line is None else f"rowid + {records.first_line} AS _line"
        found = connection.execute(f"SELECT a, b, {line} FROM file ORDER BY _line").fetchall()
        readers.confirm(connection, records, len(found))
        assert connection.execute("SELECT COUNT(*) FROM malformed").fetchone() == (0,)
        assert found == [(a or None, b or None, line) for line, (a, b) in enumerate(rows, 2)]
        files = RecordFiles(folder / "by_hand", ["a", "b"])
        split_delimited(path, files, Dialect(), ",", 1)
        parts = f"read_parquet('{files.folder}/records_*.parquet')"
        by_hand = connection.execute(
            f"SELECT NULLIF(a, ''), NULLIF(b, ''), _line FROM {parts} ORDER BY _line"
        ).fetchall()
        assert by_hand == found
