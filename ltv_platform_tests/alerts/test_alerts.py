"""What is sent, how often, and what is recorded (operations.md, Alerts)."""

import logging
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from ltv_platform.alerts import Alert, CheckFailed, FileRejected, RunFailed, StaleData
from ltv_platform_tests.alerts.receiver import (
    OK,
    SECRET,
    Answer,
    Clock,
    alerts_of,
    receiver,
)
from ltv_platform_tests.alerts.test_message import HUGE_ALERTS, KINDS

FAILED = RunFailed("refresh", "run-1", "core")
DOWN = Answer(503, b"down")


def rejected(*names: str) -> list[FileRejected]:
    """Files of transactions that were rejected."""
    return [FileRejected(f"transactions/{name}.csv", "it is empty.") for name in names]


@pytest.mark.parametrize("alert", [a for a, _ in KINDS.values()] + HUGE_ALERTS)
def test_every_kind_arrives(alert: Alert, tmp_path: Path) -> None:
    """Sent once, whole, and open until it is settled; then its resolution is sent."""
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.report(alert)
        [known] = alerts.open_alerts()
        assert (known.kind, known.times, alerts.waiting()[0]) == (alert.kind, 1, 0)
        alerts.resolve(alert.kind, alert.key)
        assert alerts.open_alerts() == []
    told, resolved = server.received
    assert told["blocks"][0]["text"]["text"] == alert.title
    assert resolved["blocks"][0]["text"]["text"] == f"Resolved: {alert.title}"


def test_the_same_cause_is_quiet_for_a_day(tmp_path: Path) -> None:
    """Raised again within 24 hours, by any run, it is counted and not sent."""
    clock = Clock()
    with receiver() as server:
        alerts_of(tmp_path, server.url, clock).report(FAILED)
        for hour in range(1, 25):
            clock.on(hours=1)
            again = RunFailed("refresh", f"run-{hour}", "core")
            alerts_of(tmp_path, server.url, clock).report(again)
            assert len(server.received) == (1 if hour < 24 else 2)
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.report(RunFailed("refresh", "run-30", "marts"))
        assert len(server.received) == 3
        first = alerts.open_alerts()[-1]
    assert (first.key, first.times, first.last - first.since) == (
        "refresh/core",
        25,
        timedelta(hours=24),
    )


def test_what_was_settled_is_told_anew(tmp_path: Path) -> None:
    """Sent, resolved, sent again: three messages, at any time."""
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        for _ in range(2):
            alerts.report(FAILED)
            alerts.report(FAILED)
            alerts.resolve("run_failed", "refresh/")
            alerts.resolve("run_failed", "refresh/")
    assert (
        server.texts
        == [
            "*Run failed*: refresh, step core: the run's log says why.",
            "*Resolved: Run failed*: refresh/core",
        ]
        * 2
    )


def test_what_is_settled(tmp_path: Path) -> None:
    """By key, by what keys begin with, all but some; other kinds stay."""
    alerts = alerts_of(tmp_path, None)
    steps = [RunFailed("refresh", "r", step) for step in ("core", "marts", "")]
    late = StaleData("transactions", Clock().now, 36)
    alerts.report(*steps, RunFailed("refreshing", "r"), late, *rejected("a", "b", "c"))

    def keys() -> list[str]:
        return sorted(alert.key for alert in alerts.open_alerts())

    files = ["transactions/a.csv", "transactions/b.csv", "transactions/c.csv"]
    assert keys() == ["refresh", "refresh/core", "refresh/marts", "refreshing", "transactions",
                      *files]  # fmt: skip
    alerts.resolve("run_failed", "refresh/core", "transactions")
    assert keys() == ["refresh", "refresh/marts", "refreshing", "transactions", *files]
    alerts.resolve("run_failed", "refresh", "refresh/")
    assert keys() == ["refreshing", "transactions", *files]
    alerts.resolve_others("file_rejected", ["transactions/b.csv"])
    assert keys() == ["refreshing", "transactions", "transactions/b.csv"]
    alerts.report_only("file_rejected", rejected("b", "d"))
    assert keys() == ["refreshing", "transactions", "transactions/b.csv", "transactions/d.csv"]
    alerts.report_only("stale_data", [])
    assert keys() == ["refreshing", "transactions/b.csv", "transactions/d.csv"]


def test_a_storm_of_alerts_is_one_message(tmp_path: Path) -> None:
    """A thousand rejected files: one message says so, and one that they are gone."""
    names = [str(number) for number in range(1_500)]
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.report_only("file_rejected", rejected(*names))
        assert len(alerts.open_alerts()) == 1_000  # more are logged only
        alerts.report_only("file_rejected", rejected(*names))
        alerts.report_only("file_rejected", [])
        assert alerts.open_alerts() == []
    assert [text.partition("*: ")[0] for text in server.texts] == [
        "*1,000 alerts",
        "*1,000 alerts are resolved",
    ]


def test_without_a_webhook_alerts_are_kept(tmp_path: Path) -> None:
    """Open, nothing waits; once a webhook is set, the next time is sent."""
    alerts = alerts_of(tmp_path, None)
    alerts.report(FAILED)
    assert (len(alerts.open_alerts()), alerts.waiting()[0], alerts.test()) == (1, 0, None)
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.report(FAILED)
        assert len(server.received) == 1
        alerts_of(tmp_path, None).report(CheckFailed("marts.x", "y"))
        # Nobody was told of it, so nobody is told that it is resolved.
        alerts.resolve("check_failed", "marts.x/y")
    assert (len(server.received), len(alerts.open_alerts())) == (1, 1)


def test_a_clock_that_is_set_back_stops_nothing(tmp_path: Path) -> None:
    """Waiting messages are sent, and an old alert does not stay quiet for a year."""
    clock = Clock()
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.report(FAILED)
        clock.on(days=-365)
        server.answers = [OK]
        alerts.deliver()
        assert alerts.waiting()[0] == 0
        alerts.report(FAILED)
    assert len(server.received) == 3 + 2


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"version": 2}', '{"version": 1, "open": [{}]}', "\x00" * 100],
)
def test_a_damaged_file_begins_anew(content: str, tmp_path: Path) -> None:
    """It may tell something twice; it fails nobody."""
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "alerts.json").write_text(content)
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        assert alerts.open_alerts() == []
        alerts.resolve("run_failed", "refresh/")
        alerts.report(FAILED)
        assert len(alerts.open_alerts()) == 1
    assert len(server.received) == 1


def test_a_disk_that_takes_nothing_is_told_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk is just when somebody must know: sent without being kept."""
    (tmp_path / "alerts").write_text("a file where the folder should be")
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.report(FAILED)
        alerts.resolve("run_failed", "refresh/")
        alerts.deliver()
    assert len(server.received) == 1
    assert "alerts are not kept" in caplog.text


def test_the_address_is_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not in what is stored, logged or shown, whatever the receiver answers."""
    caplog.set_level(logging.DEBUG, "ltv_platform")
    said = f"{SECRET} x+y=z~secret".encode()
    with receiver(Answer(404, said), Answer(500, said)) as server:
        clock = Clock()
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.report(FAILED)
        clock.on(hours=1)
        alerts.deliver()
        answer = alerts.test()
        assert answer is not None
        shown = [answer.text, alerts.waiting()[1], caplog.text]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}{SECRET}"
        refused = alerts_of(tmp_path, url).test()
    assert refused is not None
    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    for text in [*shown, refused.text, *kept]:
        assert "secret" not in text.lower()
