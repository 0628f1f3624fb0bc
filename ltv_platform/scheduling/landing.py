"""Which files in landing to load: those that are complete and were not rejected before.

One request covers all of them, so that a thousand files at once are one run. Files are remembered
by a mark, a hash of path and state: writing to a file, replacing it or changing its permissions
changes its mark.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ltv_platform.ingestion.files.private_copy import is_events
from ltv_platform.ingestion.landing import LandedFile
from ltv_platform.scheduling.attempts import Backlog, Decision, History, LastRun, decide

#: Seconds without a change after which a file counts as complete.
SETTLED_AFTER = 10.0
#: Most marks of a kind in a cursor, because Dagster stores the cursor with every tick. For more
#: files the cursor keeps one mark for all of them.
MOST_MARKS = 500


@dataclass(frozen=True)
class Marks:
    """A remembered set of files.

    Attributes:
        each: Their marks, if there are few.
        all: One mark for all of them, if there are many.
    """

    each: frozenset[str] = frozenset()
    all: str = ""

    @classmethod
    def of(cls, marks: Iterable[str]) -> "Marks":
        """The marks of some files."""
        known = frozenset(marks)
        return cls(known) if len(known) <= MOST_MARKS else cls(all=_together(known))

    def among(self, present: Collection[str]) -> frozenset[str]:
        """The remembered ones among the present files.

        A mark for all files only shows whether the whole set is unchanged.
        """
        if self.all:
            return frozenset(present) if self.all == _together(present) else frozenset()
        return self.each & frozenset(present)


def _together(marks: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(marks)).encode()).hexdigest()[:18]


@dataclass(frozen=True)
class LandingMemory:
    """The memory of the landing sensor: its cursor, at most about 35 kB.

    Attributes:
        looked: When it saw :attr:`young`, in seconds since 1970.
        young: Files changed just before that, or after it by another machine's clock.
        asked: The files of the last request.
        rejected: Files that a run did not load.
        history: Past attempts.
        version: The version of its format.
    """

    looked: float = 0.0
    young: Marks = Marks()
    asked: Marks = Marks()
    rejected: Marks = Marks()
    history: History = field(default_factory=History)
    version: Literal[1] = 1

    @property
    def run_key(self) -> str:
        """The run key of the last request; empty: none was made."""
        return f"landing-{self.history.run_key}" if self.history.attempts else ""


@dataclass(frozen=True)
class LoadRequest:
    """A run that loads the waiting files.

    Attributes:
        changed_until: Files with a later time of change, in nanoseconds since 1970 by the clock of
            their disk, are left to the next request: they may be incomplete.
        files: Its number of files.
        run_key: Its run key.
    """

    changed_until: int
    files: int
    run_key: str


@dataclass(frozen=True)
class LandingDecision:
    """The decision of the landing sensor.

    Attributes:
        memory: The memory to store.
        attempt: The decision, and its reason.
        request: The run to start, if any.
        rejected: Paths of the files that the last run did not load; they are not tried again until
            they change.
    """

    memory: LandingMemory
    attempt: Decision
    request: LoadRequest | None
    rejected: tuple[str, ...]


def decide_landing(
    files: Sequence[LandedFile],
    memory: LandingMemory,
    now: float,
    last_run: LastRun,
    limit: int,
) -> LandingDecision:
    """Decide which files to load now.

    Args:
        files: The waiting files.
        memory: The stored memory.
        now: Seconds since 1970.
        last_run: The state of the run with the run key of ``memory.history``.
        limit: Most runs for the same files.
    """
    present = {file.mark: file for file in files}
    memory, settled = _look(present, memory, now)
    rejected = memory.rejected.among(settled)
    newly: frozenset[str] = frozenset()
    if last_run is LastRun.SUCCEEDED and memory.history.attempts:
        newly = memory.asked.among(settled) - rejected
        memory = replace(memory, asked=Marks())
    memory = replace(memory, rejected=Marks.of(rejected | newly))
    wanted = {m: file for m, file in settled.items() if m not in rejected and m not in newly}
    backlog = _backlog(wanted, memory)
    attempt = decide(memory.history, backlog, now, last_run, limit)
    memory = replace(memory, history=attempt.history)
    request = None
    if attempt.start:
        # New files are loaded together with those of earlier attempts.
        history = replace(attempt.history, left=len(wanted))
        memory = replace(memory, asked=Marks.of(wanted), history=history)
        until = max(file.changed for file in wanted.values())
        request = LoadRequest(until, len(wanted), memory.run_key)
    left = tuple(sorted(settled[mark].place for mark in newly))
    return LandingDecision(memory, attempt, request, left)


def _look(
    present: Mapping[str, LandedFile], memory: LandingMemory, now: float
) -> tuple[LandingMemory, dict[str, LandedFile]]:
    """The complete files: unchanged for some seconds by the clock, or between two ticks.

    The second rule is for disks of another machine whose clock runs ahead.
    """
    young = {mark for mark, file in present.items() if now - file.changed / 1e9 < SETTLED_AFTER}
    long_enough = not 0 <= now - memory.looked < SETTLED_AFTER
    # Files of a request were complete when it was made, and segments of events always are.
    unchanged = memory.asked.among(young) | memory.rejected.among(young)
    unchanged |= {mark for mark in young if is_events(present[mark].place)}
    if long_enough:
        unchanged |= memory.young.among(young)
    settled = {m: file for m, file in present.items() if m not in young or m in unchanged}
    if long_enough:
        memory = replace(memory, looked=now, young=Marks.of(young))
    return memory, settled


def _backlog(wanted: Mapping[str, LandedFile], memory: LandingMemory) -> Backlog | None:
    """The files to load; the cause stays the same while files of the last request still wait.

    Otherwise files that arrive one by one would each reset the attempts. After the sensor has given
    up they do: somebody has acted.
    """
    if not wanted:
        return None
    still = memory.asked.among(wanted)
    others = len(wanted) > len(still)
    if still and not (memory.history.told and others):
        return Backlog(memory.history.cause, len(still))
    return Backlog(_together(wanted), len(wanted))
