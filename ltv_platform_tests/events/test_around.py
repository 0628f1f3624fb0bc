"""What backups, erasing, the sensor and the doctor do with events that wait."""

import os
import time
from functools import partial
from pathlib import Path

import pytest

from ltv_platform.backups.making import back_up
from ltv_platform.cli.doctor import doctor
from ltv_platform.erasure.erase import erase, survey
from ltv_platform.errors import BusyError, PassingError
from ltv_platform.events import leftovers, segments
from ltv_platform.events.leftovers import hand_over, recover
from ltv_platform.events.segments import Segment, move_to_landing
from ltv_platform.ingestion.landing import landed_files, waiting_files
from ltv_platform.scheduling.attempts import LastRun
from ltv_platform.scheduling.landing import LandingMemory, decide_landing
from ltv_platform_tests.events.posting import load, ndjson, post
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

SALE = {"transaction_id": "t1", "customer_id": "ada", "transaction_date": "2026-01-10 10:00:00"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """With one load, so that it has a warehouse."""
    home = Home(tmp_path / "home", groups=CAMPAIGNS)
    home.load("transactions", "t0,bob,2026-01-09 10:00:00,1,0")
    return home


def _refresh(home: Home) -> None:
    home.publish()


def left_open(home: Home, *amounts: int) -> Path:
    """The segment of a server that was killed."""
    number = 1_768_000_000_000_000_000 + sum(amounts)
    segment = Segment(home.settings.spool_path / "transactions", number)
    segment.write(ndjson(*({**SALE, "amount": amount} for amount in amounts)))
    return segment.path


def test_a_backup_has_what_waits(home: Home, tmp_path: Path) -> None:
    """Acknowledged rows are state from the moment of their answer."""
    path = left_open(home, 1, 2)
    backup = back_up(home.engine, tmp_path / "backups", lambda _: None)
    [copy] = backup.path.rglob(path.name)
    assert copy.read_bytes() == path.read_bytes()


def test_a_segment_that_moves_meanwhile_is_in_the_backup(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves the spool between the two copies, and is in the second."""
    path = left_open(home, 1)
    walk = os.walk

    def moving(top: Path) -> object:
        if top == home.settings.landing_path:
            move_to_landing(path, top / "transactions", 0)
        return walk(top)

    home.settings.landing_path.mkdir()
    monkeypatch.setattr(os, "walk", moving)
    backup = back_up(home.engine, tmp_path / "backups", lambda _: None)
    places = {file.parent.parent.name for file in backup.path.rglob(path.name)}
    assert "landing" in places


def test_erasing_covers_the_spool(home: Home) -> None:
    """What a killed server left, what waits in landing, and what arrives for her later."""
    left_open(home, 5)
    hand_over(home.settings)
    post(home, "transactions", ndjson({**SALE, "transaction_id": "t2", "amount": 2}))
    seen = survey(home.engine, "ada", lambda _: None)
    assert sum(seen.files.counts.values()) == 2
    done = erase(home.engine, seen, partial(_refresh, home), lambda _: None)
    assert (done.errors, done.notes) == ([], [])
    post(
        home,
        "transactions",
        ndjson({**SALE, "transaction_id": "t3", "amount": 3}),
        ndjson({**SALE, "transaction_id": "t4", "customer_id": "bob", "amount": 4}),
    )
    load(home)
    ids = home.engine.rows("SELECT transaction_id FROM raw.transactions ORDER BY ALL")
    assert ids == [("t0",), ("t4",)]
    files = [path for path in home.settings.home.rglob("*.ndjson") if path.is_file()]
    assert not [path for path in files if b"ada" in path.read_bytes()]


def test_a_rewritten_segment_keeps_its_turn(home: Home) -> None:
    """Erasing somebody else's rows from it must not make it newer than the segment after it."""
    bob = {**SALE, "customer_id": "bob", "transaction_id": "t9"}
    post(home, "transactions", ndjson({**SALE, "amount": 1}, {**bob, "amount": 1}))
    post(home, "transactions", ndjson({**bob, "amount": 2}))
    order = [request.path.name for request in waiting_files(home.settings)]
    seen = survey(home.engine, "ada", lambda _: None)
    erase(home.engine, seen, partial(_refresh, home), lambda _: None)
    assert [request.path.name for request in waiting_files(home.settings)] == order
    load(home)
    home.publish()
    assert home.values("SELECT amount FROM transactions WHERE transaction_id = 't9'") == [2]


def test_hand_over_does_not_wait_forever(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs is named."""
    monkeypatch.setattr(leftovers, "_PATIENCE", 0.1)
    monkeypatch.setattr(leftovers, "recover", lambda _: 0)
    left_open(home, 1)
    with pytest.raises(BusyError, match="still writes to 1 segments"):
        hand_over(home.settings)


def test_a_segment_is_loaded_at_once(home: Home) -> None:
    """Other files of that age may still be written to; a rename is complete."""
    post(home, "transactions", ndjson({**SALE, "amount": 1}))
    folder = home.settings.landing_path / "transactions"
    (folder / "young.csv").write_text("transaction_id\n", "utf-8")
    files = landed_files(home.settings, ["transactions"])
    decision = decide_landing(files, LandingMemory(), time.time(), LastRun.UNKNOWN, 5)
    assert decision.request is not None
    assert decision.request.files == 1


def test_the_doctor_sees_a_spool_that_nobody_empties(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Left by a killed server, or waiting in landing for longer than any run takes."""
    monkeypatch.setenv("LTV_HOME", str(home.settings.home))
    path = left_open(home, 1)
    doctor()
    said = capsys.readouterr()
    assert "events to load" in said.out
    assert "A server was ended while it received events: `ltv run` loads them." in said.err
    old = time.time() - 7_200
    os.utime(path, (old, old))
    recover(home.settings)
    doctor()
    assert "Nothing loads the events that are received" in capsys.readouterr().err
    load(home)
    doctor()
    said = capsys.readouterr()
    assert "events" not in said.err
    assert "events to load" not in said.out


def test_leftovers_are_not_lost_if_landing_is_full(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay in the spool, and the message says so."""
    path = left_open(home, 1)

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segments, "sync_folder", full)
    with pytest.raises(PassingError, match="No space left"):
        recover(home.settings)
    assert path.exists() or list(home.settings.landing_path.glob(f"*/{path.name}"))
