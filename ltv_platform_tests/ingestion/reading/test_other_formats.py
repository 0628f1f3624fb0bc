"""JSON, Parquet, SQLite, whitespace-separated text, and files that are not what they say."""

import gzip
import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.files import private_copy as files
from ltv_platform.ingestion.load import Request, ingest, sqlite_requests
from ltv_platform_tests.ingestion.rows.test_values import ROUND_IT
from ltv_platform_tests.testing.loader import Loader

TRANSACTION = '{"transaction_id": "t%d", "customer_id": "c1", "transaction_date": "2025-06-01", %s}'


def test_json_lines_with_bad_ones_between(load: Loader) -> None:
    """Each line that is not an object is a rejected record; numbers count records."""
    lines = [
        TRANSACTION % (1, '"amount": 1.50, "is_refund": false'),
        "not json",
        "",
        TRANSACTION % (2, '"amount": "2", "is_refund": true'),
        "[1, 2]",
        TRANSACTION % (3, '"amount": 3, "amount": 4'),
        TRANSACTION % (4, '"amount": null'),
        TRANSACTION % (5, '"amount": 5, "basket": {"items": [1]}'),
        '{"transaction_id": "t6',
    ]
    outcome = load.outcome("transactions", "\n".join(lines), "transactions.ndjson")
    counts = outcome.counts
    assert counts is not None
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (8, 3, 5)
    assert outcome.notes[0] == "transactions.ndjson: unknown columns ignored: basket"
    assert load.rows("SELECT line, amount, is_refund FROM raw.transactions ORDER BY line") == [
        (1, Decimal("1.5"), False),
        (3, Decimal(2), True),
        (7, Decimal(5), False),
    ]
    assert load.reasons() == [
        (2, ["record: is not a JSON object"]),
        (4, ["record: is not a JSON object"]),
        (5, ["record: names a column twice"]),
        (6, ["amount: is missing"]),
        (8, ["record: is not a JSON object"]),
    ]
    raws = load.rows("SELECT raw FROM raw.quarantine WHERE line IN (2, 8) ORDER BY line")
    assert raws == [("not json",), ('{"transaction_id": "t6',)]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("t.json", "[%s,\n %s]"),
        ("t.json", "%s\n%s"),
        ("t.jsonl", "%s\n%s"),
        ("t.ndjson.gz", "%s\r\n%s\r\n"),
    ],
)
def test_numbers_of_json_keep_their_digits(load: Loader, name: str, pattern: str) -> None:
    """Regression: the engine's JSON reader gives 123456789012.12346 for the first one."""
    text = pattern % (
        TRANSACTION % (1, '"amount": 123456789012.123456'),
        TRANSACTION % (2, '"amount": 1e-7'),
    )
    content = gzip.compress(text.encode()) if name.endswith(".gz") else text
    counts = load("transactions", content, name)
    assert (counts.rows_accepted, counts.rows_quarantined) == (1, 1)
    assert load.rows("SELECT amount FROM raw.transactions") == [(Decimal("123456789012.123456"),)]
    [(_, [reason])] = load.reasons()
    assert reason == f"amount: '1e-7' has more than 6 decimals; {ROUND_IT}"


def test_json_array_with_elements_that_are_no_objects(load: Loader) -> None:
    """Rejected by their position in the array; NaN is not a number, half a character not text."""
    text = (
        f"[{TRANSACTION % (1, chr(34) + 'amount' + chr(34) + ': 1')}, 7, "
        f"{TRANSACTION % (2, chr(34) + 'amount' + chr(34) + ': NaN')}, "
        r'{"transaction_id": "\ud800"}]'
    )
    counts = load("transactions", text, "t.json")
    assert (counts.rows_in_file, counts.rows_accepted) == (4, 1)
    assert load.reasons() == [
        (2, ["record: is not a JSON object"]),
        (3, ["amount: 'NaN' is not a number"]),
        (4, ["record: holds bytes that are not UTF-8"]),
    ]


IMPOSTORS: tuple[tuple[str, str | bytes], ...] = (
    ("t.json", "[{]"),
    ("t.json", '[{"a": 1} {"a": 2}]'),
    ("t.json", '[{"a": 1}] x'),
    ("t.json", '{"a": '),
    ("t.json", "[" * 100_000),
    ("t.json", "<html>"),
    ("t.parquet", "no parquet"),
    ("t.db", "no database at all" * 100),
    ("t.xlsx", "x"),
    ("t.csv.gz", gzip.compress(b"transaction_id,customer_id\n" * 1000)[:-20]),
    ("t.csv.gz", b"\x1f\x8b" + b"rubbish" * 10),
    ("t.csv", b"\xff\xfea\x00b"),
)


