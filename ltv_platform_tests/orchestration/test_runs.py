"""Dagster runs over ranges: the same figures as without Dagster, and nothing wrong published."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ltv_platform import transforms
from ltv_platform.definitions import build_definitions
from ltv_platform.orchestration.assets import REFRESH_TAG, asset_key
from ltv_platform.orchestration.partitions import RANGE_END, RANGE_START
from ltv_platform.orchestration.refresh import stale_runs
from ltv_platform.warehouse import planner, snapshot
from ltv_platform_tests.warehouse.homes import Home

SETTINGS = {"start_date": "2025-03-01", "as_of": "2025-03-06", "horizons": (1, 3, 7)}


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """One instance without files for all runs."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _fill(home: Home) -> Home:
    home.load(
        "customers",
        *(
            f"u{day},2025-03-0{day} 10:00:00,{'US' if day % 2 else 'DE'},ads,c1"
            for day in range(1, 7)
        ),
    )
    home.load(
        "transactions",
        *(f"t{day},u{day},2025-03-0{day} 12:00:00,{day}.25,0" for day in range(1, 7)),
        "r1,u1,2025-03-04 12:00:00,1,1",
    )
    home.load("campaign_costs", *(f"c1,2025-03-0{day},,{day}" for day in range(1, 7)))
    home.load("customer_interactions", "i1,u1,2025-03-02 11:00:00,login")
    home.load("campaigns", "c1,Spring")
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Six days of everything in the log, nothing built."""
    return _fill(Home(tmp_path / "home", **SETTINGS))


def _execute(
    home: Home, instance: dg.DagsterInstance, run: planner.RunRange, *, refresh: bool
) -> dg.ExecuteInProcessResult:
    tags = {REFRESH_TAG: "stale"} if refresh else {}
    if run.start is not None and run.end is not None:
        tags |= {RANGE_START: run.start.isoformat(), RANGE_END: run.end.isoformat()}
    job = build_definitions(home.settings).resolve_job_def("refresh")
    return job.execute_in_process(
        instance=instance,
        asset_selection=[asset_key(name) for name in run.assets if name not in snapshot.MADE_OF_IT],
        tags=tags,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )


def _refresh(home: Home, instance: dg.DagsterInstance) -> bool:
    results = [
        _execute(home, instance, run, refresh=True) for run in stale_runs(home.engine, home.graph)
    ]
    return all(result.success for result in results)


def test_a_run_over_a_range_gives_the_figures_of_build_table(
    home: Home, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """One run over all days; tables, built and the snapshot equal those made without Dagster."""
    assert _refresh(home, instance)
    plain = _fill(Home(tmp_path / "plain", **SETTINGS))
    plain.publish()
    assert home.tables() == plain.tables()
    built, expected = home.engine.state().built, plain.engine.state().built
    for transform in home.graph.transforms:
        assert set(built[transform.name]) == set(expected[transform.name])
    assert not snapshot.is_stale(home.graph, home.engine.state(), home.settings)
    # The files made of the snapshot, which these runs leave out, are all that is left to do.
    left = [run.assets for run in stale_runs(home.engine, home.graph)]
    assert left == [snapshot.MADE_OF_IT]
    for table in home.graph.catalog.derived:
        sql = f"SELECT * FROM {table.name} ORDER BY ALL"
        assert home.values(sql) == plain.values(sql)


def test_a_refresh_rewrites_only_stale_days(home: Home, instance: dg.DagsterInstance) -> None:
    """In a run over the hull of all stale days each asset rewrites only its own."""
    assert _refresh(home, instance)
    before = home.engine.state().built
    home.load("transactions", "late,u1,2025-03-03 12:00:00,9,0")
    home.load("customer_interactions", "i2,u1,2025-03-05 11:00:00,login")
    assert _refresh(home, instance)
    after = home.engine.state().built
    changed = {
        table: [day.day for day in days if day is not None and days[day] != before[table][day]]
        for table, days in after.items()
    }
    assert (changed["core.transactions"], changed["core.interactions"]) == ([3], [5])
    assert changed["marts.revenue_reconciliation"] == [3]
    assert changed["marts.campaign_cohort_curve"] == [2, 3]
    assert changed["marts.campaign_ltv"] == [1, 2, 3, 4, 5]


def test_a_backfill_rewrites_all_that_was_asked(home: Home, instance: dg.DagsterInstance) -> None:
    """A backfill asked for by a person is one run that rewrites every day of its range."""
    home.refresh()
    before = home.engine.state().built["core.transactions"]
    assets = tuple(t.name for t in home.graph.transforms if t.contract.partition is not None)
    run = planner.RunRange(assets, date(2025, 3, 2), date(2025, 3, 4))
    tables = home.tables()
    result = _execute(home, instance, run, refresh=False)
    assert result.success
    after = home.engine.state().built["core.transactions"]
    changed = {day.day for day in after if day is not None and after[day] != before[day]}
    assert changed == {2, 3, 4}
    assert len({after[day].seq for day in after if day is not None and day.day in changed}) == 1
    assert home.tables() == tables
    events = result.asset_materializations_for_node("core__transactions")
    rows = [event.metadata["dagster/partition_row_count"].value for event in events]
    assert (len(events), rows) == (3, [1, 1, 2])


def _doubled(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in a table's SQL, as a merge may bring it."""
    original = transforms.render
    doubled_spend = "AS installs,\n  CAST(2 * spend AS DECIMAL(18,6)) AS spend"
    changes: dict[str, Callable[[str], str]] = {
        "core/interactions.sql": lambda sql: f"SELECT * FROM ({sql}) UNION ALL FROM ({sql})",
        "campaigns/campaign_roas.sql": lambda sql: sql.replace(
            "AS installs,\n  spend", doubled_spend
        ),
    }

    def render(template: str, *arguments: Any) -> str:
        sql = original(template, *arguments)
        if template != table:
            return sql
        assert changes[template](sql) != sql
        return changes[template](sql)

    monkeypatch.setattr(transforms, "render", render)


