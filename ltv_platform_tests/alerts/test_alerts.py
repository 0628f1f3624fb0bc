"""What is told, how often, and what becomes of it when nobody takes it (operations.md, Alerts)."""

import json
import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.alerts import Alert, Alerts, CheckFailed, FileRejected, RunFailed, StaleData
from ltv_platform.alerts import alerts as alerts_module
from ltv_platform.alerts.webhook import Webhook
from ltv_platform.settings import Settings
from ltv_platform_tests.alerts.receiver import (
    OK,
    SECRET,
    Answer,
    Clock,
    Receiver,
    alerts_of,
    real_alerts,
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
    """Once, whole, and is open until it is settled; then people are told that."""
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.tell(alert)
        [known] = alerts.open_alerts()
        assert (known.kind, known.times, alerts.waiting()[0]) == (alert.kind, 1, 0)
        alerts.settle(alert.kind, alert.key)
        assert alerts.open_alerts() == []
    told, resolved = server.received
    assert told["blocks"][0]["text"]["text"] == alert.title
    assert resolved["blocks"][0]["text"]["text"] == f"Resolved: {alert.title}"


def test_the_same_cause_is_quiet_for_a_day(tmp_path: Path) -> None:
    """Told again within 24 hours, by whichever run, it is counted and not sent."""
    clock = Clock()
    with receiver() as server:
        alerts_of(tmp_path, server.url, clock).tell(FAILED)
        for hour in range(1, 25):
            clock.on(hours=1)
            again = RunFailed("refresh", f"run-{hour}", "core")
            alerts_of(tmp_path, server.url, clock).tell(again)
            assert len(server.received) == (1 if hour < 24 else 2)
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.tell(RunFailed("refresh", "run-30", "marts"))
        assert len(server.received) == 3
        first = alerts.open_alerts()[-1]
    assert (first.key, first.times, first.last - first.since) == (
        "refresh/core",
        25,
        timedelta(hours=24),
    )


def test_what_was_settled_is_told_anew(tmp_path: Path) -> None:
    """Told, resolved, told: three messages, whatever the time."""
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        for _ in range(2):
            alerts.tell(FAILED)
            alerts.tell(FAILED)
            alerts.settle("run_failed", "refresh/")
            alerts.settle("run_failed", "refresh/")
    assert (
        server.texts
        == [
            "*Run failed*: refresh, step core: its log says why.",
            "*Resolved: Run failed*: refresh/core",
        ]
        * 2
    )


def test_what_is_settled(tmp_path: Path) -> None:
    """By key, by what keys begin with, all but some; other kinds stay."""
    alerts = alerts_of(tmp_path, None)
    steps = [RunFailed("refresh", "r", step) for step in ("core", "marts", "")]
    late = StaleData("transactions", Clock().now, 36)
    alerts.tell(*steps, RunFailed("refreshing", "r"), late, *rejected("a", "b", "c"))

    def keys() -> list[str]:
        return sorted(alert.key for alert in alerts.open_alerts())

    files = ["transactions/a.csv", "transactions/b.csv", "transactions/c.csv"]
    assert keys() == ["refresh", "refresh/core", "refresh/marts", "refreshing", "transactions",
                      *files]  # fmt: skip
    alerts.settle("run_failed", "refresh/core", "transactions")
    assert keys() == ["refresh", "refresh/marts", "refreshing", "transactions", *files]
    alerts.settle("run_failed", "refresh", "refresh/")
    assert keys() == ["refreshing", "transactions", *files]
    alerts.settle_others("file_rejected", ["transactions/b.csv"])
    assert keys() == ["refreshing", "transactions", "transactions/b.csv"]
    alerts.these_alone("file_rejected", rejected("b", "d"))
    assert keys() == ["refreshing", "transactions", "transactions/b.csv", "transactions/d.csv"]
    alerts.these_alone("stale_data", [])
    assert keys() == ["refreshing", "transactions/b.csv", "transactions/d.csv"]


def test_a_storm_of_alerts_is_one_message(tmp_path: Path) -> None:
    """A thousand rejected files: one message says so, and one that they are gone."""
    names = [str(number) for number in range(1_500)]
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.these_alone("file_rejected", rejected(*names))
        assert len(alerts.open_alerts()) == 1_000  # more are logged only
        alerts.these_alone("file_rejected", rejected(*names))
        alerts.these_alone("file_rejected", [])
        assert alerts.open_alerts() == []
    assert [text.partition("*: ")[0] for text in server.texts] == [
        "*1,000 alerts",
        "*1,000 alerts are resolved",
    ]


def test_what_nobody_takes_is_kept_and_sent_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A webhook that is down fails nobody, is not asked at every alert, and gets all in order."""
    clock = Clock()
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.tell(FAILED)
        assert alerts.waiting() == (1, "503: down")
        alerts.tell(CheckFailed("marts.x", "y"))
        alerts.settle("run_failed", "refresh/core")
        assert (alerts.waiting()[0], len(server.received)) == (3, 3)  # three tries of the first
        server.answers = [OK]
        clock.on(seconds=59)
        alerts.deliver()
        assert len(server.received) == 3
        clock.on(seconds=1)
        alerts.deliver()
        assert alerts.waiting() == (0, "")
    assert [text.partition("*: ")[0] for text in server.texts[3:]] == [
        "*Run failed",
        "*Check failed",
        "*Resolved: Run failed",
    ]
    assert "alerts wait: 127.0.0.1 answers 503: down" in caplog.text
    assert "secret" not in caplog.text.lower()


def test_pauses_grow_up_to_half_an_hour(tmp_path: Path) -> None:
    """1, 2, 4, … minutes; Retry-After is a floor, and nobody is obeyed for more than an hour."""
    clock, pauses = Clock(), []
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.tell(FAILED)
        for _ in range(7):
            requests, minutes = len(server.received), 0
            while len(server.received) == requests:
                clock.on(minutes=1)
                minutes += 1
                alerts.deliver()
            pauses.append(minutes)
        for asked in ("2700", "86400"):
            server.answers = [Answer(429, headers={"Retry-After": asked}), DOWN]
            clock.on(minutes=30)
            alerts.deliver()
            book = json.loads((tmp_path / "alerts" / "alerts.json").read_text())
            assert book["failures"] > 7
            requests, minutes = len(server.received), 0
            while len(server.received) == requests:
                clock.on(minutes=1)
                minutes += 1
                alerts.deliver()
            pauses.append(minutes)
            clock.on(minutes=30)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 45, 60]


def test_a_message_that_is_refused_holds_up_no_others_for_ever(tmp_path: Path) -> None:
    """400: given up after the third time; the next one is sent."""
    clock = Clock()
    no = Answer(400, b"invalid_payload")
    with receiver(no, no, no, OK) as server:
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.tell(FAILED)
        alerts.tell(CheckFailed("marts.x", "y"))
        for _ in range(3):
            clock.on(hours=1)
            alerts.deliver()
        assert alerts.waiting() == (0, "")
    assert [text.partition("*: ")[0] for text in server.texts] == [
        *["*Run failed"] * 3,
        "*Check failed",
    ]


def test_the_outbox_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred messages and a week; what is older is dropped, with a word in the log."""
    clock = Clock()
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url, clock)
        for number in range(103):
            alerts.tell(RunFailed("refresh", "r", str(number)))
        assert alerts.waiting()[0] == 100
        clock.on(days=8)
        alerts.tell(FAILED)
        assert alerts.waiting()[0] == 1
        server.answers = [OK]
        clock.on(hours=1)
        alerts.deliver()
    assert server.texts[-1] == "*Run failed*: refresh, step core: its log says why."
    assert "100 old alerts were never taken by the webhook and are dropped" in caplog.text


