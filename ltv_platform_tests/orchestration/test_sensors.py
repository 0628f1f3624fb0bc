"""Sensors by their ticks: what they request, what they ignore, what they report.

What they decide is tested without Dagster in ``scheduling/``; these are the shells.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from ltv_platform.alerts import Alerts
from ltv_platform.locks import one_run
from ltv_platform.orchestration import sensors
from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.refreshes import FILES_TAG, REFRESH_TAG, Refreshes
from ltv_platform.refresh import build
from ltv_platform.refresh.stale import newest_load, what_is_stale
from ltv_platform.warehouse.duckdb.connection import open_warehouse
from ltv_platform.warehouse.planner import Plan
from ltv_platform_tests.orchestration.contexts import SETTINGS
from ltv_platform_tests.testing.home import HEADERS, Home

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance without files."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home", **SETTINGS)


class Ticker:
    """The ticks of a sensor, with the cursor that the daemon would keep."""

    def __init__(self, home: Home, instance: dg.DagsterInstance, name: str) -> None:
        self.definitions = build_definitions(home.engine, home.graph)
        [self.sensor] = [s for s in self.definitions.sensors or [] if s.name == name]
        self.instance = instance
        self.cursor: str | None = None

    def tick(self) -> dg.SensorResult:
        """One look."""
        result = self.sensor(dg.build_sensor_context(self.instance, cursor=self.cursor))
        if isinstance(result, dg.SkipReason):
            return dg.SensorResult(skip_reason=result, cursor=self.cursor)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return result

    def run(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """What the daemon does about a request."""
        assert request.run_key is not None
        return self.definitions.resolve_job_def("refresh").execute_in_process(
            instance=self.instance,
            tags={**request.tags, "dagster/run_key": request.run_key},
            run_config=QUIET,
            raise_on_error=False,
        )


def _drop(home: Home, table: str, name: str, *rows: str) -> Path:
    """A file that nobody has changed for a minute."""
    path = home.settings.landing_path / table / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADERS[table], *rows]) + "\n", "utf-8")
    return path


def _later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)


def test_a_storm_of_files_is_one_run(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many files at once are one request, loaded once each; then nothing is asked for."""
    for number in range(60):
        _drop(home, "conversions", f"{number}.csv", f"v{number},u,2025-03-02,10:00:00,5")
    ticker = Ticker(home, instance, "landing")
    assert not ticker.tick().run_requests, "they may still be written to"
    _later(monkeypatch, 60)
    [request] = ticker.tick().run_requests or []
    assert REFRESH_TAG in request.tags and int(request.tags[FILES_TAG]) > 0
    assert ticker.run(request).success
    assert home.engine.rows("SELECT COUNT(*) FROM core.conversions") == [(60,)]
    assert home.engine.rows("SELECT COUNT(*) FROM raw.loads") == [(60,)]
    assert not what_is_stale(home.engine, home.graph), "it has refreshed and published, too"
    assert not ticker.tick().run_requests


