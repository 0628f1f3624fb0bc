"""Which files are loaded when (operations.md, What starts by itself)."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ltv_platform.ingestion.landing import (
    LandedFile,
    ingest_landing,
    landed_files,
    make_landing,
    misplaced_files,
)
from ltv_platform.scheduling import cursor
from ltv_platform.scheduling.attempts import LastRun
from ltv_platform.scheduling.landing import (
    MOST_MARKS,
    LandingDecision,
    LandingMemory,
    decide_landing,
)
from ltv_platform_tests.testing.loader import Loader

#: A moment, in seconds since 1970, and how much older a finished file is.
START, OLD = 1_700_000_000, 60
CAMPAIGNS = "campaign_id\nc1\n"


def file(name: str, age: float = OLD, table: str = "transactions", size: int = 10) -> LandedFile:
    """A file changed that many seconds before the start."""
    changed = int((START - age) * 1_000_000_000)
    return LandedFile(f"{table}/{name}", size, changed, changed, sum(map(ord, name)))


class Sensor:
    """The landing sensor, with a cursor that it writes and reads at every look."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.now = float(START)

    def look(
        self,
        files: list[LandedFile],
        last_run: LastRun = LastRun.UNKNOWN,
        after: float = 30,
    ) -> LandingDecision:
        """A tick that many seconds after the last one."""
        memory = cursor.read(LandingMemory, self.cursor)
        decision = decide_landing(files, memory, self.now, last_run, limit=5)
        self.cursor = cursor.written(decision.memory)
        self.now += after
        return decision


def test_a_thousand_files_are_one_request() -> None:
    """However many wait: one run."""
    files = [file(f"{n}.csv", table=t) for n in range(500) for t in ("transactions", "customers")]
    sensor = Sensor()
    request = sensor.look(files).request
    assert request is not None
    assert request.files == 1_000
    assert request.run_key.startswith("landing-")
    # While the run is queued or under way, nothing more is asked for.
    assert sensor.look(files, LastRun.RUNNING).request is None
    done = sensor.look([], LastRun.SUCCEEDED)
    assert (done.request, done.attempt.done) == (None, True)


def test_a_file_that_is_being_written_is_left_alone() -> None:
    """Not before ten seconds without a change; it holds back no other, and the load leaves it."""
    growing, finished = file("growing.csv", age=3), file("finished.csv")
    decision = Sensor().look([growing, finished])
    assert decision.request is not None
    assert decision.request.files == 1
    assert finished.changed <= decision.request.changed_until < growing.changed
    sensor = Sensor()
    assert sensor.look([growing], after=6).request is None
    assert sensor.look([replace(growing, size=20, changed=growing.changed + 5)]).request is None
    assert Sensor().look([file("done.csv", age=10)]).request is not None


def test_two_looks_settle_a_file_whose_disk_has_another_clock() -> None:
    """A share whose clock is an hour ahead: unchanged between two looks ten seconds apart."""
    ahead = file("a.csv", age=-3_600)
    sensor = Sensor()
    assert sensor.look([ahead], after=5).request is None
    assert sensor.look([ahead], after=5).request is None  # too soon to tell
    assert sensor.look([ahead]).request is not None
    # It is rejected, and stays so, at whatever distance the looks follow.
    assert sensor.look([ahead], LastRun.SUCCEEDED, after=5).rejected == ("transactions/a.csv",)
    for after in (5, 30, 5, 30):
        assert sensor.look([ahead], LastRun.SUCCEEDED, after=after).request is None


