"""Dagster's history: batches of events, the newest event of each partition, pruning."""

import logging
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.storage import tags as dagster_tags
from dagster._core.storage.runs import SqliteRunStorage

from ltv_platform.compressed_text import compressed, decompressed
from ltv_platform.orchestration.announcing import DEFER_TAG
from ltv_platform.orchestration.dagster_home import prepare_dagster_home
from ltv_platform.orchestration.event_log import ANY_PARTITION, ANY_ROWS, SqliteHistory
from ltv_platform.orchestration.maintenance import prune_history
from ltv_platform_tests.testing.home import Home

KEY = dg.AssetKey(["marts", "campaign_ltv"])
DAYS = [f"2025-01-{day:02}" for day in range(1, 32)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


@pytest.fixture
def instance(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of it, with the shipped configuration."""
    for name in ("LTV_HOME", "DAGSTER_HOME", "LTV_EVENT_LOG", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(name, "")  # set by what follows, and taken back afterwards
    prepare_dagster_home(home.settings)
    with dg.DagsterInstance.from_config(str(home.settings.dagster_path)) as instance:
        yield instance


def _event(
    run_id: str, partition: str | None, step: str | None = None, **metadata: Any
) -> dg.EventLogEntry:
    return dg.EventLogEntry(
        error_info=None,
        level=logging.DEBUG,
        user_message="",
        run_id=run_id,
        timestamp=time.time(),
        step_key=step,
        job_name="refresh",
        dagster_event=DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            job_name="refresh",
            event_specific_data=StepMaterializationData(
                dg.AssetMaterialization(KEY, metadata=metadata, partition=partition)
            ),
            step_key=step,
        ),
    )


def _storage(instance: dg.DagsterInstance) -> SqliteHistory:
    storage = instance.event_log_storage
    assert isinstance(storage, SqliteHistory)
    return storage


def _announce(instance: dg.DagsterInstance, run_id: str, days: list[str], rows: int) -> None:
    """What a run reports about the days that it wrote; the last event carries figures."""
    _storage(instance).store_written_partitions(
        _event(run_id, ANY_PARTITION, None, **{"dagster/partition_row_count": ANY_ROWS}),
        dict.fromkeys(days[:-1], rows),
        _event(run_id, days[-1], "campaigns", seconds=0.5),
    )


def _rows(instance: dg.DagsterInstance, sql: str) -> list[tuple[Any, ...]]:
    with _storage(instance).index_connection() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def test_the_private_tag_is_still_there() -> None:
    """Refreshes lean on a tag that Dagster keeps to itself; without it, Dagster announces a hull.

    A red test here says that a new Dagster has dropped or renamed it.
    """
    assert DEFER_TAG == dagster_tags.EXTERNALLY_MANAGED_ASSETS_TAG
    assert DEFER_TAG == "dagster/defer_asset_events"


def test_partitions_are_known_by_what_was_announced(instance: dg.DagsterInstance) -> None:
    """One event per partition, read back by Dagster with its rows; the newest has the figures."""
    _announce(instance, "one", DAYS, 7)
    assert instance.get_materialized_partitions(KEY) == set(DAYS)
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(KEY, asset_partitions=["2025-01-03"]), limit=10
    ).records
    [materialization] = [record.asset_materialization for record in records]
    assert materialization is not None
    assert materialization.metadata["dagster/partition_row_count"].value == 7
    latest = instance.get_latest_materialization_event(KEY)
    assert latest is not None and latest.asset_materialization is not None
    assert latest.asset_materialization.partition == DAYS[-1]
    assert latest.asset_materialization.metadata["seconds"].value == 0.5


def test_the_newest_word_on_a_partition_replaces_the_one_before(
    instance: dg.DagsterInstance,
) -> None:
    """A hundred refreshes leave one plain event per partition, and every one with figures."""
    for number in range(100):
        _announce(instance, f"run {number}", DAYS, number)
    plain = _rows(instance, "SELECT run_id, partition FROM event_logs WHERE step_key IS NULL")
    assert sorted(plain) == [("run 99", day) for day in DAYS[:-1]]
    [(figures,)] = _rows(instance, "SELECT COUNT(*) FROM event_logs WHERE step_key = 'campaigns'")
    assert figures == 100
    assert instance.get_materialized_partitions(KEY) == set(DAYS)


def test_what_a_person_reports_stays(instance: dg.DagsterInstance) -> None:
    """It is of no run, and a run's plain word on the partition does not take its place."""
    reported = dg.AssetMaterialization(KEY, description="repaired by hand", partition=DAYS[0])
    instance.report_runless_asset_event(reported)
    _announce(instance, "one", DAYS, 7)
    _announce(instance, "two", DAYS, 8)
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(KEY, asset_partitions=[DAYS[0]]), limit=10
    ).records
    assert [record.run_id for record in records] == ["two", ""]


def test_together_is_one_transaction_that_an_error_does_not_undo(
    instance: dg.DagsterInstance,
) -> None:
    """Others see all of it or nothing; what was said before an error was true."""
    storage = _storage(instance)
    count = "SELECT COUNT(*) FROM event_logs"
    with closing(sqlite3.connect(storage.get_db_path())) as other:
        with pytest.raises(RuntimeError, match="in the middle"), storage.together():
            storage.store_event(_event("one", DAYS[0], "campaigns"))
            _announce(instance, "one", DAYS, 7)
            assert _rows(instance, count) == [(len(DAYS) + 1,)]
            assert other.execute(count).fetchall() == [(0,)]
            raise RuntimeError("in the middle")
        assert other.execute(count).fetchall() == [(len(DAYS) + 1,)]
    storage.store_event(_event("two", DAYS[0], "campaigns"))  # on its own again
    assert _rows(instance, count) == [(len(DAYS) + 2,)]


def test_events_are_compressed_and_older_ones_still_read(instance: dg.DagsterInstance) -> None:
    """A partition's event takes less than a hundred bytes; what was stored as text is text."""
    _announce(instance, str(uuid.uuid4()), DAYS, 7)
    sizes = _rows(
        instance, "SELECT typeof(event), LENGTH(event) FROM event_logs WHERE step_key IS NULL"
    )
    assert {kind for kind, _ in sizes} == {"blob"} and max(size for _, size in sizes) < 100
    with _storage(instance).index_connection() as connection:
        for number, event in connection.exec_driver_sql("SELECT id, event FROM event_logs"):
            connection.exec_driver_sql(
                "UPDATE event_logs SET event = ? WHERE id = ?", (decompressed(event), number)
            )
    records = instance.fetch_materializations(KEY, limit=100).records
    assert sorted(str(record.partition_key) for record in records) == DAYS


def test_what_another_version_compressed_is_said() -> None:
    """And not taken for text."""
    assert decompressed(compressed("naïve ✓")) == "naïve ✓"
    with pytest.raises(ValueError, match="in a format that this version cannot read"):
        decompressed(b"\x02" + compressed("text")[1:])


def test_a_batch_is_stored_whole_or_not_at_all(instance: dg.DagsterInstance) -> None:
    """Ids are contiguous, and an error midway leaves nothing behind."""
    storage = _storage(instance)
    storage.store_event_batch([_event("one", day) for day in DAYS])
    ids = [number for (number,) in _rows(instance, "SELECT id FROM event_logs ORDER BY id")]
    assert ids == list(range(ids[0], ids[0] + len(DAYS)))
    with pytest.raises(AttributeError):
        storage.store_event_batch([_event("two", DAYS[0]), None])  # type: ignore[list-item]
    assert _rows(instance, "SELECT COUNT(*) FROM event_logs") == [(len(DAYS),)]


def test_a_deleted_run_leaves_the_newest_word_on_its_partitions(
    instance: dg.DagsterInstance,
) -> None:
    """Deleting a run in Dagster deletes its events, and with them the status of partitions."""
    _announce(instance, "old", DAYS, 1)
    _announce(instance, "new", DAYS[:10], 2)
    storage = _storage(instance)
    storage.store_event(
        dg.EventLogEntry(
            error_info=None,
            level=logging.INFO,
            user_message="a line of log",
            run_id="old",
            timestamp=time.time(),
            step_key=None,
            job_name="refresh",
            dagster_event=None,
        )
    )
    storage.delete_events("old")
    assert instance.get_materialized_partitions(KEY) == set(DAYS)
    left = dict(_rows(instance, "SELECT run_id, COUNT(*) FROM event_logs GROUP BY 1"))
    assert left == {"old": 21, "new": 10}


def test_history_has_a_limit(home: Home, instance: dg.DagsterInstance) -> None:
    """Runs that ended longer ago than LTV_DAGSTER_HISTORY days go; partitions stay known."""

    @dg.job
    def nothing() -> None:
        """Does nothing."""

    old, young, running = (instance.create_run_for_job(nothing) for _ in range(3))
    for run in (old, young):
        instance.report_run_failed(run)
    _announce(instance, old.run_id, DAYS, 1)
    now = datetime.now(UTC)
    long_ago = (now - timedelta(days=40)).strftime("%Y-%m-%d %H:%M:%S.%f")
    runs = instance.run_storage
    assert isinstance(runs, SqliteRunStorage)
    with runs.connect() as connection:
        connection.exec_driver_sql(
            "UPDATE runs SET create_timestamp = ? WHERE run_id IN (?, ?)",
            (long_ago, old.run_id, running.run_id),
        )
    settings = home.under(dagster_history=30, now=now).settings
    assert prune_history(instance, settings) == 1
    assert {run.run_id for run in instance.get_runs()} == {young.run_id, running.run_id}
    assert instance.get_materialized_partitions(KEY) == set(DAYS)


def test_what_a_run_intends_to_write_is_stored_by_partition(instance: dg.DagsterInstance) -> None:
    """One event for all partitions becomes a row for each, which marks them as failed or running.

    A check over the same range is stored once: a row per partition would stay planned forever.
    """
    partitions = dg.DailyPartitionsDefinition("2025-01-01")
    subset = partitions.subset_with_partition_keys(DAYS).to_serializable_subset()
    for data, kind in (
        (
            AssetMaterializationPlannedData(KEY, partitions_subset=subset),
            DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        ),
        (
            AssetCheckEvaluationPlanned(
                asset_key=KEY, check_name="unique_key", partitions_subset=subset
            ),
            DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
        ),
    ):
        event = DagsterEvent(
            event_type_value=kind.value, job_name="backfill", event_specific_data=data, step_key="s"
        )
        instance.report_dagster_event(event, "run")
    storage = _storage(instance)
    intended = storage.get_latest_asset_partition_materialization_attempts_without_materializations(
        KEY
    )
    assert sorted(intended) == DAYS
    assert {run for run, _ in intended.values()} == {"run"}
    records = instance.get_records_for_run(
        "run", of_type=DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    ).records
    planned = [r.event_log_entry.get_dagster_event() for r in records]
    assert [event.partition for event in planned] == DAYS
    assert _rows(instance, "SELECT partition FROM asset_check_executions") == [(None,)]
    _announce(instance, "run", DAYS[:30], 1)
    left = storage.get_latest_asset_partition_materialization_attempts_without_materializations(KEY)
    assert list(left) == DAYS[30:]
