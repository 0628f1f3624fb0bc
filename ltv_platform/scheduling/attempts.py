"""Whether to start a run for what is left to do: now, later, or no more.

A cause is whatever would let a run come out differently: new data, other code, other settings.
Runs for the same cause are started at growing distances, and a limited number of times; another
cause, or a run that got something done, begins anew.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

#: Seconds between the end of the first run and the start of the second; each further wait is
#: twice as long, up to the longest.
FIRST_WAIT, LONGEST_WAIT = 60.0, 1_800.0


class LastRun(StrEnum):
    """What became of the run that was started last."""

    #: Nothing is known of it: none was started, or its history was pruned.
    UNKNOWN = "unknown"
    #: It is queued or under way, or another run works on the same tables.
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    #: It failed, or somebody ended it.
    FAILED = "failed"


@dataclass(frozen=True)
class Backlog:
    """What is left to do.

    Attributes:
        cause: Stays the same while another run could only do the same again.
        left: How much is left, in any unit; less of it is progress.
    """

    cause: str
    left: int


@dataclass(frozen=True)
class History:
    """What was tried, as kept in a cursor.

    Attributes:
        cause: What the last run was started for; empty: nothing is left of it.
        left: How much was left then.
        attempts: Runs started for this cause since the last progress.
        in_vain: Runs started in a row, for whatever cause, none of which was seen to help.
        begun: When the first of the attempts was started, in whole seconds since 1970.
        ended: When the last run was first seen to be over; None: it may be under way.
        told: That no more runs are started has been told.
    """

    cause: str = ""
    left: int = 0
    attempts: int = 0
    in_vain: int = 0
    begun: int = 0
    ended: float | None = None
    told: bool = False

    @property
    def run_key(self) -> str:
        """The run key of the last attempt; empty before the first.

        Dagster remembers run keys for ever, and what was stale once becomes stale again, so the
        cause and the number of the attempt alone would be taken for done: the moment of the first
        attempt tells one round of attempts from another, even when a cursor was lost.
        """
        return f"{self.cause}-{self.begun}-{self.attempts}" if self.attempts else ""


@dataclass(frozen=True)
class Decision:
    """What to do.

    Attributes:
        history: What to remember.
        reason: Why, in a sentence for the tick.
        start: Start a run, with the run key of the history.
        exhausted: Tell people that no more runs are started; true once.
        done: Nothing is left: what was told before is settled.
    """

    history: History
    reason: str
    start: bool = False
    exhausted: bool = False
    done: bool = False


def decide(
    history: History, backlog: Backlog | None, now: float, last_run: LastRun, limit: int
) -> Decision:
    """What to do about what is left.

    Args:
        history: What was tried.
        backlog: What is left; None: nothing.
        now: Seconds since 1970.
        last_run: What became of the run with :attr:`History.run_key`.
        limit: Most runs for the same cause.
    """
    if last_run is LastRun.RUNNING:
        return Decision(history, "A run is in progress; checking again when it ends.")
    if backlog is None:
        # The moment stays, so that the next round has another one.
        return Decision(History(begun=history.begun), "Nothing to do.", done=True)
    if not history.attempts:
        return _start(history, backlog, now)
    if last_run is LastRun.SUCCEEDED and backlog.cause != history.cause:
        # It did what it was started for, and other work has come since.
        return _start(replace(history, in_vain=0, told=False), backlog, now)
    # A clock that was set back must not make it wait for longer.
    ended = now if history.ended is None else min(history.ended, now)
    history = replace(history, ended=ended)
    if backlog.cause == history.cause:
        return _decide_again(history, backlog, now, limit)
    return _decide_anew(history, backlog, now, limit)


def _decide_again(history: History, backlog: Backlog, now: float, limit: int) -> Decision:
    """The last run left work of its own cause."""
    if backlog.left < history.left:
        return _start(replace(history, attempts=0, in_vain=0, told=False), backlog, now)
    if history.attempts >= limit:
        return _give_up(history, f"{history.attempts} runs for the same cause did not fix it")
    return _wait(history, wait_after(history.attempts), now) or _start(history, backlog, now)


def _decide_anew(history: History, backlog: Backlog, now: float, limit: int) -> Decision:
    """There is another cause than that of the last run.

    That is no reason to hurry when nothing has helped for long: with files that come every
    minute, each look would find a new cause.
    """
    if history.in_vain < 2 * limit:
        return _start(replace(history, told=False), backlog, now)
    if not history.told:
        return _give_up(history, f"{history.in_vain} runs in a row did not fix it")
    return _wait(history, LONGEST_WAIT, now) or _start(history, backlog, now)


def wait_after(attempts: int) -> float:
    """Seconds from the end of so many attempts to the next: 60, 120, 240, … at most 1800."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 30))


def _start(history: History, backlog: Backlog, now: float) -> Decision:
    first = not history.attempts or history.cause != backlog.cause
    attempts = 1 if first else history.attempts + 1
    return Decision(
        replace(
            history,
            cause=backlog.cause,
            left=backlog.left,
            attempts=attempts,
            in_vain=history.in_vain + 1,
            # Of two rounds for one cause, the second begins later, whatever the clock says.
            begun=max(int(now), history.begun + 1) if first else history.begun,
            ended=None,
        ),
        "Starting a run." if first else f"Starting a run: attempt {attempts}.",
        start=True,
    )


def _wait(history: History, wait: float, now: float) -> Decision | None:
    """Wait for the rest of some seconds since the last run; None: they have passed."""
    rest = (now if history.ended is None else history.ended) + wait - now
    if rest <= 0:
        return None
    reason = f"The last run did not fix it; the next one starts in {rest:.0f} s at the earliest."
    return Decision(history, reason)


def _give_up(history: History, why: str) -> Decision:
    reason = f"{why}, so no more will start."
    return Decision(replace(history, told=True), reason, exhausted=not history.told)