def test_a_rejected_file_waits_until_it_changes() -> None:
    """The run succeeded and left it: reported once, not requested again until it changes."""
    good, bad = file("good.csv"), file("bad.csv")
    sensor = Sensor()
    assert sensor.look([good, bad]).request is not None
    left = sensor.look([bad], LastRun.SUCCEEDED)
    assert (left.request, left.rejected, left.attempt.done) == (
        None,
        ("transactions/bad.csv",),
        True,
    )
    for _ in range(3):
        again = sensor.look([bad], LastRun.SUCCEEDED)
        assert (again.request, again.rejected) == (None, ())
    # Another file does not bring it up again: the next run is for that one alone.
    other = file("other.csv", table="customers")
    request = sensor.look([bad, other], LastRun.SUCCEEDED).request
    assert request is not None
    assert request.files == 1
    assert sensor.look([bad], LastRun.SUCCEEDED).rejected == ()
    for changed in (
        replace(bad, size=11),
        replace(bad, modified=bad.modified + 1),
        replace(bad, inode=0),
        replace(bad, changed=bad.changed + 1),  # it may be read now
    ):
        copy = Sensor()
        copy.cursor, copy.now = sensor.cursor, sensor.now
        assert copy.look([changed], LastRun.SUCCEEDED).request is not None


def test_a_load_that_crashes_is_tried_five_times() -> None:
    """Files that arrive meanwhile are included, and do not restart the attempts."""
    sensor, waiting, started, told = Sensor(), [file("a.csv")], [], 0
    for tick in range(120):
        if tick % 4 == 3:
            waiting = [*waiting, file(f"{tick}.csv")] if tick < 30 else waiting
        decision = sensor.look(waiting, LastRun.FAILED)
        told += decision.attempt.exhausted
        if decision.request is not None:
            started.append((tick, decision.request.files))
    assert started == [(0, 1), (3, 2), (8, 3), (17, 5), (34, 8)]
    assert told == 1
    # Now another file is another cause, and brings the rest along.
    decision = sensor.look([*waiting, file("new.csv")], LastRun.FAILED)
    assert decision.request is not None
    assert (decision.request.files, decision.attempt.history.attempts) == (9, 1)


def test_a_load_that_was_killed_half_way_goes_on_at_once() -> None:
    """Files that it loaded are no longer there."""
    files = [file(f"{n}.csv") for n in range(9)]
    sensor = Sensor()
    sensor.look(files)
    decision = sensor.look(files[5:], LastRun.FAILED)
    assert decision.request is not None
    assert decision.request.files == 4


def test_files_that_came_along_are_progress_too() -> None:
    """One of two was loaded before the second run was killed: the third starts at once."""
    sensor, first, second = Sensor(), file("a.csv"), file("b.csv")
    sensor.look([first])
    sensor.look([first], LastRun.FAILED, after=90)
    assert sensor.look([first, second], LastRun.FAILED).request is not None
    assert sensor.look([second], LastRun.FAILED).request is not None


def test_everything_is_given_up_and_then_taken_away() -> None:
    """What was reported is settled."""
    sensor = Sensor()
    for _ in range(60):
        sensor.look([file("a.csv")], LastRun.FAILED)
    assert cursor.read(LandingMemory, sensor.cursor).history.told
    assert sensor.look([], LastRun.FAILED).attempt.done


@pytest.mark.parametrize("count", [MOST_MARKS, MOST_MARKS + 1, 20_000])
def test_a_cursor_is_bounded(count: int) -> None:
    """Twenty thousand rejected files are remembered by one mark, and asked for once."""
    files = [file(f"{n}.csv") for n in range(count)]
    sensor = Sensor()
    assert sensor.look(files).request is not None
    assert sensor.cursor is not None
    assert len(sensor.cursor) < 35_000
    assert len(sensor.look(files, LastRun.SUCCEEDED).rejected) == count
    assert sensor.look(files, LastRun.SUCCEEDED).request is None
    assert len(sensor.cursor) < 35_000
    # One more is asked for; so are all others where only their whole is known.
    request = sensor.look([*files, file("new")], LastRun.SUCCEEDED).request
    assert request is not None
    assert request.files == (1 if count <= MOST_MARKS else count + 1)
    sensor.look(files, LastRun.SUCCEEDED)
    last = sensor.look(files, LastRun.SUCCEEDED)
    assert (last.request is None) or count > MOST_MARKS


@pytest.mark.parametrize(
    "text",
    [None, "", "{", "[]", '{"version":2}', '{"looked":"x"}', '{"asked":{"each":[1]}}', "1"],
)
def test_a_damaged_cursor_begins_anew(text: str | None) -> None:
    """Everything that waits is asked for once more."""
    sensor = Sensor()
    sensor.cursor = text
    assert sensor.look([file("a.csv")]).request is not None