def test_without_a_webhook_alerts_are_kept(tmp_path: Path) -> None:
    """Open, nothing waits; once a webhook is set, the next time is sent."""
    alerts = alerts_of(tmp_path, None)
    alerts.tell(FAILED)
    assert (len(alerts.open_alerts()), alerts.waiting()[0], alerts.test()) == (1, 0, None)
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.tell(FAILED)
        assert len(server.received) == 1
        alerts_of(tmp_path, None).tell(CheckFailed("marts.x", "y"))
        # Nobody was told of it, so nobody is told that it is resolved.
        alerts.settle("check_failed", "marts.x/y")
    assert (len(server.received), len(alerts.open_alerts())) == (1, 1)


def test_a_clock_that_is_set_back_stops_nothing(tmp_path: Path) -> None:
    """What waits is sent, and what is told is not quiet for a year."""
    clock = Clock()
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.tell(FAILED)
        clock.on(days=-365)
        server.answers = [OK]
        alerts.deliver()
        assert alerts.waiting()[0] == 0
        alerts.tell(FAILED)
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
        alerts.settle("run_failed", "refresh/")
        alerts.tell(FAILED)
        assert len(alerts.open_alerts()) == 1
    assert len(server.received) == 1


def test_a_disk_that_takes_nothing_is_told_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk is just when somebody must know: sent without being kept."""
    (tmp_path / "alerts").write_text("a file where the folder should be")
    with receiver() as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.tell(FAILED)
        alerts.settle("run_failed", "refresh/")
        alerts.deliver()
    assert len(server.received) == 1
    assert "alerts are not kept" in caplog.text


class Broken(Webhook):
    """A webhook with a defect of ours."""

    def send(self, body: Any) -> Any:
        raise RuntimeError(f"a defect that knows {SECRET}")


def test_no_defect_reaches_who_tells(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of an unknown error is logged what it is, not what it says."""
    alerts = Alerts(Settings(home=tmp_path), Broken("http://127.0.0.1:1"), Clock())
    alerts.tell(FAILED)
    assert alerts.waiting()[0] == 1
    assert "alerts are not delivered (RuntimeError)" in caplog.text
    assert "SECRET" not in caplog.text


def _tell(home: Path, url: str, number: int) -> None:
    alerts = real_alerts(home, url)
    for place in range(5):
        alerts.tell(RunFailed("refresh", "r", f"{number}-{place}"))
        alerts.tell(RunFailed("refresh", "r", "of all"))