def test_a_rejected_file_is_told_and_not_asked_for_again(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is loaded and published; fixed, it is asked for again and the alert settles."""
    wrong = _drop(home, "customers", "wrong.csv")
    wrong.write_text("name,of,nothing\n1,2,3\n", "utf-8")
    _drop(home, "conversions", "right.csv", "v1,u,2025-03-02,10:00:00,5")
    ticker = Ticker(home, instance, "landing")
    _later(monkeypatch, 60)
    [request] = ticker.tick().run_requests or []
    assert ticker.run(request).success
    assert home.values("SELECT conv_id FROM conversions") == ["v1"]
    assert not ticker.tick().run_requests
    [alert] = Alerts(home.settings).open_alerts()
    assert (alert.kind, alert.key) == ("file_rejected", "customers/wrong.csv")
    assert not ticker.tick().run_requests
    wrong.write_text(f"{HEADERS['customers']}\nu1,2025-03-01 10:00:00,US,ads,c1\n", "utf-8")
    _later(monkeypatch, 120)
    [request] = ticker.tick().run_requests or []
    assert ticker.run(request).success
    ticker.tick()
    assert Alerts(home.settings).open_alerts() == []


def test_files_do_not_wait_for_what_else_fails(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run loads files, and then a table fails: its rejected files stay rejected."""

    def fails(*_: object) -> None:
        raise RuntimeError("out of memory")

    _drop(home, "customers", "wrong.csv").write_text("name,of,nothing\n1,2,3\n", "utf-8")
    _drop(home, "conversions", "right.csv", "v1,u,2025-03-02,10:00:00,5")
    ticker = Ticker(home, instance, "landing")
    _later(monkeypatch, 60)
    [request] = ticker.tick().run_requests or []
    with monkeypatch.context() as patch:
        patch.setattr(build, "check_table", fails)
        assert not ticker.run(request).success
    assert not ticker.tick().run_requests
    [alert] = Alerts(home.settings).open_alerts()
    assert alert.key == "customers/wrong.csv"
    assert "it lacks a required column" in alert.what
    _drop(home, "conversions", "next.csv", "v2,u,2025-03-02,10:00:00,5")
    _later(monkeypatch, 120)
    [request] = ticker.tick().run_requests or []
    assert ticker.run(request).success
    assert home.values("SELECT conv_id FROM conversions ORDER BY 1") == ["v1", "v2"]


def test_files_that_nothing_loads_are_told(home: Home, instance: dg.DagsterInstance) -> None:
    """They lie in the folder of no source table; taken away, they settle."""
    ticker = Ticker(home, instance, "landing")
    ticker.tick()
    folder = home.settings.landing_path / "purchases"
    folder.mkdir()
    paths = folder / "june.csv", folder / "july.csv"
    for path in paths:
        path.write_text("a,b\n1,2\n")
    ticker.tick()
    alerts = Alerts(home.settings).open_alerts()
    assert sorted(alert.key for alert in alerts) == [
        "purchases/july.csv",
        "purchases/june.csv",
    ]
    assert all("its folder does not name a source table" in alert.what for alert in alerts)
    for path in paths:
        path.unlink()
    ticker.tick()
    assert Alerts(home.settings).open_alerts() == []


def test_a_full_disk_rejects_nothing(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails, and the same file is asked for again, though nobody touched it."""
    path = _drop(home, "conversions", "right.csv", "v1,u,2025-03-02,10:00:00,5")
    ticker = Ticker(home, instance, "landing")
    _later(monkeypatch, 60)
    [request] = ticker.tick().run_requests or []
    with monkeypatch.context() as full:
        nothing_free = SimpleNamespace(free=0)
        full.setattr(
            "ltv_platform.ingestion.files.private_copy.shutil.disk_usage", lambda _: nothing_free
        )
        assert not ticker.run(request).success
    assert path.exists()
    assert not ticker.tick().run_requests, "it waits first"
    _later(monkeypatch, 600)
    [request] = ticker.tick().run_requests or []
    assert ticker.run(request).success
    assert home.values("SELECT conv_id FROM conversions") == ["v1"]


def test_a_missing_adapter_is_asked_for_again_once_it_is_there(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file is unchanged; the code that reads it is not."""
    monkeypatch.chdir(tmp_path)
    waiting = _drop(home, "conversions", "a.csv", "v1,u,2025-03-02,10:00:00,5")
    through_adapter = home.settings.landing_path / "conversions@shop.sql"
    through_adapter.mkdir()
    waiting.rename(through_adapter / "a.csv")
    ticker = Ticker(home, instance, "landing")
    _later(monkeypatch, 60)
    [request] = ticker.tick().run_requests or []
    assert ticker.run(request).success
    assert not ticker.tick().run_requests
    (tmp_path / "shop.sql").write_text(
        "-- table: conversions\n"
        "SELECT 'shop-' || conv_id AS conv_id, * EXCLUDE (conv_id) FROM file\n"
    )
    _later(monkeypatch, 120)
    [request] = ticker.tick().run_requests or []
    assert ticker.run(request).success
    assert home.values("SELECT conv_id FROM conversions") == ["shop-v1"]


def test_what_is_stale_is_asked_for_once(home: Home, instance: dg.DagsterInstance) -> None:
    """A manual load is refreshed; while the run is in progress nothing is requested."""
    ticker = Ticker(home, instance, "refresh")
    assert "Nothing is loaded" in str(ticker.tick().skip_reason)
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    [request] = ticker.tick().run_requests or []
    assert FILES_TAG not in request.tags
    job = ticker.definitions.resolve_job_def("refresh")
    under_way = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    assert "in progress" in str(ticker.tick().skip_reason)
    instance.delete_run(under_way.run_id)
    assert ticker.run(request).success
    assert not ticker.tick().run_requests
    assert home.values("SELECT revenue FROM conversions") == [5]


def test_an_event_during_a_run_is_not_lost(home: Home, instance: dg.DagsterInstance) -> None:
    """A second event for a day that was just rebuilt is stale at the next look."""
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    ticker = Ticker(home, instance, "refresh")
    [request] = ticker.tick().run_requests or []
    home.load("conversions", "v2,u,2025-03-02,11:00:00,6")  # after it was planned, before it ran
    assert ticker.run(request).success
    home.load("conversions", "v3,u,2025-03-02,12:00:00,7")  # just as it ends
    [again] = ticker.tick().run_requests or []
    assert again.run_key != request.run_key
    assert ticker.run(again).success
    assert home.values("SELECT SUM(revenue) FROM conversions") == [18]
    assert not ticker.tick().run_requests


def test_a_failed_run_is_tried_again_and_then_told(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts for the same cause become rarer and end with an alert; other data start again."""
    home = home.under(refresh_attempts=2)
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    ticker = Ticker(home, instance, "refresh")
    job = ticker.definitions.resolve_job_def("refresh")
    for attempt, wait in ((1, 0), (2, 120)):
        _later(monkeypatch, 1000 * attempt + wait)
        [request] = ticker.tick().run_requests or []
        run = instance.create_run_for_job(job, tags={"dagster/run_key": str(request.run_key)})
        instance.report_run_failed(run)
        assert not ticker.tick().run_requests, "not at once"
    _later(monkeypatch, 10_000)
    assert not ticker.tick().run_requests
    kinds = [alert.kind for alert in Alerts(home.settings).open_alerts()]
    assert kinds.count("retries_exhausted") == 1
    assert not ticker.tick().run_requests
    home.load("conversions", "v2,u,2025-03-02,11:00:00,6")
    [request] = ticker.tick().run_requests or []
    assert ticker.run(request).success
    ticker.tick()
    kinds = [alert.kind for alert in Alerts(home.settings).open_alerts()]
    assert "retries_exhausted" not in kinds


def test_a_run_that_lost_its_process_is_ended(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut its run would run forever, and nothing would start any more."""
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    ticker = Ticker(home, instance, "refresh")
    job = ticker.definitions.resolve_job_def("refresh")
    lost = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    assert "in progress" in str(ticker.tick().skip_reason), "it may have just begun"
    _later(monkeypatch, 300)
    with one_run(home.settings, print):  # another one works, and it may wait for that
        assert "in progress" in str(ticker.tick().skip_reason)
    [request] = ticker.tick().run_requests or []
    run = instance.get_run_by_id(lost.run_id)
    assert run is not None and run.status is dg.DagsterRunStatus.FAILURE
    assert ticker.run(request).success


def test_a_busy_warehouse_is_looked_at_later(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that writes is a reason to look again, not an error."""
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    monkeypatch.setattr(sensors, "_WAIT_FOR_WAREHOUSE", 0.1)
    ticker = Ticker(home, instance, "refresh")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # holds the file until it is told to end
        with open_warehouse(home.settings):
            os.write(writer, b"x")
            time.sleep(60)
        os._exit(0)
    try:
        os.read(reader, 1)
        assert "in use" in str(ticker.tick().skip_reason)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert ticker.tick().run_requests


def test_late_feeds_are_told(home: Home, instance: dg.DagsterInstance) -> None:
    """A feed whose newest event is older than LTV_FRESHNESS_HOURS, by the published figures."""
    home = home.under(as_of=None, now="2025-03-10T12:00:00Z")
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    home.publish()
    ticker = Ticker(home, instance, "refresh")
    ticker.tick()
    late = [alert.key for alert in Alerts(home.settings).open_alerts()]
    assert late == ["conversions"]
    home.load("conversions", "v2,u,2025-03-10,11:00:00,5")
    home.publish()
    ticker.tick()
    assert Alerts(home.settings).open_alerts() == []


def test_late_feeds_are_told_while_a_run_hangs(home: Home, instance: dg.DagsterInstance) -> None:
    """A run that does not end is when figures grow old, and nothing else would say so."""
    home = home.under(as_of=None, now="2025-03-10T12:00:00Z")
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    home.publish()
    ticker = Ticker(home, instance, "refresh")
    instance.create_run_for_job(
        ticker.definitions.resolve_job_def("refresh"), status=dg.DagsterRunStatus.STARTED
    )
    assert "in progress" in str(ticker.tick().skip_reason)
    assert [alert.kind for alert in Alerts(home.settings).open_alerts()] == ["stale_data"]


def test_a_look_that_fails_is_told(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing starts any more, and the alert of late data would come from the look that fails."""
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    ticker = Ticker(home, instance, "refresh")
    with monkeypatch.context() as patch:
        patch.setattr(sensors, "what_is_stale", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ticker.tick()
    assert [alert.key for alert in Alerts(home.settings).open_alerts()] == ["refresh"]
    assert ticker.tick().run_requests
    assert Alerts(home.settings).open_alerts() == []


def test_a_load_during_a_run_overtakes_it(home: Home) -> None:
    """Then its checks may compare tables of two states, and alert nobody of what they see."""
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    refreshes = Refreshes(home.engine, home.graph)
    assert refreshes.work("one").wants("core.conversions")
    assert not refreshes.is_overtaken("one")
    home.load("conversions", "v2,u,2025-03-02,11:00:00,5")
    assert refreshes.is_overtaken("one")
    refreshes.work("two")
    assert not refreshes.is_overtaken("two")


def test_what_a_command_found_stale_is_the_work_of_its_run(home: Home) -> None:
    """It is looked for once, unless something was loaded in between."""
    home.load("conversions", "v1,u,2025-03-02,10:00:00,5")
    refreshes = Refreshes(home.engine, home.graph)
    refreshes.expect(Plan({}, ()), newest_load(home.engine))
    assert not refreshes.work("one").left
    refreshes.expect(Plan({}, ()), newest_load(home.engine))
    home.load("conversions", "v2,u,2025-03-02,11:00:00,5")
    assert refreshes.work("two").wants("core.conversions")


def test_sensors_and_the_schedule_start_by_themselves(home: Home) -> None:
    """Dagster's default is STOPPED: nobody would switch on what they do not know."""
    definitions = build_definitions(home.engine, home.graph)
    assert {s.name for s in definitions.sensors or []} == {
        "landing",
        "refresh",
        "failed_runs",
        "succeeded_runs",
    }
    for sensor in definitions.sensors or []:
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING, sensor.name
    [schedule] = definitions.schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