def test_files_as_they_lie(load: Loader) -> None:
    """In landing itself, in folders of sources with or without adapter; the rest is misplaced."""
    settings, sources = load.engine.settings, list(load.engine.catalog.sources)
    assert landed_files(settings, sources) == []
    make_landing(settings, sources)
    landing = settings.landing_path
    for folder in ("transactions@shop", "orders"):
        (landing / folder).mkdir()
    for name in ("campaigns/a.csv", "campaigns/b.csv.part", "transactions@shop/c.csv"):
        (landing / name).write_text(CAMPAIGNS)
    (landing / "orders" / "d.csv").write_text(CAMPAIGNS)
    (landing / "e.csv").write_text(CAMPAIGNS)
    (landing / os.fsdecode(b"campaigns/\xff.csv")).write_text(CAMPAIGNS)
    found = landed_files(settings, sources)
    assert [(f.place, f.size) for f in found] == [
        ("e.csv", len(CAMPAIGNS)),
        ("campaigns/a.csv", len(CAMPAIGNS)),
        (os.fsdecode(b"campaigns/\xff.csv"), len(CAMPAIGNS)),
        ("transactions@shop/c.csv", len(CAMPAIGNS)),
    ]
    assert len({f.mark for f in found}) == 4
    assert misplaced_files(settings, sources) == ["orders/d.csv"]


def test_a_mark_tells_versions_of_a_file_apart(load: Loader) -> None:
    """Appended to, replaced by one of the same size and time, let be read; a look changes none."""
    settings = load.engine.settings
    make_landing(settings, ["campaigns"])
    path = settings.landing_path / "campaigns" / "a.csv"

    def mark() -> str:
        [found] = landed_files(settings, ["campaigns"])
        return found.mark

    def append_to_it() -> None:
        with path.open("a") as file:
            file.write("c2\n")

    def replace_it() -> None:
        times = path.stat()
        other = settings.home / "other.csv"
        other.write_text("campaign_id\nc2\n")
        os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
        other.rename(path)

    path.write_text(CAMPAIGNS)
    marks = [mark()]
    path.read_text()
    assert mark() == marks[0]
    for change in (append_to_it, replace_it, lambda: path.chmod(0o600)):
        change()
        marks.append(mark())
    assert len(set(marks)) == 4


def test_a_load_leaves_what_was_changed_later(load: Loader) -> None:
    """What was written while the run was queued is for the next request; `ltv run` takes all."""
    settings = load.engine.settings
    make_landing(settings, ["campaigns"])
    first, second = (settings.landing_path / "campaigns" / name for name in ("a.csv", "b.csv"))
    first.write_text(CAMPAIGNS)
    [seen] = landed_files(settings, ["campaigns"])
    while True:  # until the clock of the disk goes on
        second.write_text("campaign_id\nc2\n")
        if second.stat().st_ctime_ns > seen.changed:
            break
    outcomes = ingest_landing(load.engine, ["campaigns"], changed_until=seen.changed)
    assert [outcome.request.path.name for outcome in outcomes] == ["a.csv"]
    assert second.exists()
    assert [o.request.path.name for o in ingest_landing(load.engine)] == ["b.csv"]


def test_from_files_to_rejection(load: Loader, tmp_path: Path) -> None:
    """Request, load and next look together: a good file is loaded, a bad one is asked for once."""
    settings, sources = load.engine.settings, list(load.engine.catalog.sources)
    make_landing(settings, sources)
    folder = settings.landing_path / "campaigns"
    (folder / "good.csv").write_text(CAMPAIGNS)
    (folder / "bad.csv").write_text("name\nx\n")
    sensor = Sensor()
    sensor.now = (folder / "bad.csv").stat().st_ctime + 11
    request = sensor.look(landed_files(settings, sources)).request
    assert request is not None
    ingest_landing(load.engine, changed_until=request.changed_until)
    decision = sensor.look(landed_files(settings, sources), LastRun.SUCCEEDED)
    assert (decision.rejected, decision.request) == (("campaigns/bad.csv",), None)