def test_processes_that_tell_at_once(tmp_path: Path) -> None:
    """Six processes, threads in one of them: each cause once, none lost, none waits."""
    fresh = multiprocessing.get_context("forkserver")
    with receiver() as server:
        processes = [
            fresh.Process(target=_tell, args=(tmp_path, server.url, number)) for number in range(4)
        ]
        threads = [
            threading.Thread(target=_tell, args=(tmp_path, server.url, 4 + number))
            for number in range(2)
        ]
        for worker in [*processes, *threads]:
            worker.start()
        for worker in [*processes, *threads]:
            worker.join(120)
        alerts = real_alerts(tmp_path, server.url)
        assert [process.exitcode for process in processes] == [0] * 4
        assert alerts.waiting()[0] == 0
        assert len(alerts.open_alerts()) == 31
    assert len(server.texts) == len(set(server.texts)) == 31


def _die_after_sending(home: Path, url: str) -> None:
    class Deadly(Webhook):
        def send(self, body: Any) -> Any:
            super().send(body)
            os.kill(os.getpid(), signal.SIGKILL)

    Alerts(Settings(home=home), Deadly(url)).tell(FAILED)


def test_a_message_is_sent_at_least_once(tmp_path: Path) -> None:
    """Killed between sending and noting it: sent once more, not lost; no lock is left."""
    with receiver() as server:
        process = multiprocessing.get_context("forkserver").Process(
            target=_die_after_sending, args=(tmp_path, server.url)
        )
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        alerts = real_alerts(tmp_path, server.url)
        assert alerts.waiting()[0] == 1
        alerts.deliver()
        assert alerts.waiting()[0] == 0
    assert len(server.received) == 2


def test_who_comes_while_another_sends_does_not_wait(tmp_path: Path) -> None:
    """The one who sends takes along what was put in meanwhile."""
    entered, go_on = threading.Event(), threading.Event()

    class Slow(Webhook):
        def send(self, body: Any) -> Any:
            entered.set()
            go_on.wait(30)
            return super().send(body)

    with receiver() as server:
        settings = Settings.model_validate({"home": tmp_path, "alert_webhook": server.url})
        slow = threading.Thread(target=Alerts(settings, Slow(server.url)).tell, args=(FAILED,))
        slow.start()
        assert entered.wait(30)
        other = real_alerts(tmp_path, server.url)
        other.tell(CheckFailed("marts.x", "y"))
        assert (other.waiting()[0], len(server.received)) == (2, 0)
        go_on.set()
        slow.join(30)
        assert other.waiting()[0] == 0
    assert len(server.received) == 2


def test_who_comes_when_another_is_just_done_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put in after the last look and before the lock is let go: whoever holds it looks again."""
    genuine = alerts_module.one_at_a_time
    late: list[Alert] = [CheckFailed("marts.x", "y")]

    with receiver() as server:

        @contextmanager
        def held(*arguments: Any) -> Iterator[None]:
            with genuine(*arguments):
                yield
                if late:
                    real_alerts(tmp_path, server.url).tell(late.pop())

        monkeypatch.setattr(alerts_module, "one_at_a_time", held)
        alerts = real_alerts(tmp_path, server.url)
        alerts.tell(FAILED)
        assert alerts.waiting()[0] == 0
    assert len(server.received) == 2


def test_the_address_is_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not in what is kept, logged or shown, whatever the receiver says."""
    caplog.set_level(logging.DEBUG, "ltv_platform")
    said = f"{SECRET} x+y=z~secret".encode()
    with receiver(Answer(404, said), Answer(500, said)) as server:
        clock = Clock()
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.tell(FAILED)
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


def test_a_test_message_wakes_the_outbox(tmp_path: Path) -> None:
    """Once the webhook takes it, what waited follows at once."""
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.tell(FAILED)
        answer = alerts.test()
        assert answer is not None
        assert (answer.delivered, alerts.waiting()[0]) == (False, 1)
        server.answers = [OK]
        answer = alerts.test()
        assert answer is not None
        assert (answer.delivered, alerts.waiting()[0]) == (True, 0)
    assert server.texts[-2:] == [
        "*Test*: This is what alerts of ltv-platform look like.",
        "*Run failed*: refresh, step core: its log says why.",
    ]


def test_one_who_delivers_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much waits and however slow the receiver: a tick of a sensor has its limit."""
    monkeypatch.setattr(alerts_module, "BUDGET", 0.5)
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url)
        for number in range(50):
            alerts.tell(RunFailed("refresh", "r", str(number)))
        server.answers = [Answer(body=b"")]
        _slow_down(server, 0.1)
        real_alerts(tmp_path, server.url).test()
        assert 1 <= len(server.received) - 3 <= 12
        assert alerts.waiting()[0] > 35


def _slow_down(server: Receiver, seconds: float) -> None:
    answers = server.answers

    class Slowly(list[Answer]):
        def __getitem__(self, place: Any) -> Any:
            server.closing.wait(seconds)
            return answers[place]

    server.answers = Slowly(answers)
