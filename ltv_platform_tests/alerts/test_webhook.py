"""A single delivery: what is retried, what is not, and how much of the address is revealed."""

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ltv_platform.alerts.webhook import Webhook
from ltv_platform_tests.alerts.receiver import OK, SECRET, Answer, Waits, receiver, webhook

BODY = {"text": "Grüße", "blocks": []}


def test_a_message_is_what_slack_takes() -> None:
    """A POST of JSON in UTF-8, to the address as it is."""
    with receiver() as server:
        answer = webhook(server.url).send(BODY)
    assert (answer.delivered, answer.text) == (True, "200: ok")
    assert server.received == [BODY]
    assert server.requests == [("POST", SECRET, "application/json; charset=utf-8")]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    """Three tries, with waits that double; then it has failed for now."""
    waits = Waits()
    with receiver(Answer(status, b"later"), OK) as server:
        assert webhook(server.url, waits).send(BODY).delivered
    assert waits == [0.5]
    waits.clear()
    with receiver(Answer(status, b"later")) as server:
        answer = webhook(server.url, waits).send(BODY)
    assert (answer.delivered, answer.text, waits) == (False, f"{status}: later", [0.5, 1.0])
    assert len(server.received) == 3


@pytest.mark.parametrize(
    ("status", "refused"),
    [(400, True), (401, False), (403, False), (404, False), (410, False), (413, True)],
)
def test_what_will_not_pass_is_not_tried_again(status: int, refused: bool) -> None:
    """A webhook that was revoked, or a message that it cannot read."""
    waits = Waits()
    with receiver(Answer(status, b"no_service")) as server:
        answer = webhook(server.url, waits).send(BODY)
    assert (answer.delivered, answer.refused, waits) == (False, refused, [])
    assert answer.text == f"{status}: no_service"
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """The address is a secret, and a POST would arrive as a GET."""
    with receiver() as other, receiver(Answer(status, headers={"Location": other.url})) as server:
        answer = webhook(server.url).send(BODY)
    assert not answer.delivered
    assert answer.text == f"{status}: it redirects to another address, which is not followed"
    assert (len(server.requests), other.requests) == (1, [])


def test_retry_after_is_obeyed_within_the_budget() -> None:
    """Seconds or a date; a longer wait is left to the outbox."""
    waits = Waits()
    with receiver(Answer(429, headers={"Retry-After": "7"}), OK) as server:
        assert webhook(server.url, waits).send(BODY).delivered
    assert waits == [7.0]
    waits.clear()
    with receiver(Answer(429, headers={"Retry-After": "3600"})) as server:
        answer = webhook(server.url, waits).send(BODY)
    assert (answer.delivered, answer.retry_after, waits) == (False, 3_600.0, [])
    assert len(server.received) == 1
    then = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    with receiver(Answer(503, headers={"Retry-After": then})) as server:
        answer = webhook(server.url, waits).send(BODY)
    assert 7_100 < answer.retry_after <= 7_200


def test_a_receiver_that_does_not_answer_is_not_waited_for() -> None:
    """Neither for the answer, nor for a body that drips."""
    started = time.monotonic()
    with receiver(Answer(stall=True)) as server:
        answer = webhook(server.url, read=0.2).send(BODY)
        assert (answer.delivered, answer.text) == (False, "no answer in time (0.2 s)")
        assert len(server.received) == 3
    with receiver(Answer(403, b"x" * 1_000, drip=0.1)) as server:
        answer = webhook(server.url, read=0.3).send(BODY)
        assert answer.text.startswith("403: x")
        assert len(answer.text) < 20
    assert time.monotonic() - started < 10


def test_a_missing_server_is_tried_three_times() -> None:
    """Refused, or a name that does not exist: in plain words, tried three times."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits = Waits()
    answer = webhook(f"http://127.0.0.1:{port}{SECRET}", waits).send(BODY)
    assert not answer.delivered
    assert answer.text.startswith("no connection: ")
    assert "refused" in answer.text.lower()
    assert len(waits) == 2


@pytest.mark.parametrize("host", ["a..b", "*a", "[::1]x", "a%zz"])
def test_a_host_that_is_none_is_an_answer_too(host: str) -> None:
    """What no setting can be refused for: in plain words, and without the rest of the address."""
    answer = webhook(f"http://{host}{SECRET}").send(BODY)
    assert not answer.delivered
    assert answer.text
    assert "secret" not in answer.text.lower()


@pytest.mark.parametrize(
    "secret",
    ["/services/T0SECRET/B0SECRET/x+y=z~secret", "x+y=z~secret", "B0SECRET", "x%2By%3Dz~secret"],
)
def test_the_address_is_let_out_of_nothing(secret: str) -> None:
    """Anything in the answer that repeats it, as it is or URL-encoded."""
    said = f"no hook at {secret}\r\n\x1b[31m".encode()
    with receiver(Answer(404, said)) as server:
        sender = webhook(server.url)
        answer = sender.send(BODY)
    assert "SECRET" not in answer.text
    assert "secret" not in answer.text
    assert repr(sender) == "Webhook(127.0.0.1)"


def test_user_and_password_and_query_are_secrets_too() -> None:
    """As some receivers have them."""
    with receiver(Answer(404, b"username passw0rd t0ken-of-chat")) as server:
        url = f"http://username:passw0rd@127.0.0.1:{server.server_port}/hook?token=t0ken-of-chat"
        answer = webhook(url).send(BODY)
    assert answer.text == "404: " + " ".join(["(LTV_ALERT_WEBHOOK)"] * 3)
    assert server.requests[0][1] == "/hook?token=t0ken-of-chat"
    assert Webhook(url).host == "127.0.0.1"
