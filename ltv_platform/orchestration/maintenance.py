"""Daily maintenance: prunes old snapshots and history, and makes backups."""

from datetime import timedelta

import dagster as dg

from ltv_platform.backups.keeping import back_up_if_set
from ltv_platform.orchestration.assets import POOL
from ltv_platform.orchestration.resources import TURN
from ltv_platform.published.snapshot import prune
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Engine

#: At night in the reporting zone, when nobody waits for figures.
_AT = "30 3 * * *"

_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


def prune_history(instance: dg.DagsterInstance, settings: Settings) -> int:
    """Remove the runs that ended more than LTV_DAGSTER_HISTORY days ago; returns their number.

    The newest event of each partition is kept: it tells Dagster that the partition was written.
    """
    before = settings.current_time() - timedelta(days=settings.dagster_history)
    old = instance.get_runs(dg.RunsFilter(statuses=_ENDED, created_before=before))
    for run in old:
        instance.delete_run(run.run_id)
    return len(old)


def maintenance_job(engine: Engine) -> dg.JobDefinition:
    """Prunes snapshots and history, then makes a backup if a folder is set."""
    settings = engine.settings

    # Last, so that a full backup disk does not stop the pruning.
    @dg.op(
        name="back_up",
        pool=POOL,
        required_resource_keys={TURN},
        ins={"pruned": dg.In(dg.Nothing)},
    )
    def back_up(context: dg.OpExecutionContext) -> None:
        backup = back_up_if_set(engine, context.log.info)
        context.log.info("LTV_BACKUP_DIR is not set" if backup is None else f"made {backup.path}")

    @dg.op(name="prune", pool=POOL, required_resource_keys={TURN}, out=dg.Out(dg.Nothing))
    def prune_old(context: dg.OpExecutionContext) -> None:
        context.log.info(f"removed {prune(settings)} snapshots")
        context.log.info(f"removed {prune_history(context.instance, settings)} runs")

    @dg.job(
        name="maintenance",
        description=(
            "Removes unused snapshots and runs older than LTV_DAGSTER_HISTORY days; each "
            "partition keeps its newest event. Then makes a backup if LTV_BACKUP_DIR is set."
        ),
        executor_def=dg.in_process_executor,
    )
    def maintenance() -> None:
        back_up(prune_old())

    return maintenance


def maintenance_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Every night in the reporting zone."""
    return dg.ScheduleDefinition(
        name="daily_maintenance",
        job_name="maintenance",
        cron_schedule=_AT,
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every night at 03:30.",
    )
