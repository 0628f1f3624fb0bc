"""Messages that nobody accepts, and those of many simultaneous senders (operations.md, Alerts)."""

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from ltv_platform import locks
from ltv_platform.alerts import Alert, Alerts, CheckFailed, RunFailed
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

FAILED = RunFailed("refresh", "run-1", "core")
DOWN = Answer(503, b"down")


def test_what_nobody_takes_is_kept_and_sent_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A webhook that is down fails nobody, is not asked at every alert, and gets all in order."""
    clock = Clock()
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.report(FAILED)
        assert alerts.waiting() == (1, "503: down")
        alerts.report(CheckFailed("marts.x", "y"))
        alerts.resolve("run_failed", "refresh/core")
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
    """1, 2, 4, … minutes; Retry-After is a minimum, but never more than an hour is waited."""
    clock, pauses = Clock(), []
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url, clock)
        alerts.report(FAILED)
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
        alerts.report(FAILED)
        alerts.report(CheckFailed("marts.x", "y"))
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
            alerts.report(RunFailed("refresh", "r", str(number)))
        assert alerts.waiting()[0] == 100
        clock.on(days=8)
        alerts.report(FAILED)
        assert alerts.waiting()[0] == 1
        server.answers = [OK]
        clock.on(hours=1)
        alerts.deliver()
    assert server.texts[-1] == "*Run failed*: refresh, step core: the run's log says why."
    assert "100 old alerts were never taken by the webhook and are dropped" in caplog.text


class Broken(Webhook):
    """A webhook with a defect of ours."""

    def send(self, body: Any) -> Any:
        raise RuntimeError(f"a defect that knows {SECRET}")


def test_no_defect_reaches_who_tells(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of an unknown error is logged what it is, not what it says."""
    alerts = Alerts(Settings(home=tmp_path), Broken("http://127.0.0.1:1"), Clock())
    alerts.report(FAILED)
    assert alerts.waiting()[0] == 1
    assert "alerts are not delivered (RuntimeError)" in caplog.text
    assert "SECRET" not in caplog.text


def _tell(home: Path, url: str, number: int) -> None:
    alerts = real_alerts(home, url)
    for place in range(5):
        alerts.report(RunFailed("refresh", "r", f"{number}-{place}"))
        alerts.report(RunFailed("refresh", "r", "of all"))


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
        workers: list[BaseProcess | threading.Thread] = [*processes, *threads]
        for worker in workers:
            worker.start()
        for worker in workers:
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

    Alerts(Settings(home=home), Deadly(url)).report(FAILED)


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
        slow = threading.Thread(target=Alerts(settings, Slow(server.url)).report, args=(FAILED,))
        slow.start()
        assert entered.wait(30)
        other = real_alerts(tmp_path, server.url)
        other.report(CheckFailed("marts.x", "y"))
        assert (other.waiting()[0], len(server.received)) == (2, 0)
        go_on.set()
        slow.join(30)
        assert other.waiting()[0] == 0
    assert len(server.received) == 2


def test_who_comes_when_another_is_just_done_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Added after the last look and before the lock is released: the holder looks again."""
    genuine = locks.one_at_a_time
    late: list[Alert] = [CheckFailed("marts.x", "y")]

    with receiver() as server:

        @contextmanager
        def held(*arguments: Any) -> Iterator[None]:
            with genuine(*arguments):
                yield
                if late:
                    real_alerts(tmp_path, server.url).report(late.pop())

        monkeypatch.setattr(alerts_module, "one_at_a_time", held)
        alerts = real_alerts(tmp_path, server.url)
        alerts.report(FAILED)
        assert alerts.waiting()[0] == 0
    assert len(server.received) == 2


def test_a_test_message_wakes_the_outbox(tmp_path: Path) -> None:
    """Once the webhook takes it, what waited follows at once."""
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url)
        alerts.report(FAILED)
        answer = alerts.test()
        assert answer is not None
        assert (answer.delivered, alerts.waiting()[0]) == (False, 1)
        server.answers = [OK]
        answer = alerts.test()
        assert answer is not None
        assert (answer.delivered, alerts.waiting()[0]) == (True, 0)
    assert server.texts[-2:] == [
        "*Test*: This is what alerts of ltv-platform look like.",
        "*Run failed*: refresh, step core: the run's log says why.",
    ]


def test_one_who_delivers_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much waits and however slow the receiver: a tick of a sensor has its limit."""
    monkeypatch.setattr(alerts_module, "_BEGUN_WITHIN", 0.5)
    with receiver(DOWN) as server:
        alerts = alerts_of(tmp_path, server.url)
        for number in range(50):
            alerts.report(RunFailed("refresh", "r", str(number)))
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
