"""What a refresh must do: stale tables, sources, the snapshot and the files made from it.

The planner compares tables; this module adds everything else that is out of date, for `ltv run` and
for the refresh sensor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ltv_platform.attribution.ihc_api import ledger
from ltv_platform.ingestion.rows.start_date import cover_log
from ltv_platform.published import snapshot
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse import planner
from ltv_platform.warehouse.engine import Reader, State

#: The answers of the IHC API: journeys are scored in the run that publishes their scores.
SCORES = "raw.ihc_answers"


@dataclass(frozen=True)
class Stale:
    """Everything that is out of date.

    Attributes:
        plan: The stale tables.
        sources: Sources whose log has changed since their asset was last announced.
        publishes: The snapshot is, or will be, older than the warehouse.
        files: Files made from the snapshot that must be written again.
        state: The state that this was computed from.
    """

    plan: planner.Plan
    sources: tuple[str, ...]
    publishes: bool
    files: tuple[str, ...]
    state: State

    def __bool__(self) -> bool:
        """Whether anything is out of date."""
        return bool(self.plan.assets or self.sources or self.publishes or self.files)

    @property
    def assets(self) -> tuple[str, ...]:
        """All stale assets by full name."""
        published = (snapshot.ASSET,) if self.publishes else ()
        return (*self.sources, *self.plan.assets, *published, *self.files)

    @property
    def hull(self) -> planner.Span | None:
        """The first and the last stale day; None if there is none."""
        days = [day for of_table in self.plan.days.values() for day in (of_table[0], of_table[-1])]
        return (min(days), max(days)) if days else None


def what_is_stale(engine: Reader, graph: Graph) -> Stale:
    """Compute what is stale, from one state of the warehouse."""
    settings = engine.settings
    with engine.hold():
        start = cover_log(engine)
        coming: Mapping[str, tuple[date, ...]] = {SCORES: ledger.pending_days(engine)}
        state = engine.state()
    plan = planner.plan(graph, state, start, settings.today(), coming)
    sources = _stale_sources(graph, state)
    publishes = bool(plan.assets) or snapshot.is_stale(graph, state, settings)
    files = snapshot.MADE_OF_IT if publishes else snapshot.outdated_files(state)
    return Stale(plan, sources, publishes, files, state)


def newest_load(engine: Reader) -> int:
    """The number of the newest load, ignoring what a run itself writes to the IHC ledger."""
    newest = (
        "SELECT COALESCE(MAX(seq), 0) FROM raw.touched WHERE NOT starts_with(table_name, 'ihc_')"
    )
    return int(engine.rows(newest)[0][0])


def _stale_sources(graph: Graph, state: State) -> tuple[str, ...]:
    return tuple(
        name
        for source in graph.catalog.sources.values()
        for name in [source.log.full_name]
        if max(state.touched.get(name, {}).values(), default=0) > planner.newest_write(state, name)
    )
