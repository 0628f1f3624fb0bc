"""A refresh: the tags of its run, and the work that its steps share."""

from ltv_platform.orchestration.announcing import DEFER_TAG
from ltv_platform.orchestration.partitions import range_tags
from ltv_platform.refresh.build import Work
from ltv_platform.refresh.stale import Stale, newest_load, what_is_stale
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse.engine import Engine
from ltv_platform.warehouse.planner import Plan

#: A run with this tag writes what is stale; without it, everything that was requested.
REFRESH_TAG = "ltv/refresh"
#: A refresh with this tag first loads files from landing: those not changed after this time, in
#: nanoseconds since 1970.
FILES_TAG = "ltv/files_until"


def refresh_tags(settings: Settings, stale: Stale | None) -> dict[str, str]:
    """The tags of a refresh.

    Args:
        settings: The settings.
        stale: What is stale; None: unknown, because files are loaded first.
    """
    # Dagster requires days for every run over partitioned assets, and looks up the versions of all
    # their inputs; so one day is named, and the steps find the stale days themselves.
    tags = {
        REFRESH_TAG: "stale",
        # The retry of a killed run also covers later loads.
        "dagster/retry_strategy": "ALL_STEPS",
        **range_tags(settings.today(), settings.today()),
    }
    if DEFER_TAG is not None:
        tags[DEFER_TAG] = "true"
    elif stale is not None and stale.hull is not None:  # Dagster announces the named days
        tags |= range_tags(*stale.hull)
    return tags


class Refreshes:
    """The work of the running refresh, shared by its steps.

    Args:
        engine: The warehouse.
        graph: The tables.
    """

    def __init__(self, engine: Engine, graph: Graph) -> None:
        self._engine = engine
        self._graph = graph
        self._run_id = ""
        self._work = Work({}, ())
        self._newest_load = 0
        self._expected: tuple[int, Plan] | None = None

    def expect(self, plan: Plan, newest: int) -> None:
        """Set what the next run finds stale, unless something is loaded before it starts.

        Args:
            plan: The plan of the process that starts the run and prevents other runs until then.
            newest: The newest sequence number at that time.
        """
        self._expected = newest, plan

    def work(self, run_id: str) -> Work:
        """What is stale, as computed by the first step that asks."""
        if run_id != self._run_id:
            expected, self._expected = self._expected, None
            with self._engine.hold():
                self._newest_load = newest_load(self._engine)
                if expected is not None and expected[0] == self._newest_load:
                    plan = expected[1]
                else:
                    plan = what_is_stale(self._engine, self._graph).plan
            self._run_id, self._work = run_id, Work.of_plan(plan)
        return self._work

    def is_overtaken(self, run_id: str) -> bool:
        """Whether anything was loaded since the work was planned.

        Then checks may compare tables of different states; the next refresh corrects that.
        """
        return run_id == self._run_id and newest_load(self._engine) != self._newest_load
