"""Rows of erased persons at ingestion: counted, left out, and kept nowhere."""

import hashlib
import hmac
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import pytest

from ltv_platform.ingestion.landing import ingest_landing, make_landing
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.ingestion.suppression.keys import (
    CUSTOMER,
    keep_key,
    put_on_list,
    read_suppressed,
    with_key,
)
from ltv_platform_tests.testing.loader import Loader, assert_adds_up

TRANSACTIONS = "transaction_id,customer_id,transaction_date,amount"
SESSIONS = (
    "session_id,user_id,channel_name,event_date,event_time,holder_engagement,closer_engagement"
)


@pytest.fixture
def loader(load: Loader) -> Loader:
    """A loader whose warehouse keeps c1 out."""
    keep_out(load, "c1")
    return load


def keep_out(load: Loader, person: str) -> None:
    settings = load.engine.settings
    with load.engine.transaction() as transaction:
        suppressed = with_key(read_suppressed(transaction, settings))
        keep_key(suppressed, settings)
        put_on_list(
            transaction,
            suppressed.together_with({CUSTOMER: [person]}),
            [CUSTOMER],
            datetime(2026, 1, 1),
        )


def test_left_out_rows_count_as_skipped(loader: Loader) -> None:
    """docs/operations.md: rows_in_file = skipped + received holds, and a note says how many.

    Rows that would be rejected, and records that cannot be split, are among them.
    """
    outcome = loader.outcome(
        "transactions",
        f"{TRANSACTIONS}\nt1,c1,2025-12-01,1\nt2, c1 ,never,1\nt3,c10,2025-12-01,1\n"
        "t4,c1,2025-12-01\nt5,c10,2025-12-01\nt6,c11,never,2\n",
    )
    counts = outcome.counts
    assert counts is not None
    assert_adds_up(counts)
    assert (counts.rows_in_file, counts.rows_skipped) == (6, 3)
    assert (counts.rows_accepted, counts.rows_quarantined) == (1, 2)
    assert outcome.left_out == 3
    assert "3 rows of erased persons were skipped" in outcome.notes
    assert loader.rows("SELECT transaction_id, line FROM raw.transactions") == [("t3", 4)]
    assert loader.rows("SELECT line FROM raw.quarantine ORDER BY line") == [(6,), (7,)]


def test_without_anybody_on_the_list_nothing_is_left_out(load: Loader) -> None:
    """The list is looked at for every file."""
    counts = load("transactions", f"{TRANSACTIONS}\nt1,c1,2025-12-01,1\n")
    assert (counts.rows_skipped, counts.rows_accepted) == (0, 1)


def test_behind_an_unclosed_quote_only_their_lines_go(loader: Loader) -> None:
    """The rest of the file is one record, of many people."""
    loader.outcome("transactions", f'{TRANSACTIONS}\nt1,"c2,2025-12-01,1\nt2,c1,x,1\nt3,c10,x,1\n')
    [(raw,)] = loader.rows("SELECT raw FROM raw.quarantine")
    assert raw == 't1,"c2,2025-12-01,1\nt3,c10,x,1'


def test_costs_follow_their_session(loader: Loader) -> None:
    """A cost names no user: its session keeps it out, be it loaded before or after."""
    loader("session_costs", "session_id,cost\ns1,1\ns2,2\n", "early.csv")
    sessions = "s1,c1,ads,2025-12-01,10:00,1,1\ns2,c2,ads,2025-12-01,10:00,1,1\ns3,c1,,x,,1,1\n"
    loader("session_sources", f"{SESSIONS}\n{sessions}")
    assert loader.rows("SELECT session_id FROM raw.session_costs") == [("s2",)]
    counts = loader("session_costs", "session_id,cost\ns1,3\ns2,4\ns3,5\ns3,x\ns1\n", "late.csv")
    assert (counts.rows_skipped, counts.rows_accepted, counts.rows_quarantined) == (4, 1, 0)