@pytest.mark.parametrize(
    ("defect", "table", "check", "downstream"),
    [
        ("core/interactions.sql", "core.interactions", "unique_key", "marts.campaign_ltv"),
        (
            "campaigns/campaign_roas.sql",
            "marts.campaign_roas",
            "spend_reconciles",
            "marts.country_roas",
        ),
    ],
)
def test_a_failed_blocking_check_keeps_figures_unpublished(  # noqa: PLR0917 - its parameters
    home: Home,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    defect: str,
    table: str,
    check: str,
    downstream: str,
) -> None:
    """Nothing downstream is built and nothing published, in the next refresh neither.

    The next refresh would find the table fresh, skip its check and publish, were it not taken
    as unbuilt.
    """
    with monkeypatch.context() as patch:
        _doubled(defect, patch)
        broken = home.under()
        for _ in range(2):
            [run] = stale_runs(broken.engine, broken.graph)
            assert table in run.assets
            result = _execute(broken, instance, run, refresh=True)
            assert not result.success
            failed = [
                e for e in result.get_asset_check_evaluations() if not e.passed and e.blocking
            ]
            assert [(e.asset_key, e.check_name) for e in failed] == [(asset_key(table), check)]
            assert failed[0].description
            assert downstream not in broken.engine.state().built
            assert snapshot.current_snapshot(broken.settings) is None
    mended = home.under()
    mended.publish()
    assert snapshot.current_snapshot(mended.settings) is not None
    assert mended.values("SELECT SUM(spend) FROM campaign_roas") == [21]


def test_sources_load_what_waits(home: Home, instance: dg.DagsterInstance) -> None:
    """Materializing a raw asset loads the files in its landing folder, once."""
    folder = home.settings.landing_path / "conversions"
    folder.mkdir(parents=True)
    text = "conv_id,user_id,conv_date,conv_time,revenue\nv1,u1,2025-03-02,10:00:00,5\nv2,,x,y,z\n"
    (folder / "new.csv").write_text(text, "utf-8")
    run = planner.RunRange(("raw.conversions",), None, None)
    result = _execute(home, instance, run, refresh=False)
    assert result.success
    [event] = result.asset_materializations_for_node("raw__conversions")
    numbers = {name: value.value for name, value in event.metadata.items()}
    assert (numbers["files_loaded"], numbers["rows_accepted"], numbers["rows_quarantined"]) == (
        1,
        1,
        1,
    )
    [share] = result.get_asset_check_evaluations()
    assert not share.passed and share.severity == dg.AssetCheckSeverity.WARN
    assert home.engine.rows("SELECT conv_id FROM raw.conversions") == [("v1",)]
    assert list(folder.iterdir()) == []
    again = _execute(home, instance, run, refresh=False)
    [event] = again.asset_materializations_for_node("raw__conversions")
    assert event.metadata["files_loaded"].value == 0
