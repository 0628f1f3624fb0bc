"""A refresh announces exactly the days that it rewrote, for every table.

What was rewritten is read from ``raw.built``, where each write records its days and its number
inside its own transaction; the events are made of the list of what the run was to write. The two
meet here, in Dagster's own history, and every table is compared with a freshly built one.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ltv_platform.days import days_between
from ltv_platform.orchestration.assets import table_name
from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.dagster_home import prepare_dagster_home
from ltv_platform.orchestration.event_log import SqliteHistory
from ltv_platform.orchestration.foreground import bring_up_to_date
from ltv_platform.refresh.stale import what_is_stale
from ltv_platform_tests.testing.home import Home

#: 220 partitions; 200 days before the last is 20 January.
SETTINGS: dict[str, Any] = {
    "start_date": "2025-01-01",
    "as_of": "2025-08-08",
    "horizons": (1, 7, 30),
    "user_horizons": (7,),
}

#: Table and partition; None: a table that is written whole.
Written = set[tuple[str, str | None]]
_FIRST_COHORT = (
    "SELECT revenue_d30, refunds_d30, revenue_to_date FROM campaign_ltv "
    "WHERE install_date = DATE '2025-01-05'"
)


def _days(*spans: tuple[str, str]) -> set[str]:
    return {
        day.isoformat()
        for first, last in spans
        for day in days_between(date.fromisoformat(first), date.fromisoformat(last))
    }


@dataclass(frozen=True)
class Case:
    """Something that arrives late, and the days that it must rewrite.

    Attributes:
        row: A row of transactions.
        refresh: Who notices it.
        days: Days per partitioned table, by hand; those of other tables stay as they are.
        first_cohort: What :data:`_FIRST_COHORT` gives then; before, it gives 12, 0, 12.
    """

    row: str
    refresh: Callable[[Home], None]
    days: Mapping[str, set[str]]
    first_cohort: tuple[int, int, int]


def _touched(*days: str, cohorts: set[str], users: set[str], ages: set[str]) -> dict[str, set[str]]:
    """Days of the partitioned tables that read transactions.

    Args:
        days: Days of the event, before and after.
        cohorts: Install days of whose 30 days, and the day that the last of them reaches into,
            the event is one.
        users: The same with 7 days.
        ages: Days on which an age begins that the event falls into: its own and the one before.
    """
    of_event = set(days)
    return {
        "core.transactions": of_event,
        "core.waiting_for_rate": of_event,
        "core.waiting_for_customer": of_event,
        "marts.revenue_reconciliation": of_event,
        # A purchase decides who is new on all later days.
        "marts.daily_revenue": _days((min(days), SETTINGS["as_of"])),
        "marts.user_revenue": users,
        "marts.campaign_ltv": cohorts,
        "marts.campaign_roas": cohorts,
        "marts.campaign_cohort_curve": ages,
    }


def _fill(home: Home) -> Home:
    """Rows of every source, on days all over the seven months."""
    home.load("campaigns", "c1,Spring")
    home.load(
        "customers",
        "a,2025-01-05 10:00:00,US,ads,c1",
        "b,2025-03-08 10:00:00,DE,ads,c1",
        "c,2025-07-10 10:00:00,US,organic,",
    )
    home.load(
        "transactions",
        "first,a,2025-01-06 12:00:00,5,0",
        "again,a,2025-02-01 12:00:00,7,0",
        "moves,b,2025-03-10 12:00:00,4,0",
        "newest,c,2025-07-12 12:00:00,3,0",
    )
    home.load("customer_interactions", "i1,a,2025-01-07 11:00:00,login")
    home.load("session_sources", "s1,b,search,2025-03-09,10:00:00,1,1")
    home.load("session_costs", "s1,0.5")
    home.load("conversions", "v1,b,2025-03-10,12:00:00,4")
    home.load("campaign_costs", "c1,2025-01-05,US,2", "c1,2025-03-08,DE,3")
    return home


def _by_command(home: Home) -> None:
    """What ``ltv run`` does once the files are loaded."""
    assert bring_up_to_date(home.engine, home.graph, lambda _: None).changed


def _by_sensor(home: Home) -> None:
    """What the daemon does: a look, and the run that it asks for."""
    definitions = build_definitions(home.engine, home.graph)
    with _history(home) as instance:
        sensor = definitions.resolve_sensor_def("refresh")
        result = sensor(dg.build_sensor_context(instance))
        assert isinstance(result, dg.SensorResult)
        [request] = result.run_requests or []
        run = definitions.resolve_job_def("refresh").execute_in_process(
            instance=instance,
            tags=dict(request.tags),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    assert run.success


@contextmanager
def _history(home: Home) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of a home, with the shipped configuration."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LTV_HOME", "DAGSTER_HOME", "LTV_EVENT_LOG", "DAGSTER_EVENT_BATCH_SIZE"):
            patch.setenv(name, "")  # set by what follows, and taken back afterwards
        prepare_dagster_home(home.settings)
        with dg.DagsterInstance.from_config(str(home.settings.dagster_path)) as instance:
            assert isinstance(instance.event_log_storage, SqliteHistory)
            yield instance


def _announced(home: Home) -> list[tuple[int, str, str | None]]:
    """All events of tables in the history: number, table, partition."""
    with _history(home) as instance:
        found = []
        for key in instance.all_asset_keys():
            # More than there are.
            for record in instance.fetch_materializations(key, limit=10_000).records:
                found.append((record.storage_id, table_name(key), record.partition_key))
    return found


def _rewritten(home: Home, after: int) -> Written:
    """What was written after that number, as the writes themselves recorded it."""
    rows = home.engine.rows(
        "SELECT asset, CAST(day AS VARCHAR) FROM raw.built "
        # Up to where a table was announced stands there, too.
        "WHERE seq > $after AND NOT starts_with(asset, 'announced.')",
        {"after": after},
    )
    return set(rows)


CASES = {
    # 31 days before 20 January lie before the first partition.
    "a late event of 200 days ago": Case(
        "late,a,2025-01-20 12:00:00,9,0",
        _by_command,
        _touched(
            "2025-01-20",
            cohorts=_days(("2025-01-01", "2025-01-20")),
            users=_days(("2025-01-13", "2025-01-20")),
            ages=_days(("2025-01-19", "2025-01-20")),
        ),
        first_cohort=(21, 0, 21),
    ),
    "a correction that moves a transaction to another day": Case(
        "moves,b,2025-05-02 12:00:00,4,0",
        _by_sensor,
        _touched(
            "2025-03-10",
            "2025-05-02",
            cohorts=_days(("2025-02-07", "2025-03-10"), ("2025-04-01", "2025-05-02")),
            users=_days(("2025-03-03", "2025-03-10"), ("2025-04-25", "2025-05-02")),
            ages=_days(("2025-03-09", "2025-03-10"), ("2025-05-01", "2025-05-02")),
        ),
        first_cohort=(12, 0, 12),
    ),
    # Customer a installed on 5 January; her 30 days have passed long since.
    "a refund after maturity": Case(
        "refund,a,2025-07-15 12:00:00,5,1",
        _by_command,
        _touched(
            "2025-07-15",
            cohorts=_days(("2025-06-14", "2025-07-15")),
            users=_days(("2025-07-08", "2025-07-15")),
            ages=_days(("2025-07-14", "2025-07-15")),
        ),
        first_cohort=(12, 0, 12),
    ),
}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is up to date, and its history."""
    home = _fill(Home(tmp_path_factory.mktemp("exact") / "home", **SETTINGS))
    with _history(home):
        _by_command(home)
    assert not what_is_stale(home.engine, home.graph)
    return home.settings.home