@pytest.mark.parametrize("settled", [True, False])
def test_costs_follow_a_session_of_the_same_call(loader: Loader, settled: bool) -> None:
    """As from one SQLite database; in a home that has a start, and in one that settles it."""
    if settled:
        loader("transactions", f"{TRANSACTIONS}\nt0,c3,2025-12-01,1\n", "first.csv")
    assert (read_start(loader.engine.settings) is not None) is settled
    sessions = "s1,c1,ads,2025-12-01,10:00,1,1\ns2,c2,ads,2025-12-01,10:00,1,1\n"
    files = {
        "session_sources": f"{SESSIONS}\n{sessions}",
        "session_costs": "session_id,cost\ns1,1\ns2,2\n",
    }
    requests = [Request(t, loader.write(f"{t}.csv", text)) for t, text in files.items()]
    outcomes = ingest(loader.engine, requests)
    assert [outcome.left_out for outcome in outcomes] == [1, 1]
    assert loader.rows("SELECT session_id FROM raw.session_costs") == [("s2",)]


def test_through_an_adapter(loader: Loader) -> None:
    """The adapter's output says whose a row is; what it leaves out counts together with it."""
    counts = loader(
        "customers",
        "customer_id date number dollars\nc1 20251201 1 1\nc10 20251202 1 1\nc1 20251203 1 1\n",
        "c.txt",
        "cdnow_customers",
    )
    assert (counts.rows_in_file, counts.rows_skipped, counts.rows_accepted) == (3, 2, 1)


def test_quarantine_replays_nobody_on_the_list(
    load: Loader, loader_with: Callable[..., Loader]
) -> None:
    """Were a row of theirs still there, it would stay there."""
    load("transactions", f"{TRANSACTIONS}\nt0,c3,2025-12-01,1\n")
    load("transactions", f"{TRANSACTIONS}\nt1,c1,1999-12-01,1\nt2,c2,1999-12-01,1\n")
    keep_out(load, "c1")
    earlier = loader_with(start_date="1999-01-01")
    [counts] = replay(earlier.engine)
    assert counts.rows_accepted == 1
    sql = "SELECT transaction_id FROM raw.transactions ORDER BY transaction_id"
    assert earlier.rows(sql) == [("t0",), ("t2",)]


def test_what_landing_keeps_has_nothing_of_theirs(loader: Loader) -> None:
    """The file moves to loaded without their records, and is not new if it comes from there."""
    settings = loader.engine.settings
    make_landing(settings, list(loader.engine.catalog.sources))
    folder = settings.landing_path / "transactions"
    (folder / "a.csv").write_text(f"{TRANSACTIONS}\nt1,c1,2025-12-01,1\nt2,c2,2025-12-01,2\n")
    (folder / "b.csv").write_text(f"{TRANSACTIONS}\nt3,c1,2025-12-01,1\n")
    for outcome in ingest_landing(loader.engine):
        assert (outcome.left_out, outcome.error) == (1, None)
    [kept] = settings.loaded_path.glob("*/*")
    assert kept.read_text() == f"{TRANSACTIONS}\nt2,c2,2025-12-01,2\n"
    again = folder / "again.csv"
    again.write_bytes(kept.read_bytes())
    [outcome] = ingest_landing(loader.engine)
    assert outcome.repeated
    assert outcome.counts is not None
    assert outcome.counts.load_id == kept.parent.name


def test_a_file_that_landing_cannot_strip_is_told(loader: Loader) -> None:
    """It moves anyway, because it is loaded; a note says what is in it."""
    settings = loader.engine.settings
    folder = settings.landing_path / "transactions"
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "a.db")) as database:
        database.execute("CREATE TABLE t (transaction_id, customer_id, transaction_date, amount)")
        database.execute("INSERT INTO t VALUES ('t1', 'c1', '2025-12-01', '1')")
        database.execute("CREATE VIEW transactions AS SELECT * FROM t")
        database.commit()
    [outcome] = ingest_landing(loader.engine)
    assert (outcome.error, outcome.left_out) == (None, 1)
    assert "was moved to loaded/ still holding records of erased people" in outcome.notes[-1]
    assert [path.name for path in settings.loaded_path.glob("*/*")] == ["a.db"]


def test_the_hash_is_keyed(loader: Loader) -> None:
    """It is the HMAC-SHA256 of kind and id under the key of the file, as any library makes it."""
    key = bytes.fromhex(loader.engine.settings.erasure_key_path.read_text())
    expected = hmac.new(key, b"customer\0c1", hashlib.sha256).hexdigest()
    rows = loader.rows("SELECT pseudonym FROM raw.suppressed WHERE kind = 'customer'")
    assert rows == [(expected,)]
