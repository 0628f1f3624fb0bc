"""Which files in landing are to be loaded: those that are finished, and not rejected already.

One request concerns all of them, so that a thousand files at once are one run. What is remembered
of a file is a mark of its place and state: whoever writes to it, replaces it or lets it be read
makes another mark of it.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ltv_platform.ingestion.landing import LandedFile
from ltv_platform.scheduling.attempts import Backlog, Decision, History, LastRun, decide

#: Seconds without a change after which a file is taken for finished.
SETTLED_AFTER = 10.0
#: Marks of a kind that a cursor keeps: every tick of a sensor is stored with its cursor. Of more
#: files it keeps one mark for all of them together.
MOST_MARKS = 500


@dataclass(frozen=True)
class Marks:
    """Files that are remembered.

    Attributes:
        each: Their marks, while there are few.
        all: The mark of all of them together, where there are many.
    """

    each: frozenset[str] = frozenset()
    all: str = ""

    @classmethod
    def of(cls, marks: Iterable[str]) -> "Marks":
        """What is remembered of files."""
        known = frozenset(marks)
        return cls(known) if len(known) <= MOST_MARKS else cls(all=_together(known))

    def among(self, present: Collection[str]) -> frozenset[str]:
        """Those of the present files that are remembered.

        Of many files is known only whether they are exactly the present ones.
        """
        if self.all:
            return frozenset(present) if self.all == _together(present) else frozenset()
        return self.each & frozenset(present)


def _together(marks: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(marks)).encode()).hexdigest()[:18]


@dataclass(frozen=True)
class LandingMemory:
    """What the landing sensor remembers: its cursor, of some 35 kB at the most.

    Attributes:
        looked: When it looked at :attr:`young`, in seconds since 1970.
        young: Files that were changed shortly before, or later by another clock.
        asked: Files that the last request was made for.
        rejected: Files that a run left where they were.
        history: What was tried.
        version: Of its form.
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
    """A run that loads what waits.

    Attributes:
        changed_until: Files that were changed later, by the clock of their disk in nanoseconds
            since 1970, are left to the next request: they may not be finished.
        files: How many files it is made for.
        run_key: Its run key.
    """

    changed_until: int
    files: int
    run_key: str


@dataclass(frozen=True)
class LandingDecision:
    """What the landing sensor does.

    Attributes:
        memory: What to remember.
        attempt: What was decided, and why.
        request: The run to start, if any.
        rejected: Places of the files that the last run left where they were, and that are not
            tried again until they change.
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
    """Which files to load now.

    Args:
        files: What waits.
        memory: What was remembered.
        now: Seconds since 1970.
        last_run: What became of the run with the run key of ``memory.history``.
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
        # New files come along with those of earlier attempts.
        history = replace(attempt.history, left=len(wanted))
        memory = replace(memory, asked=Marks.of(wanted), history=history)
        until = max(file.changed for file in wanted.values())
        request = LoadRequest(until, len(wanted), memory.run_key)
    left = tuple(sorted(settled[mark].place for mark in newly))
    return LandingDecision(memory, attempt, request, left)


def _look(
    present: Mapping[str, LandedFile], memory: LandingMemory, now: float
) -> tuple[LandingMemory, dict[str, LandedFile]]:
    """Which files are finished: unchanged for some seconds by the clock, or at two looks.

    The second look counts where the disk is another machine's and its clock runs ahead.
    """
    young = {mark for mark, file in present.items() if now - file.changed / 1e9 < SETTLED_AFTER}
    long_enough = not 0 <= now - memory.looked < SETTLED_AFTER
    # What a request was made for was found finished then.
    unchanged = memory.asked.among(young) | memory.rejected.among(young)
    if long_enough:
        unchanged |= memory.young.among(young)
    settled = {m: file for m, file in present.items() if m not in young or m in unchanged}
    if long_enough:
        memory = replace(memory, looked=now, young=Marks.of(young))
    return memory, settled


def _backlog(wanted: Mapping[str, LandedFile], memory: LandingMemory) -> Backlog | None:
    """What is to be loaded: while files of the last request still wait, for the same cause.

    Else files that come one after the other would each begin the attempts anew. Once it was given
    up, they do: somebody has done something.
    """
    if not wanted:
        return None
    still = memory.asked.among(wanted)
    others = len(wanted) > len(still)
    if still and not (memory.history.told and others):
        return Backlog(memory.history.cause, len(still))
    return Backlog(_together(wanted), len(wanted))