def test_files_that_are_not_what_they_say(load: Loader) -> None:
    """What, where, what next; nothing half-loaded and no traceback."""
    paths = [load.write(f"{i}_{name}", content) for i, (name, content) in enumerate(IMPOSTORS)]
    outcomes = ingest(load.engine, [Request("transactions", path) for path in paths])
    for path, outcome in zip(paths, outcomes, strict=True):
        assert outcome.counts is None
        assert outcome.error is not None
        assert path.name in outcome.error.message
        assert outcome.error.hint
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(0,)]
    assert not list(load.engine.settings.home.glob("staging_*"))


def test_paths_that_are_no_files(load: Loader, tmp_path: Path) -> None:
    """A missing file, a folder, a pipe: refused without waiting for anything."""
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    paths = [tmp_path / "missing.csv", folder, pipe]
    outcomes = ingest(load.engine, [Request("campaigns", path) for path in paths])
    assert [str(outcome.error).splitlines()[0] for outcome in outcomes] == [
        f"{paths[0]} does not exist.",
        f"{folder} is a folder, not a file.",
        f"{pipe} is a pipe, not a file.",
    ]


def test_what_takes_the_place_of_a_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check of a path and its opening: pipes do not block, links are not followed.

    Nothing of it is left open, a folder neither.
    """
    monkeypatch.setattr(files, "check_regular", lambda *_: None)
    pipe, link, folder, good = (
        tmp_path / f"{name}.csv" for name in ("pipe", "link", "folder", "good")
    )
    os.mkfifo(pipe)
    folder.mkdir()
    good.write_text("campaign_id\nc1\n")
    link.symlink_to(good)
    said: list[str] = []

    def take(path: Path) -> None:
        (tmp_path / f"of_{path.name}").mkdir()
        with pytest.raises(UserError) as caught:
            files.take_copy(path, tmp_path / f"of_{path.name}", follow_links=False)
        said.append(caught.value.message)

    for path in (pipe, link, folder):
        waiting = Thread(target=take, args=(path,), daemon=True)
        waiting.start()
        waiting.join(600)
    assert said == [
        f"{pipe} is a pipe, not a file.",
        f"{link} is a link or inside one; links in landing are not followed.",
        f"{folder} cannot be opened: Is a directory.",
    ]
    assert not any(_is_open(path) for path in (pipe, good, folder))


def _is_open(path: Path) -> bool:
    """Whether this process has a descriptor of it."""
    for descriptor in Path("/dev/fd").iterdir():
        with suppress(OSError):  # the one of the listing is closed by now
            if os.path.samestat(os.fstat(int(descriptor.name)), path.stat()):
                return True
    return False


def test_parquet_with_native_types(load: Loader) -> None:
    """Values come as the same texts that a CSV file would have."""
    path = load.folder / "transactions.parquet"
    path.parent.mkdir()
    moment = datetime(2025, 6, 1, 10, 30)
    pq.write_table(
        pa.table(
            {
                "transaction_id": pa.array([1, 2, None], pa.int64()),
                "customer_id": pa.array(["c1", "c2", "c3"], pa.string()),
                "transaction_date": pa.array(
                    [moment.replace(tzinfo=UTC)] * 3, pa.timestamp("us", "Europe/Berlin")
                ),
                "updated_at": pa.array([moment, None, moment], pa.timestamp("us")),
                "amount": pa.array(
                    [Decimal("123456789012.123456"), Decimal("0.1"), Decimal(1)],
                    pa.decimal128(18, 6),
                ),
                "is_refund": pa.array([True, False, None], pa.bool_()),
            }
        ),
        path,
    )
    [outcome] = ingest(load.engine, [Request("transactions", path)])
    assert outcome.counts is not None
    assert outcome.counts.rows_accepted == 2
    assert load.rows(
        "SELECT transaction_id, transaction_date, updated_at, amount, is_refund, line "
        "FROM raw.transactions ORDER BY line"
    ) == [
        ("1", moment, moment, Decimal("123456789012.123456"), True, 1),
        ("2", moment, None, Decimal("0.1"), False, 2),
    ]
    [(raw,)] = load.rows("SELECT raw FROM raw.quarantine")
    assert '"customer_id":"c3"' in raw
    assert '"amount":"1.000000"' in raw


#: Costs as doubles, and what they are at six decimals; 2^-7 and 3 × 2^-7 stand between two.


def database(path: Path) -> Path:
    """A SQLite database with two source tables and another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE campaigns (campaign_id TEXT, campaign_name TEXT);"
            "INSERT INTO campaigns VALUES ('c1', 'Spring'), ('c2', NULL), (NULL, 'nameless');"
            "CREATE TABLE session_costs (session_id INTEGER, cost REAL);"
            "INSERT INTO session_costs VALUES (1, 0.25), (2, 10000000000), (3, NULL);"
            "CREATE TABLE conversions (conv_id, user_id, conv_date, conv_time, revenue);"
            "CREATE TABLE session_sources (session_id, user_id, channel_name, event_date, "
            "event_time, holder_engagement, closer_engagement);"
            "CREATE TABLE other (a);"
        )
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_sqlite(load: Loader, packed: bool) -> None:
    """Each source table in the database is a load; the others are left alone."""
    path = database(load.folder / "shop.db")
    if packed:
        packed_path = path.with_suffix(".db.gz")
        packed_path.write_bytes(gzip.compress(path.read_bytes()))
        path = packed_path
    requests = sqlite_requests(load.engine, path)
    assert [request.table for request in requests] == [
        "session_sources",
        "conversions",
        "session_costs",
        "campaigns",
    ]
    outcomes = ingest(load.engine, requests)
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert load.rows("SELECT session_id, cost, line FROM raw.session_costs ORDER BY line") == [
        ("1", Decimal("0.25"), 1),
        ("2", Decimal(10_000_000_000), 2),
        ("3", Decimal(0), 3),
    ]
    assert load.rows("SELECT campaign_id, campaign_name FROM raw.campaigns ORDER BY 1") == [
        ("c1", "Spring"),
        ("c2", None),
    ]
    assert load.reasons() == [(3, ["campaign_id: is missing"])]
    assert all(outcome.repeated for outcome in ingest(load.engine, requests))


