"""Runs that Dagster shows as running, but whose process is gone.

Dagster notices a lost process only if the server that started it is still alive. After a power cut,
or when all processes of a container end at once, nobody does, and others wait for the run forever.
Every run of the platform holds the lock of :func:`ltv_platform.locks.one_run` while it works, and
the kernel releases the lock of a dead process: while it is free, no run works.
"""

import dagster as dg

from ltv_platform.errors import BusyError
from ltv_platform.locks import one_at_a_time
from ltv_platform.orchestration.assets import asset_key
from ltv_platform.published import snapshot
from ltv_platform.refresh.stale import SCORES
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph

_UNDER_WAY = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
#: Seconds that a run may take from its start to its lock, for imports and resolving.
_UNTIL_LOCKED = 180.0


def end_lost_runs(
    instance: dg.DagsterInstance,
    settings: Settings,
    graph: Graph,
    now: float,
    until_locked: float = _UNTIL_LOCKED,
) -> int:
    """Report runs without a process as failed; returns their number.

    Args:
        instance: Dagster's instance.
        settings: Name the lock.
        graph: The tables; runs over other assets may not take the lock.
        now: Seconds since 1970.
        until_locked: Minimum age of a run in seconds; 0 if none can have just started.
    """
    lost = [
        record.dagster_run
        for record in instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))
        if now - record.update_timestamp.timestamp() >= until_locked
        and _takes_the_lock(record.dagster_run, graph)
    ]
    if not lost:
        return 0
    try:
        with one_at_a_time(settings.run_lock_path, "works", 0):
            for run in lost:
                instance.report_run_failed(run, "The process that ran it disappeared.")
    except BusyError:  # one of them is alive, and the others may be waiting for it
        return 0
    return len(lost)


def _takes_the_lock(run: dg.DagsterRun, graph: Graph) -> bool:
    if run.job_name in ("refresh", "maintenance"):
        return True
    tables = [transform.name for transform in graph.transforms]
    sources = [source.log.full_name for source in graph.catalog.sources.values()]
    files = (snapshot.ASSET, *snapshot.MADE_OF_IT, SCORES)
    ours = {asset_key(name) for name in (*tables, *sources, *files)}
    return run.asset_selection is not None and run.asset_selection <= ours
