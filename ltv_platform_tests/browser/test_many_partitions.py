"""Three thousand daily partitions: ticks of the refresh sensor, and the pages of assets.

What they take is printed, not asserted: the machine may be busy.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ltv_platform_tests.browser.server import Server, command, environment
from ltv_platform_tests.browser.test_partitions import wait_for

pytestmark = pytest.mark.browser

#: 3,000 days to the last of the sample, most of them without a row.
_START = {"LTV_START_DATE": "2018-09-13"}
_PARTITIONS = 3_000
#: What the daemon does every thirty seconds, through the code server, without launching the run.
_LOOK = """mutation {
    sensorDryRun(cursor: null, selectorData: {
        repositoryName: "__repository__", repositoryLocationName: "ltv-platform",
        sensorName: "refresh"
    }) {
        ... on DryRunInstigationTick { evaluationResult {
            error { message } skipReason runRequests { runKey }
        } }
        ... on PythonError { message }
        ... on SensorNotFoundError { message }
    }
}"""
_STOP = """mutation($id: String!) { stopSensor(id: $id) { __typename } }"""
_SENSORS = """{ sensorsOrError(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "ltv-platform"
}) { ... on Sensors { results { name sensorState { id status } } } } }"""
_TIMES = 3
_LATE = """transaction_id,customer_id,transaction_date,amount,is_refund
late-1,c00000010,2025-12-10 10:00:00,9.90,0
"""


@pytest.fixture(scope="module")
def long_server(
    programs: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """`ltv up` on the sample with that many partitions; its sensors start no run."""
    folder = tmp_path_factory.mktemp("long")
    home = folder / "home"
    subprocess.run(
        command("demo"), env=environment(home, **_START), check=True, capture_output=True
    )
    server = Server(home, folder / "up.log", **_START)
    try:
        for sensor in server.ask(_SENSORS)["sensorsOrError"]["results"]:
            server.ask(_STOP, id=sensor["sensorState"]["id"])
        yield server
    finally:
        code = server.end()
    assert code == 0, server.said


def _look(server: Server) -> dict[str, Any]:
    result: dict[str, Any] = server.ask(_LOOK)["sensorDryRun"]["evaluationResult"]
    assert result["error"] is None, result
    return result


def _told(what: str, seconds: list[float], services: list[float]) -> str:
    one, other = (", ".join(f"{number:.2f}" for number in of) for of in (seconds, services))
    return f"{what}: {one} s; CPU of the services {other} s\n"


def test_a_look_of_the_refresh_sensor(
    long_server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Through the web server and the code server, with nothing stale and with a day stale."""
    assert (date(2026, 11, 29) - date.fromisoformat(_START["LTV_START_DATE"])).days == 2_999
    wait_for(long_server.is_idle, "the end of other runs")
    told = ""
    for state, asks in (("nothing stale", False), ("a day stale", True)):
        if asks:
            file = tmp_path / "late.csv"
            file.write_text(_LATE, "utf-8")
            subprocess.run(
                command("ingest", "transactions", str(file)),
                env=environment(long_server.home, **_START),
                check=True,
                capture_output=True,
            )
        seconds, cpu = [], []
        for _ in range(_TIMES):
            started, used = time.monotonic(), long_server.cpu_seconds()
            result = _look(long_server)
            seconds.append(time.monotonic() - started)
            cpu.append(long_server.cpu_seconds() - used)
            assert bool(result["runRequests"]) is asks, result
        told += _told(f"a look of the refresh sensor, {state}", seconds, cpu)
    with capsys.disabled():
        sys.stdout.write(f"\n{_PARTITIONS:,} partitions; {told}")


def test_the_pages_of_a_partitioned_asset(
    long_server: Server,
    programs: tuple[str, str],
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From the address to the words on the page, the first time and again; all are known."""
    from ltv_platform_tests.browser.screen import Screen

    pages = {
        "overview": ("/assets/marts/campaign_ltv", ["rows_written", "Row count"]),
        "partitions": (
            "/assets/marts/campaign_ltv?view=partitions",
            [f"Materialized ({_PARTITIONS})", "Missing (0)", "Failed (0)"],
        ),
    }
    screen = Screen(*programs, tmp_path / "profile", long_server.address, pictures)
    told = ""
    try:
        for name, (path, words) in pages.items():
            seconds, cpu = [], []
            for _ in range(_TIMES):
                screen.open("/runs", "refresh")
                started, used = time.monotonic(), long_server.cpu_seconds()
                screen.open(path, *words)
                seconds.append(time.monotonic() - started)
                cpu.append(long_server.cpu_seconds() - used)
            screen.picture(f"{_PARTITIONS}_partitions_{name}")
            told += _told(f"page of an asset, {name}", seconds, cpu)
        assert screen.problems() == []
    finally:
        screen.close()
    with capsys.disabled():
        sys.stdout.write(f"\n{_PARTITIONS:,} partitions; {told}")