def _built_anew(fresh: Path, folder: Path, row: str) -> Home:
    """A warehouse that knew the row from the beginning."""
    shutil.copytree(fresh / "cache", folder / "cache")  # what the SELECTs are, to be found faster
    home = _fill(Home(folder, **SETTINGS))
    home.load("transactions", row)
    home.publish()
    return home


def _tables(home: Home) -> Mapping[str, Any]:
    """All rows of all tables, in the warehouse and as they are published."""
    with home.engine.hold():
        published = {
            table.name: home.values(f"SELECT * FROM {table.name} ORDER BY ALL")
            for table in home.graph.catalog.derived
        }
        return {**home.tables(), **published}


@pytest.mark.parametrize("name", CASES)
def test_what_is_announced_is_what_was_rewritten(name: str, fresh: Path, tmp_path: Path) -> None:
    """The same days of the same tables, those that hand arithmetic gives, and the same figures."""
    case = CASES[name]
    shutil.copytree(fresh, tmp_path / "home")
    home = Home(tmp_path / "home", **SETTINGS)
    with home.engine.hold():
        written, said = home.engine.state().newest, max(_announced(home))[0]
        home.load("transactions", case.row)
    case.refresh(home)

    rewritten = _rewritten(home, written)
    announced = [(table, day) for number, table, day in _announced(home) if number > said]
    assert len(announced) == len(set(announced))
    assert set(announced) == rewritten

    partitioned = [t.name for t in home.graph.transforms if t.contract.partition is not None]
    days = {table: {day for of, day in rewritten if of == table} for table in partitioned}
    assert days == {table: case.days.get(table, set()) for table in partitioned}
    sources = {table for table, _ in rewritten if table.startswith("raw.")}
    assert sources == {"raw.transactions"}
    assert ("publish.published_snapshot", None) in rewritten

    assert _tables(home) == _tables(_built_anew(fresh, tmp_path / "anew", case.row))
    assert not what_is_stale(home.engine, home.graph)
    assert home.values(_FIRST_COHORT) == [case.first_cohort]
