"""`ltv alerts` and `ltv doctor` as people use them; neither shows the webhook's address."""

import json
import sys
from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.orchestration import services
from ltv_platform.settings import load_settings
from ltv_platform_tests.alerts.receiver import OK, Answer, real_alerts, receiver
from ltv_platform_tests.alerts.test_message import KINDS
from ltv_platform_tests.testing.forked import ForkedLtv


@pytest.fixture
def ltv(tmp_path: Path) -> ForkedLtv:
    """The command line in a fresh LTV_HOME."""
    return ForkedLtv(tmp_path / "home")


def test_commands_say_that_no_webhook_is_set(ltv: ForkedLtv) -> None:
    """Nothing is sent, and the command says so."""
    test = ltv("alerts", "test")
    assert (test.code, test.out) == (2, "")
    assert test.err == (
        "Error: LTV_ALERT_WEBHOOK is not set: alerts are kept but not sent.\n"
        "Set it to the address of a Slack-compatible incoming webhook.\n"
    )
    known = ltv("alerts", "list", "--format", "json")
    assert (known.code, known.out) == (0, "[]\n")
    assert known.err == "LTV_ALERT_WEBHOOK is not set: no alerts are sent.\n"


def test_what_came_back(ltv: ForkedLtv) -> None:
    """A test message that is accepted, and one that is not."""
    with receiver(OK, Answer(404, b"no_service")) as server:
        taken = ltv("alerts", "test", alert_webhook=server.url)
        refused = ltv("alerts", "test", alert_webhook=server.url)
    assert (taken.code, taken.err) == (
        0,
        "The webhook accepted the test message; it answered 200: ok.\n",
    )
    assert refused.code == 2
    assert refused.err.startswith(
        "Error: The webhook did not accept the test message; it answered 404: no_service.\n"
    )
    assert server.received[0]["text"].startswith("*Test*: ")


def test_what_is_open(ltv: ForkedLtv) -> None:
    """Each kind with what it is about, and what waits."""
    with receiver(Answer(410, b"gone")) as server:
        alerts = real_alerts(ltv.home, server.url)
        for alert, _ in KINDS.values():
            alerts.report(alert)
        known = ltv("alerts", "list", "--format", "json", alert_webhook=server.url)
    rows = json.loads(known.out)
    assert {(row["kind"], row["key"], row["times"]) for row in rows} == {
        ("run_failed", "refresh/core", 1),
        ("check_failed", "marts.campaign_roas/spend_reconciles", 1),
        ("stale_data", "transactions", 1),
        ("stale_data", "published_snapshot", 1),
        ("retries_exhausted", "refresh", 1),
        ("file_rejected", "transactions@shop/june.csv", 1),
        ("sensor_failed", "refresh", 1),
    }
    assert known.err == "Messages waiting to be sent: 7; the webhook answered 410: gone.\n"


def test_the_address_is_not_shown(ltv: ForkedLtv) -> None:
    """`ltv doctor` shows that it is set, and nothing else."""
    doctor = ltv("doctor", alert_webhook="https://hooks.example.com/T0SECRET")
    assert "LTV_ALERT_WEBHOOK" in doctor.out
    assert "**********" in doctor.out
    for said in (doctor.out, doctor.err):
        assert "T0SECRET" not in said
        assert "hooks.example" not in said


@pytest.mark.parametrize(
    "address", ["hooks.example.com/T0SECRET", "ftp://a/T0SECRET", "https://a/T0 SECRET", "T0SECRET"]
)
def test_a_wrong_address_is_not_shown_either(address: str, ltv: ForkedLtv) -> None:
    """Neither in the message nor in the traceback that --debug shows."""
    for arguments in (("doctor",), ("alerts", "test"), ("alerts", "test", "--debug")):
        answer = ltv(*arguments, alert_webhook=address)
        assert answer.code != 0
        assert (
            "LTV_ALERT_WEBHOOK: must be http:// or https:// and a host, such as "
            "https://example.com" in answer.err
        )
        assert "SECRET" not in answer.out + answer.err


def test_settings_of_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty is unset; the address of the UI has no query and no slash at its end."""
    monkeypatch.setenv("LTV_ALERT_WEBHOOK", "")
    monkeypatch.setenv("LTV_PUBLIC_URL", "https://ltv.example.com/dagster/")
    settings = load_settings()
    assert settings.alert_webhook is None
    assert settings.public_url == "https://ltv.example.com/dagster"
    assert (settings.freshness_hours, settings.refresh_attempts) == (36.0, 5)
    monkeypatch.setenv("LTV_ALERT_WEBHOOK", "https://chat.example.com/v1?key=a&token=b")
    secret = load_settings().alert_webhook
    assert secret is not None
    assert secret.get_secret_value() == "https://chat.example.com/v1?key=a&token=b"
    for name, wrong in (
        ("LTV_PUBLIC_URL", "https://a/?b"),
        ("LTV_FRESHNESS_HOURS", "0"),
        ("LTV_FRESHNESS_HOURS", "inf"),
        ("LTV_REFRESH_ATTEMPTS", "0"),
    ):
        with monkeypatch.context() as patch, pytest.raises(UserError, match=name):
            patch.setenv(name, wrong)
            load_settings()


def _serves_nobody() -> None:
    """In the process of `ltv up`: says where links would lead, and starts nothing."""

    def shows_address(*_: object, **__: object) -> None:
        sys.stdout.write(f"{load_settings().public_url}\n")

    services.serve = shows_address


@pytest.mark.parametrize(
    ("host", "settings", "leads_to"),
    [
        ("127.0.0.1", {}, "http://127.0.0.1:40123"),
        ("0.0.0.0", {}, "http://127.0.0.1:40123"),
        ("::1", {}, "http://[::1]:40123"),
        ("0.0.0.0", {"public_url": "https://ltv.example.com"}, "https://ltv.example.com"),
    ],
)
def test_links_lead_to_where_it_is_served(
    tmp_path: Path, host: str, settings: dict[str, str], leads_to: str
) -> None:
    """docs/settings.md, LTV_PUBLIC_URL: without it, to where `ltv up` listens."""
    ltv = ForkedLtv(tmp_path / "home", prepare=_serves_nobody)
    answer = ltv("up", "--port", "40123", "--host", host, **settings)
    assert (answer.code, answer.out) == (0, f"{leads_to}\n"), answer.err
