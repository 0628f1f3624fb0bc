"""Whether to try again (operations.md, What starts by itself): a table of times and answers."""

import json
from dataclasses import replace

import pytest

from ltv_platform.scheduling import cursor
from ltv_platform.scheduling.attempts import Backlog, Decision, History, LastRun, decide, wait_after
from ltv_platform.scheduling.refresh import RefreshMemory, decide_refresh

LIMIT = 5
#: A moment, in seconds since 1970.
START = 1_700_000_000.0
STALE = Backlog("cause", 3)
OTHER = Backlog("other", 3)


class Clock:
    """A sensor that looks every 30 s, until it decides something.

    Attributes:
        now: The time.
        history: What it remembers.
        keys: Run keys of the runs that it started.
    """

    def __init__(self) -> None:
        self.now = START
        self.history = History()
        self.keys: list[str] = []

    def look(self, backlog: Backlog | None, last_run: LastRun = LastRun.FAILED) -> Decision:
        """One tick."""
        decision = decide(self.history, backlog, self.now, last_run, LIMIT)
        self.history = decision.history
        if decision.start:
            self.keys.append(self.history.run_key)
        return decision

    def ticks(
        self, seconds: float, backlog: Backlog, last_run: LastRun = LastRun.FAILED
    ) -> list[float]:
        """Look every 30 s for so long; at which moments, from now on, runs were started."""
        begin, started = self.now, []
        while self.now < begin + seconds:
            if self.look(backlog, last_run).start:
                started.append(self.now - begin)
            self.now += 30
        return started


def test_waits_double_up_to_30_minutes() -> None:
    """1, 2, 4, … minutes, at most 30."""
    assert [wait_after(n) for n in (1, 2, 3, 4, 5, 6, 7, 1_000)] == [
        60, 120, 240, 480, 960, 1_800, 1_800, 1_800,
    ]  # fmt: skip


def test_what_fails_is_tried_five_times_and_told_once() -> None:
    """LTV_REFRESH_ATTEMPTS: the waits double, count from the end of a run, then nothing more."""
    sensor = Clock()
    # A failure is seen at the look 30 s after the start; the wait begins there.
    assert sensor.ticks(1_050, STALE) == [0, 90, 240, 510, 1_020]
    assert sensor.keys == [f"cause-{int(START)}-{n}" for n in (1, 2, 3, 4, 5)]
    told = [sensor.look(STALE) for _ in range(3)]
    assert [(d.start, d.exhausted) for d in told] == [(False, True), (False, False), (False, False)]
    assert told[0].reason == "5 runs for the same cause did not fix it, so no more will start."
    assert sensor.ticks(86_400, STALE) == []


def test_another_cause_begins_anew() -> None:
    """A corrected file arrives after everything was given up: it is not made to wait."""
    sensor = Clock()
    sensor.ticks(3_600, STALE)
    decision = sensor.look(OTHER)
    assert (decision.start, decision.history.attempts) == (True, 1)
    assert sensor.keys[-1] == f"other-{int(START) + 3_600}-1"


def test_a_run_key_is_never_used_twice() -> None:
    """Dagster ignores one that it has seen: the same days of the next hour would stay."""
    sensor = Clock()
    for _ in range(3):  # within a second, as in a replay
        assert sensor.look(STALE, LastRun.SUCCEEDED).start
        assert sensor.look(None, LastRun.SUCCEEDED).done
    assert len(set(sensor.keys)) == 3


def test_a_run_under_way_is_waited_for() -> None:
    """Queued, started or somebody else's: nothing is counted and nothing is started."""
    sensor = Clock()
    sensor.look(STALE)
    before = sensor.history
    assert sensor.ticks(7_200, STALE, LastRun.RUNNING) == []
    assert sensor.history == before
    # It is over now: the wait begins, however long it ran.
    assert sensor.ticks(120, STALE) == [60]


def test_progress_begins_anew() -> None:
    """A run killed halfway left less: the next one continues at once."""
    sensor = Clock()
    for left in (9, 8, 7, 6, 5, 4, 3, 2, 1):
        sensor.now += 30
        decision = sensor.look(Backlog("cause", left))
        assert (decision.start, decision.exhausted) == (True, False)
    assert len(set(sensor.keys)) == 9


def test_a_run_that_succeeds_and_helps_nothing_is_not_repeated_for_ever() -> None:
    """Pending journeys of an IHC API that is down, or a defect of ours."""
    sensor = Clock()
    assert len(sensor.ticks(86_400, STALE, LastRun.SUCCEEDED)) == LIMIT
    assert sensor.history.told


def test_new_causes_every_minute_make_no_storm_of_runs() -> None:
    """A file a minute, and every run fails: ten runs at once, then one in half an hour."""
    sensor, started, told = Clock(), [], 0
    for minute in range(24 * 60):
        decision = sensor.look(Backlog(f"cause {minute}", 3))
        sensor.now += 60
        told += decision.exhausted
        if decision.start:
            started.append(minute)
    assert started[:10] == list(range(10))
    assert 40 <= len(started) - 10 <= 48
    assert told == 1
    # One that helps ends it.
    assert sensor.look(Backlog("next", 3), LastRun.SUCCEEDED).start
    assert sensor.look(Backlog("and next", 3), LastRun.FAILED).start


def test_a_clock_that_is_set_back_does_not_stop_it() -> None:
    """It waits a minute again, and not a year."""
    sensor = Clock()
    sensor.look(STALE)
    sensor.now += 30
    sensor.look(STALE)
    sensor.now -= 365 * 86_400
    assert sensor.ticks(120, STALE) == [60]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        "17",
        "a text",
        '{"version":0,"history":{"attempts":5}}',
        '{"version":2,"history":{"attempts":5}}',
        '{"version":1,"history":{"attempts":"5"}}',
        '{"version":1,"history":[5]}',
        "[" * 100_000,
    ],
)
def test_a_cursor_that_is_lost_or_of_another_version_begins_anew(text: str | None) -> None:
    """Damage costs a run more, and never an error."""
    memory = cursor.read(RefreshMemory, text)
    assert memory == RefreshMemory()
    _, decision = decide_refresh(memory, STALE, START, LastRun.UNKNOWN, LIMIT)
    assert decision.start


def test_a_cursor_is_small_and_keeps_everything() -> None:
    """What comes out is what went in."""
    memory, _ = decide_refresh(RefreshMemory(), STALE, START, LastRun.UNKNOWN, LIMIT)
    memory, _ = decide_refresh(memory, STALE, START + 30, LastRun.FAILED, LIMIT)
    text = cursor.written(memory)
    assert cursor.read(RefreshMemory, text) == memory
    assert json.loads(text)["history"]["attempts"] == 1
    assert len(text) < 250
    assert memory.run_key == f"refresh-cause-{int(START)}-1"


def test_since_when_something_is_stale() -> None:
    """The freshness of the snapshot depends on it."""
    memory = RefreshMemory()
    seen = []
    for seconds, backlog in ((0, STALE), (30, STALE), (60, OTHER), (90, None), (120, STALE)):
        memory, _ = decide_refresh(memory, backlog, START + seconds, LastRun.SUCCEEDED, LIMIT)
        seen.append(memory.stale_since and memory.stale_since - START)
    assert seen == [0, 0, 0, None, 120]
    late = replace(memory, stale_since=START + 1e6)
    late, _ = decide_refresh(late, STALE, START, LastRun.FAILED, LIMIT)
    assert late.stale_since == START
