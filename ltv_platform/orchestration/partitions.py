"""Daily partitions in the reporting zone, and the days of a run."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import dagster as dg

from ltv_platform.days import ONE_DAY, days_between
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.settings import Settings

if TYPE_CHECKING:
    from dagster._core.instance import DynamicPartitionsStore

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


class _Days(dg.DailyPartitionsDefinition):
    """Daily partitions whose keys are computed without a cron schedule.

    Each step of a run asks for all keys once per input.
    """

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: "DynamicPartitionsStore | None" = None,
    ) -> Sequence[str]:
        with dg.partition_loading_context(current_time, dynamic_partitions_store):
            last = self.get_last_partition_key()
        if last is None:
            return []
        return [
            day.isoformat() for day in days_between(self.start.date(), date.fromisoformat(last))
        ]


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """From the settled start to today; today's partition keeps growing during the day."""
    # Before the first load there are no days; start with this year.
    start = read_start(settings) or date(settings.today().year, 1, 1)
    # Dagster reads the clock itself, unless a fixed one is set.
    end = None if settings.now is None else (settings.today() + ONE_DAY).isoformat()
    return _Days(
        start_date=start.isoformat(), end_date=end, timezone=settings.timezone, end_offset=1
    )


def range_tags(first: date, last: date) -> dict[str, str]:
    """The tags of a run over the days first to last."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def days_of(context: dg.OutputContext | dg.AssetExecutionContext) -> list[date]:
    """The days of a run, one or many."""
    keys = (
        context.asset_partition_keys
        if isinstance(context, dg.OutputContext)
        else context.partition_keys
    )
    return days_between(date.fromisoformat(keys[0]), date.fromisoformat(keys[-1]))