def test_sqlite_table_is_known_by_its_own_rows(load: Loader) -> None:
    """A new row in another table does not load this one again."""
    path = database(load.folder / "shop.db")
    ingest(load.engine, sqlite_requests(load.engine, path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO campaigns VALUES ('c3', 'Autumn')")
        connection.commit()
    *_, costs, campaigns = ingest(load.engine, sqlite_requests(load.engine, path))
    assert costs.repeated
    assert campaigns.counts is not None
    assert (campaigns.counts.rows_accepted, campaigns.counts.rows_repeated) == (1, 2)


def test_sqlite_with_rows_beside_the_file(load: Loader) -> None:
    """Rows in the write-ahead log are not in the file: they would be lost silently."""
    path = database(load.folder / "shop.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("INSERT INTO campaigns VALUES ('c3', 'Autumn')")
        connection.commit()
        [outcome] = ingest(load.engine, [Request("campaigns", path)])
    assert outcome.error is not None
    assert "write-ahead log" in outcome.error.message


def test_sqlite_without_the_table(load: Loader) -> None:
    """The message lists the existing ones."""
    path = database(load.folder / "shop.db")
    [outcome] = ingest(load.engine, [Request("fx_rates", path)])
    assert outcome.error is not None
    assert outcome.error.message == (
        "shop.db has no table fx_rates; it has campaigns, conversions, other, session_costs, "
        "session_sources."
    )


ADAPTER = """-- table: campaigns
-- delimiter: whitespace
-- header: no
-- columns: campaign_id campaign_name
SELECT campaign_id, campaign_name FROM file
"""


def test_columns_parted_by_blanks(load: Loader) -> None:
    """Any run of blanks separates; a record with other columns is rejected, not shifted."""
    adapter = load.write("blanks.sql", ADAPTER)
    content = b" c1   Spring \r\n\r\nc2\tAutumn\nc3\nc4 one two\nc5 \xff\n"
    counts = load("campaigns", content, "campaigns.txt", str(adapter))
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (5, 2, 3)
    assert load.rows("SELECT campaign_id, campaign_name, line FROM raw.campaigns ORDER BY 3") == [
        ("c1", "Spring", 1),
        ("c2", "Autumn", 2),
    ]
    assert load.reasons() == [
        (3, ["record: has 1 columns, not 2"]),
        (4, ["record: has 3 columns, not 2"]),
        (5, ["record: holds bytes that are not UTF-8"]),
    ]
