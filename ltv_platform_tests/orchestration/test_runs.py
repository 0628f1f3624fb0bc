"""Dagster runs over ranges: the same figures as without Dagster, and nothing wrong published."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ltv_platform.orchestration.assets import asset_key
from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.partitions import range_tags
from ltv_platform.orchestration.refreshes import refresh_tags
from ltv_platform.published import snapshot
from ltv_platform.published.current import current_snapshot
from ltv_platform.refresh import build
from ltv_platform.refresh.stale import what_is_stale
from ltv_platform.tables import rendering, transforms
from ltv_platform_tests.orchestration.contexts import SETTINGS
from ltv_platform_tests.testing.home import Home


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


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return _fill(Home(tmp_path_factory.mktemp("filled") / "home", **SETTINGS))


@pytest.fixture(scope="module")
def _refreshed(
    _filled: Home, instance: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> Home:
    home = _copy(_filled, tmp_path_factory.mktemp("refreshed"))
    assert _refresh(home, instance).success
    return home


def _copy(home: Home, folder: Path) -> Home:
    return Home(shutil.copytree(home.settings.home, folder / "home"), **SETTINGS)


@pytest.fixture
def home(_filled: Home, tmp_path: Path) -> Home:
    """Six days of everything in the log, nothing built."""
    return _copy(_filled, tmp_path)


@pytest.fixture
def refreshed(_refreshed: Home, tmp_path: Path) -> Home:
    """The same after a refresh."""
    return _copy(_refreshed, tmp_path)


def _run(
    home: Home, instance: dg.DagsterInstance, assets: Sequence[str] | None, tags: Mapping[str, str]
) -> dg.ExecuteInProcessResult:
    job = build_definitions(home.engine, home.graph).resolve_job_def("refresh")
    return job.execute_in_process(
        instance=instance,
        asset_selection=None if assets is None else [asset_key(name) for name in assets],
        tags=dict(tags),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )


def _refresh(home: Home, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """What the refresh sensor asks for."""
    stale = what_is_stale(home.engine, home.graph)
    return _run(home, instance, None, refresh_tags(home.settings, stale))


def _ends(*_: object) -> None:
    """In place of a check: the run ends between what was written and that."""
    raise RuntimeError("ended")


def _announced(instance: dg.DagsterInstance, run_id: str) -> dict[str, list[str | None]]:
    """The partitions of each table that a run announced."""
    announced: dict[str, list[str | None]] = {}
    for record in instance.get_records_for_run(run_id).records:
        event = record.event_log_entry.dagster_event
        if event is not None and event.is_step_materialization and event.asset_key:
            announced.setdefault(".".join(event.asset_key.path), []).append(event.partition)
    return announced


def test_a_run_over_a_range_gives_the_figures_of_build_table(
    refreshed: Home, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """One run over all days; tables, built and the snapshot equal those made without Dagster."""
    plain = _fill(Home(tmp_path / "plain", **SETTINGS))
    plain.publish()
    assert refreshed.tables() == plain.tables()
    built, expected = refreshed.engine.state().built, plain.engine.state().built
    for transform in refreshed.graph.transforms:
        assert set(built[transform.name]) == set(expected[transform.name])
    assert not snapshot.is_stale(refreshed.graph, refreshed.engine.state(), refreshed.settings)
    assert not what_is_stale(refreshed.engine, refreshed.graph)
    for table in refreshed.graph.catalog.derived:
        sql = f"SELECT * FROM {table.name} ORDER BY ALL"
        assert refreshed.values(sql) == plain.values(sql)


def test_a_refresh_rewrites_only_stale_days(refreshed: Home, instance: dg.DagsterInstance) -> None:
    """A refresh rewrites of each table its own stale days, and announces just these."""
    before = refreshed.engine.state().built
    refreshed.load("transactions", "late,u1,2025-03-03 12:00:00,9,0")
    refreshed.load("customer_interactions", "i2,u1,2025-03-05 11:00:00,login")
    result = _refresh(refreshed, instance)
    assert result.success
    after = refreshed.engine.state().built
    changed = {
        table: [day.day for day in days if day is not None and days[day] != before[table][day]]
        for table, days in after.items()
    }
    assert (changed["core.transactions"], changed["core.interactions"]) == ([3], [5])
    assert changed["marts.revenue_reconciliation"] == [3]
    assert changed["marts.campaign_cohort_curve"] == [2, 3]
    assert changed["marts.campaign_ltv"] == [1, 2, 3, 4, 5]
    announced = _announced(instance, result.run_id)
    for transform in refreshed.graph.transforms:
        if transform.contract.partition is not None:
            days = [f"2025-03-0{day}" for day in changed[transform.name]]
            assert announced.get(transform.name, []) == days, transform.name
    assert announced["publish.published_snapshot"] == [None]
    assert announced["marts.customer_ltv"] == [None]
    assert "core.sessions" not in announced


def test_a_backfill_rewrites_all_that_was_asked(
    refreshed: Home, instance: dg.DagsterInstance
) -> None:
    """A backfill asked for by a person is one run that rewrites every day of its range."""
    before = refreshed.engine.state().built["core.transactions"]
    assets = tuple(t.name for t in refreshed.graph.transforms if t.contract.partition is not None)
    tables = refreshed.tables()
    result = _run(refreshed, instance, assets, range_tags(date(2025, 3, 2), date(2025, 3, 4)))
    assert result.success
    after = refreshed.engine.state().built["core.transactions"]
    changed = {day.day for day in after if day is not None and after[day] != before[day]}
    assert changed == {2, 3, 4}
    assert len({after[day].seq for day in after if day is not None and day.day in changed}) == 1
    assert refreshed.tables() == tables
    announced = _announced(instance, result.run_id)
    days = ["2025-03-02", "2025-03-03", "2025-03-04"]
    assert announced["core.transactions"] == days
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key("core.transactions"), asset_partitions=days),
        limit=3,
        ascending=True,
    ).records
    events = [record.asset_materialization for record in records]
    rows = [event.metadata["dagster/partition_row_count"].value for event in events if event]
    assert (len(events), rows) == (3, [1, 1, 2])


@pytest.mark.parametrize(
    "table", ["marts.campaign_summary", "marts.markov_channels", "raw.ihc_answers"]
)
def test_a_whole_table_is_materialized_alone(
    refreshed: Home, instance: dg.DagsterInstance, table: str
) -> None:
    """Its run has no days, though the other tables of its step, and its inputs, have.

    With a partition mapping on its inputs, Dagster failed before the step began.
    """
    assert _run(refreshed, instance, [table], {}).success


def _doubled(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in a table's SQL, as a merge may bring it."""
    original = rendering.render
    doubled_spend = "AS installs,\n  CAST(2 * spend AS DECIMAL(38,6)) AS spend"
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
    ("defect", "table", "check", "downstream", "elsewhere"),
    [
        (
            "core/interactions.sql",
            "core.interactions",
            "unique_key",
            "marts.campaign_ltv",
            "marts.user_revenue",
        ),
        (
            "campaigns/campaign_roas.sql",
            "marts.campaign_roas",
            "spend_reconciles",
            "marts.country_roas",
            "marts.campaign_ltv_forecast",
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
    elsewhere: str,
) -> None:
    """Nothing downstream is built and nothing published, in the next refresh neither; the rest is.

    The next refresh would find the table fresh, skip its check and publish, were it not taken
    as unbuilt.
    """
    with monkeypatch.context() as patch:
        _doubled(defect, patch)
        broken = home.under()
        for _ in range(2):
            assert table in what_is_stale(broken.engine, broken.graph).assets
            result = _refresh(broken, instance)
            assert not result.success
            failed = [e for e in result.get_asset_check_evaluations() if not e.passed]
            assert [(e.asset_key, e.check_name) for e in failed] == [(asset_key(table), check)]
            assert failed[0].description
            built = broken.engine.state().built
            assert downstream not in built
            assert elsewhere in built
            assert current_snapshot(broken.settings) is None
    fixed = home.under()
    fixed.publish()
    assert current_snapshot(fixed.settings) is not None
    assert fixed.values("SELECT SUM(spend) FROM campaign_roas") == [21]


def test_what_was_written_and_not_checked_is_stale(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between a table's commit and its check must not let it pass for checked."""
    with monkeypatch.context() as patch:
        patch.setattr(build, "check_table", _ends)
        result = _refresh(home, instance)
    assert not result.success
    assert home.engine.rows("SELECT COUNT(*) FROM core.customers") == [(6,)]
    assert "core.customers" in what_is_stale(home.engine, home.graph).assets
    assert current_snapshot(home.settings) is None
    assert _refresh(home, instance).success
    assert not what_is_stale(home.engine, home.graph)


def test_only_days_that_were_checked_count_as_checked(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of days that a killed run left unchecked, a run over others says nothing."""
    assert _refresh(home, instance).success

    def rewrite(day: int) -> bool:
        days = range_tags(date(2025, 3, day), date(2025, 3, day))
        return _run(home, instance, ["core.transactions"], days).success

    with monkeypatch.context() as patch:
        patch.setattr(build, "check_table", _ends)
        assert not rewrite(2)
    assert rewrite(4)
    stale = what_is_stale(home.engine, home.graph).plan.days["core.transactions"]
    assert stale == (date(2025, 3, 2),)


def test_a_table_that_fails_leaves_the_others_announced_once(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run said before it failed is not said again by the next one, as its own."""
    checks = build.check_table

    def fails(engine: Any, transform: Any, *days: Any) -> Any:
        if transform.name == "core.transactions":
            raise RuntimeError("out of memory")
        return checks(engine, transform, *days)

    with monkeypatch.context() as patch:
        patch.setattr(build, "check_table", fails)
        first = _refresh(home, instance)
    assert not first.success
    assert "core.customers" in _announced(instance, first.run_id)
    second = _refresh(home, instance)
    assert second.success
    announced = _announced(instance, second.run_id)
    assert "core.customers" not in announced
    assert len(announced["core.transactions"]) == 6


def test_nothing_is_published_by_hand_while_something_is_stale(
    refreshed: Home, instance: dg.DagsterInstance
) -> None:
    """Materializing the snapshot alone would publish what a check has just rejected."""
    published = current_snapshot(refreshed.settings)
    refreshed.load("transactions", "late,u1,2025-03-03 12:00:00,9,0")
    assert not _run(refreshed, instance, [snapshot.ASSET], {}).success
    assert current_snapshot(refreshed.settings) == published
    assert _refresh(refreshed, instance).success
    assert _run(refreshed, instance, [snapshot.ASSET], {}).success


def test_sources_load_what_waits(home: Home, instance: dg.DagsterInstance) -> None:
    """Materializing a raw asset loads the files in its landing folder, once."""
    folder = home.settings.landing_path / "conversions"
    folder.mkdir(parents=True)
    text = "conv_id,user_id,conv_date,conv_time,revenue\nv1,u1,2025-03-02,10:00:00,5\nv2,,x,y,z\n"
    (folder / "new.csv").write_text(text, "utf-8")
    result = _run(home, instance, ["raw.conversions"], {})
    assert result.success
    [event] = result.get_asset_materialization_events()
    numbers = {name: value.value for name, value in event.materialization.metadata.items()}
    assert (numbers["files_loaded"], numbers["rows_accepted"], numbers["rows_quarantined"]) == (
        1,
        1,
        1,
    )
    [share] = result.get_asset_check_evaluations()
    assert not share.passed and share.severity == dg.AssetCheckSeverity.WARN
    assert home.engine.rows("SELECT conv_id FROM raw.conversions") == [("v1",)]
    assert list(folder.iterdir()) == []
    again = _run(home, instance, ["raw.conversions"], {})
    [event] = again.get_asset_materialization_events()
    assert event.materialization.metadata["files_loaded"].value == 0


def test_what_a_person_had_written_is_not_announced_again(
    refreshed: Home, instance: dg.DagsterInstance
) -> None:
    """Regression: the refresh after a backfill announced everything that it had written."""
    backfill = _run(
        refreshed, instance, ["core.transactions"], range_tags(date(2025, 3, 2), date(2025, 3, 4))
    )
    days = ["2025-03-02", "2025-03-03", "2025-03-04"]
    assert _announced(instance, backfill.run_id)["core.transactions"] == days
    assert backfill.dagster_run.tags.keys() == {
        "dagster/asset_partition_range_start",
        "dagster/asset_partition_range_end",
    }
    behind = _refresh(refreshed, instance)
    assert behind.success
    assert "core.transactions" not in _announced(instance, behind.run_id)


def test_a_check_executed_alone_is_evaluated(refreshed: Home, instance: dg.DagsterInstance) -> None:
    """Regression: a check executed without its table was skipped, and no longer known to hold."""
    keys = {
        dg.AssetCheckKey(asset_key("core.transactions"), "unique_key"),
        dg.AssetCheckKey(asset_key("raw.transactions"), "rejected_share"),
    }
    job = build_definitions(
        refreshed.engine, refreshed.graph
    ).resolve_implicit_global_asset_job_def()
    before = refreshed.engine.state().built
    result = job.get_subset(asset_check_selection=keys).execute_in_process(instance=instance)
    seen = {
        evaluation.asset_check_key: evaluation.passed
        for evaluation in result.get_asset_check_evaluations()
    }
    assert seen == dict.fromkeys(keys, True)
    assert refreshed.engine.state().built == before
