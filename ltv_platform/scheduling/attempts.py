"""Whether to start a run for a backlog: now, later, or not any more.

A cause is anything that may change the outcome of a run: new data, code or settings. Runs for the
same cause are started at growing intervals, and a limited number of times; a new cause, or a run
that made progress, resets the count.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

#: Seconds between the end of the first run and the start of the second; each further wait is twice
#: as long, up to the maximum.
FIRST_WAIT, LONGEST_WAIT = 60.0, 1_800.0


class LastRun(StrEnum):
    """The state of the last run that was started."""

    #: Unknown: none was started, or its history was pruned.
    UNKNOWN = "unknown"
    #: Queued or running, or another run works on the same tables.
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    #: Failed or cancelled.
    FAILED = "failed"


@dataclass(frozen=True)
class Backlog:
    """Work that is left to do.

    Attributes:
        cause: Stays the same as long as another run would have the same outcome.
        left: How much is left, in any unit; a decrease is progress.
    """

    cause: str
    left: int


@dataclass(frozen=True)
class History:
    """Past attempts, as stored in a cursor.

    Attributes:
        cause: The cause of the last run; empty: nothing is left of it.
        left: How much was left when it started.
        attempts: Runs started for this cause since the last progress.
        in_vain: Consecutive runs, for any cause, without visible progress.
        begun: When the first attempt was started, in whole seconds since 1970.
        ended: When the last run was first seen to have ended; None: it may be running.
        told: Whether people were alerted that no more runs are started.
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

        Dagster remembers run keys forever, and the same cause may come again, so a key of cause and
        attempt alone could be taken already. The time of the first attempt distinguishes one round
        of attempts from another, even after a cursor was lost.
        """
        return f"{self.cause}-{self.begun}-{self.attempts}" if self.attempts else ""


@dataclass(frozen=True)
class Decision:
    """What to do.

    Attributes:
        history: The history to store.
        reason: The reason, in a sentence for the tick.
        start: Start a run, with the run key of the history.
        exhausted: Alert people that no more runs are started; true only once.
        done: Nothing is left: an earlier alert is resolved.
    """

    history: History
    reason: str
    start: bool = False
    exhausted: bool = False
    done: bool = False


def decide(
    history: History, backlog: Backlog | None, now: float, last_run: LastRun, limit: int
) -> Decision:
    """Decide what to do about a backlog.

    Args:
        history: Past attempts.
        backlog: The backlog; None: nothing is left.
        now: Seconds since 1970.
        last_run: The state of the run with :attr:`History.run_key`.
        limit: Most runs for the same cause.
    """
    if last_run is LastRun.RUNNING:
        return Decision(history, "A run is in progress; checking again when it ends.")
    if backlog is None:
        # The time is kept, so that the next round gets a later one.
        return Decision(History(begun=history.begun), "Nothing to do.", done=True)
    if not history.attempts:
        return _start(history, backlog, now)
    if last_run is LastRun.SUCCEEDED and backlog.cause != history.cause:
        # The last run finished its work, and new work has come since.
        return _start(replace(history, in_vain=0, told=False), backlog, now)
    # A clock that was set back must not lengthen the wait.
    ended = now if history.ended is None else min(history.ended, now)
    history = replace(history, ended=ended)
    if backlog.cause == history.cause:
        return _decide_again(history, backlog, now, limit)
    return _decide_anew(history, backlog, now, limit)


def _decide_again(history: History, backlog: Backlog, now: float, limit: int) -> Decision:
    """Decide after the last run left work of its own cause."""
    if backlog.left < history.left:
        return _start(replace(history, attempts=0, in_vain=0, told=False), backlog, now)
    if history.attempts >= limit:
        return _give_up(history, f"{history.attempts} runs for the same cause did not fix it")
    return _wait(history, wait_after(history.attempts), now) or _start(history, backlog, now)


def _decide_anew(history: History, backlog: Backlog, now: float, limit: int) -> Decision:
    """Decide on a cause that is not that of the last run.

    A new cause is no reason to hurry if nothing has helped for long: with new files every minute,
    each tick would find a new cause.
    """
    if history.in_vain < 2 * limit:
        return _start(replace(history, told=False), backlog, now)
    if not history.told:
        return _give_up(history, f"{history.in_vain} runs in a row did not fix it")
    return _wait(history, LONGEST_WAIT, now) or _start(history, backlog, now)


def wait_after(attempts: int) -> float:
    """Seconds from the end of the n-th attempt to the next: 60, 120, 240, … at most 1800."""
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
            # The second of two rounds for one cause has a later time, even with the clock set back.
            begun=max(int(now), history.begun + 1) if first else history.begun,
            ended=None,
        ),
        "Starting a run." if first else f"Starting a run: attempt {attempts}.",
        start=True,
    )


def _wait(history: History, wait: float, now: float) -> Decision | None:
    """The decision to wait until some seconds have passed since the last run; None: they have."""
    rest = (now if history.ended is None else history.ended) + wait - now
    if rest <= 0:
        return None
    reason = f"The last run did not fix it; the next one starts in {rest:.0f} s at the earliest."
    return Decision(history, reason)


def _give_up(history: History, why: str) -> Decision:
    reason = f"{why}, so no more will start."
    return Decision(replace(history, told=True), reason, exhausted=not history.told)
