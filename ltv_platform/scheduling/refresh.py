"""What is stale, and whether a run has been started for it already."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ltv_platform.scheduling.attempts import Backlog, Decision, History, LastRun, decide
from ltv_platform.warehouse.engine import State
from ltv_platform.warehouse.planner import Plan

#: Written by refreshes themselves; what they add there is no new cause.
_WRITTEN_BY_REFRESHES = "raw.ihc_"


def stale_backlog(plan: Plan, state: State, code: str, first: date | None = None) -> Backlog | None:
    """What a plan leaves to do, and why; None where nothing is stale.

    The cause is what came in, not what is stale: a file that is fixed touches the same days as
    the broken one, and a run that rewrote half of the tables leaves fewer days for the same cause.

    Args:
        plan: What is stale, with assets that are no tables (the snapshot, reports) in ``whole``.
        state: What the plan was made of.
        code: Changes when any table is made or shown in another way, as
            ``snapshot.snapshot_code`` does.
        first: The first partition.
    """
    if not plan.assets:
        return None
    newest = max(
        (
            number
            for table, days in state.touched.items()
            if not table.startswith(_WRITTEN_BY_REFRESHES)
            for number in days.values()
        ),
        default=0,
    )
    known = (newest, code, first, state.as_of.day, state.as_of.watermarks_text)
    cause = hashlib.sha256(repr(known).encode()).hexdigest()[:16]
    return Backlog(cause, sum(map(len, plan.days.values())) + len(plan.whole))


@dataclass(frozen=True)
class RefreshMemory:
    """What the refresh sensor remembers: its cursor.

    Attributes:
        history: What was tried.
        stale_since: Since when something has been stale without a break, in seconds since 1970.
        version: Of its form.
    """

    history: History = field(default_factory=History)
    stale_since: float | None = None
    version: Literal[1] = 1

    @property
    def run_key(self) -> str:
        """The run key of the run that was started last; empty: none was."""
        return f"refresh-{self.history.run_key}" if self.history.attempts else ""


def decide_refresh(
    memory: RefreshMemory, backlog: Backlog | None, now: float, last_run: LastRun, limit: int
) -> tuple[RefreshMemory, Decision]:
    """What the refresh sensor does, and what it remembers.

    Args:
        memory: What it remembered.
        backlog: What is stale; None: nothing.
        now: Seconds since 1970.
        last_run: What became of the run with the run key of the memory.
        limit: LTV_REFRESH_ATTEMPTS.
    """
    decision = decide(memory.history, backlog, now, last_run, limit)
    since = memory.stale_since
    if decision.done:
        since = None
    elif since is None or since > now:
        since = now
    return RefreshMemory(decision.history, since), decision


def reload_reason(defined: date | None, settled: date | None) -> str | None:
    """Why the definitions must be loaded anew; None: they need not.

    Args:
        defined: First partition when the definitions were loaded; None: there was no data.
        settled: First partition now.
    """
    if settled is None or settled == defined:
        return None
    before = "there was no data" if defined is None else f"they started on {defined}"
    return f"Partitions start on {settled}; when the definitions were loaded, {before}."
