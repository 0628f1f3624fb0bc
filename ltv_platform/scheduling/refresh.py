"""What is stale, and whether a run was already started for it."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ltv_platform.scheduling.attempts import Backlog, Decision, History, LastRun, decide
from ltv_platform.warehouse.engine import State
from ltv_platform.warehouse.planner import Plan

#: Tables that refreshes write themselves: their changes are not new causes.
_WRITTEN_BY_REFRESHES = "raw.ihc_"


def stale_backlog(plan: Plan, state: State, code: str, first: date | None = None) -> Backlog | None:
    """The backlog of a plan, with its cause; None if nothing is stale.

    The cause is the incoming data, not what is stale: a fixed file touches the same days as the
    broken one, and a run that rewrote half of the tables leaves fewer days for the same cause.

    Args:
        plan: What is stale; assets that are not tables (the snapshot, reports) are in ``whole``.
        state: The state that the plan was computed from.
        code: A hash of the code of all tables and presentations, see ``snapshot.snapshot_code``.
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
    """The memory of the refresh sensor: its cursor.

    Attributes:
        history: Past attempts.
        stale_since: Since when something has been continuously stale, in seconds since 1970.
        version: The version of its format.
    """

    history: History = field(default_factory=History)
    stale_since: float | None = None
    version: Literal[1] = 1

    @property
    def run_key(self) -> str:
        """The run key of the last run; empty: there was none."""
        return f"refresh-{self.history.run_key}" if self.history.attempts else ""


def decide_refresh(
    memory: RefreshMemory, backlog: Backlog | None, now: float, last_run: LastRun, limit: int
) -> tuple[RefreshMemory, Decision]:
    """The decision of the refresh sensor, and its memory.

    Args:
        memory: The stored memory.
        backlog: The backlog; None: nothing is stale.
        now: Seconds since 1970.
        last_run: The state of the run with the run key of the memory.
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
    """Why the definitions must be reloaded; None: they need not be.

    Args:
        defined: First partition when the definitions were loaded; None: there was no data.
        settled: First partition now.
    """
    if settled is None or settled == defined:
        return None
    before = "there was no data" if defined is None else f"they started on {defined}"
    return f"Partitions start on {settled}; when the definitions were loaded, {before}."
