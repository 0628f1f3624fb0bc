"""What is stale and why, as the refresh sensor sees it; when definitions are reloaded."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime

import pytest

from ltv_platform.errors import BusyError
from ltv_platform.ingestion.rows.start_date import cover_log
from ltv_platform.scheduling.attempts import Backlog
from ltv_platform.scheduling.refresh import reload_reason, stale_backlog
from ltv_platform.tables.transforms import AsOf, Graph
from ltv_platform.warehouse import planner
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.engine import State
from ltv_platform.warehouse.planner import Plan
from ltv_platform_tests.testing.loader import Loader

DAY, NEXT = date(2025, 1, 1), date(2025, 1, 2)
PLAN = Plan({"core.transactions": (DAY, NEXT), "marts.campaign_ltv": (DAY,)}, ("marts.summary",))
STATE = State(
    {"raw.transactions": {DAY: 7, NEXT: 9}, "raw.ihc_answers": {DAY: 50}},
    {},
    AsOf(NEXT, {"revenue": datetime(2025, 1, 2, 12), "cost": NEXT}),
)


def cause(plan: Plan = PLAN, state: State = STATE, code: str = "code", first: date = DAY) -> str:
    """Why something is stale."""
    backlog = stale_backlog(plan, state, code, first)
    assert backlog is not None
    return backlog.cause


def test_how_much_is_left() -> None:
    """Days of tables, and tables that are written whole; nothing stale means no work."""
    backlog = stale_backlog(PLAN, STATE, "code", DAY)
    assert backlog is not None
    assert backlog.left == 4
    assert stale_backlog(Plan({}, ()), STATE, "code", DAY) is None


def test_what_another_run_could_not_change_is_the_same_cause() -> None:
    """A run that rewrote half of the tables, or got answers from the API, had the same cause."""
    half = Plan({"marts.campaign_ltv": (DAY,)}, ())
    answered = replace(STATE, touched={**STATE.touched, "raw.ihc_answers": {DAY: 60}})
    assert cause() == cause(half) == cause(state=answered)


@pytest.mark.parametrize("what", ["load", "code", "start", "as_of", "watermark"])
def test_whatever_lets_a_run_come_out_differently_is_another_cause(what: str) -> None:
    """A fixed file touches the days of the broken one, fixed SQL makes the same days stale."""
    changed = {
        "load": lambda: cause(state=replace(STATE, touched={"raw.transactions": {DAY: 10}})),
        "code": lambda: cause(code="other"),
        "start": lambda: cause(first=date(2024, 1, 1)),
        "as_of": lambda: cause(state=replace(STATE, as_of=replace(STATE.as_of, day=DAY))),
        "watermark": lambda: cause(
            state=replace(STATE, as_of=replace(STATE.as_of, watermarks={"cost": DAY}))
        ),
    }
    assert changed[what]() != cause()


def test_what_the_planner_finds(load: Loader, graph: Graph) -> None:
    """Looked at twice, or the same file loaded twice: the same cause; another file: another one."""

    def look() -> Backlog | None:
        engine = load.engine
        state, start = engine.state(), cover_log(engine)
        stale = planner.plan(graph, state, start, engine.settings.today())
        return stale_backlog(stale, state, "code", start)

    customers = "customer_id,registration_date,country\na,2026-01-01 10:00:00,DE\n"
    load("customers", customers)
    first = look()
    assert first is not None
    assert first.left > 1
    load("customers", customers, "again.csv")
    assert look() == first
    load("customers", customers.replace("\na,", "\nb,"), "more.csv")
    second = look()
    assert second is not None
    assert second.cause != first.cause


def test_a_warehouse_that_is_held_is_busy(load: Loader) -> None:
    """Its own error: a sensor looks again later, without an alert."""
    settings = load.engine.settings.model_copy(update={"lock_timeout": 0.0})
    load.engine.prepare()
    holder = (
        "import sys, duckdb; held = duckdb.connect(sys.argv[1]); print(flush=True); "
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(settings.warehouse_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(BusyError, match=f"held by process {process.pid}"):
            DuckDBEngine(settings, load.engine.catalog).state()


def test_a_start_that_moved_asks_for_a_reload() -> None:
    """The first load settles it, and later ones move it; nothing else does."""
    assert reload_reason(None, None) is None
    assert reload_reason(DAY, DAY) is None
    assert reload_reason(DAY, None) is None
    assert reload_reason(None, DAY) == (
        "Partitions start on 2025-01-01; when the definitions were loaded, there was no data."
    )
    assert reload_reason(NEXT, DAY) == (
        "Partitions start on 2025-01-01; when the definitions were loaded, they started on "
        "2025-01-02."
    )
