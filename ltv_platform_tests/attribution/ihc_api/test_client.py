"""The HTTP client: what is retried and what is not, how long it waits, what it reveals."""

import gzip
import itertools
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from ltv_platform.attribution.ihc_api.client import IhcClient, RequestError, RequestTooLargeError
from ltv_platform.attribution.ihc_api.simulator import FAULTS, Faults
from ltv_platform.errors import UserError
from ltv_platform.settings import Settings, load_settings
from ltv_platform_tests.attribution.ihc_api.api_homes import (
    DRIP,
    IMPATIENT,
    KEY,
    Answer,
    api_settings,
    scripted,
    simulator,
)
from ltv_platform_tests.testing import NOW

GOOD = {"statusCode": 200, "value": [], "partialFailureErrors": []}
BODY = {
    "customer_journeys": [
        {
            "conversion_id": "v1",
            "session_id": "s1",
            "timestamp": "2025-12-01 10:00:00",
            "channel_label": "Ads",
            "holder_engagement": 1,
            "closer_engagement": 0,
            "conversion": 1,
            "impression_interaction": 0,
        }
    ]
}


class Waits(list[float]):
    """Replaces sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client(url: str, waits: Waits, **settings: Any) -> IhcClient:
    """A client that draws the longest wait and does not wait."""
    given = {**api_settings(url), "ihc_backoff": 0.5, "now": NOW, **settings}
    return IhcClient(Settings(**given), sleep=waits, uniform=lambda _, most: most)


def test_a_request_is_what_the_api_documents() -> None:
    """attribution.md, section 4: address, query, headers, body."""
    with scripted(GOOD) as server:
        assert client(server.url + "/", Waits()).compute(BODY) == GOOD
    assert server.paths == ["/v1/compute_ihc?conv_type_id=shop"]
    assert server.received == [BODY]
    [headers] = server.headers
    assert (headers["x-api-key"], headers["content-type"]) == (KEY, "application/json")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    """The wait doubles up to the sixth try, then the request has failed."""
    waits = Waits()
    with scripted(status, status, GOOD) as server:
        client(server.url, waits).compute(BODY)
    assert waits == [0.5, 1.0]
    waits.clear()
    with scripted(status) as server, pytest.raises(RequestError, match=rf"{status}.*\(6 tries\)"):
        client(server.url, waits).compute(BODY)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert len(server.received) == 6


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 406, 422])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    """A redirect is not followed either: the key is for one address."""
    waits = Waits()
    answer = (status, {"Location": "http://127.0.0.1:9/elsewhere"}, b'{"message": "no"}')
    with scripted(answer) as server, pytest.raises(RequestError, match=f"{status}: no") as failed:
        client(server.url, waits).compute(BODY)
    assert (len(server.received), waits) == (1, [])
    assert failed.value.refused == (status == 400)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_for_the_user_to_fix(status: int) -> None:
    """One clear error, nothing retried; the same if only the body says so."""
    for answer in (status, {"statusCode": status}):
        with scripted(answer) as server, pytest.raises(UserError, match="rejects the key") as no:
            client(server.url, Waits()).compute(BODY)
        assert len(server.received) == 1
        assert "IHC_API_KEY" in no.value.hint


def test_too_large_is_an_error_of_its_own() -> None:
    """413: the caller halves the batch."""
    with scripted(413) as server, pytest.raises(RequestTooLargeError):
        client(server.url, Waits()).compute(BODY)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("given", "waited"),
    [
        ("7", 7.0),
        ("0", 0.5),
        ("3600", 60.0),
        (format_datetime(NOW + timedelta(seconds=20), usegmt=True), 20.0),
        (format_datetime(NOW - timedelta(seconds=20), usegmt=True), 0.5),
        (format_datetime(datetime(2199, 1, 1, tzinfo=UTC), usegmt=True), 60.0),
        ("soon", 0.5),
        ("-3", 0.5),
        ("", 0.5),
    ],
)
def test_retry_after_is_a_floor(given: str, waited: float) -> None:
    """Seconds or a date; never more than 60 s."""
    waits = Waits()
    with scripted((429, {"Retry-After": given}, b"{}"), GOOD) as server:
        client(server.url, waits).compute(BODY)
    assert waits == [waited]


def test_no_wait_is_longer_than_a_minute() -> None:
    """U(0, min(60, .5 · 2^n))."""
    waits = Waits()
    with scripted(500) as server, pytest.raises(RequestError):
        client(server.url, waits, ihc_backoff=10).compute(BODY)
    assert waits == [10.0, 20.0, 40.0, 60.0, 60.0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {"Content-Type": "text/html"}, b"<html>Hello</html>"), "HTML page"),
        ((200, {}, b"<!doctype html>"), "HTML page"),
        ((200, {}, b'{"value": ['), "not JSON"),
        ((200, {}, b"[" * 100_000), "not JSON"),
        ((200, {}, b"\xff\xfe\x00"), "not JSON"),
        ((200, {}, b""), "not JSON"),
        ((200, {}, b"[]"), "not an object"),
        ((200, {}, b'{"statusCode": 200}'), "no list 'value'"),
        ((200, {}, b'{"value": [], "partialFailureErrors": "all"}'), "no list 'partial"),
        ((200, {"Content-Length": "500"}, b'{"value"'), "was cut off"),
        ((200, {"Content-Encoding": "gzip"}, b"no gzip"), "cannot be decompressed"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(100 << 20))), "longer than 32"),
        ((200, {}, b" " * (33 << 20)), "longer than 32 MiB"),
        ((200, {}, b'{"statusCode": 503, "message": "busy"}'), "503: busy"),
    ],
)
def test_an_answer_that_is_none_is_asked_for_again(
    answer: tuple[int, dict[str, str], bytes], said: str
) -> None:
    """HTML, broken or truncated JSON, another shape, 5xx in the body."""
    waits = Waits()
    with scripted(answer, GOOD) as server:
        assert client(server.url, waits).compute(BODY) == GOOD
    assert waits == [0.5]
    with scripted(answer) as server, pytest.raises(RequestError, match=said):
        client(server.url, Waits()).compute(BODY)


def test_an_answer_that_drips_is_not_waited_for() -> None:
    """LTV_IHC_TIMEOUT limits the whole answer, not each piece."""
    began = time.monotonic()
    with (
        scripted((200, {DRIP: "0.05"}, b" " * 10_000)) as server,
        pytest.raises(RequestError, match=r"no complete answer in time \(LTV_IHC_TIMEOUT\)"),
    ):
        client(server.url, Waits(), ihc_timeout=0.2).compute(BODY)
    assert time.monotonic() - began < 10


def test_a_refused_connection_is_retried() -> None:
    """A refused connection is retried, and said with its cause."""
    with scripted(GOOD) as server:
        gone = server.url
    waits = Waits()
    with pytest.raises(RequestError, match=r"no connection: .*Connection refused"):
        client(gone, waits).compute(BODY)
    assert len(waits) == 5


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind != "partial"])
def test_every_fault_of_the_simulator_passes(kind: str) -> None:
    """Each is seen once, retried, and the scores come."""

    class Once(Faults):
        def draw(self, journeys: int) -> str | None:
            return next(self.left, None)

        left = iter([kind])

    with simulator(faults=Once()) as api:
        answer = client(api.url, Waits(), **IMPATIENT).compute(BODY)
        assert api.ledger.counts()["faults"] == {kind: 1}
    assert [row["ihc"] for row in answer["value"]] == [1.0]


def test_the_key_is_in_nothing_that_is_said() -> None:
    """A server repeats it, plain, escaped and cut; a library would quote it."""
    plain: Answer = (400, {}, f'{{"message": "{"x" * 260} {KEY} or so"}}'.encode())
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    coded: Answer = (
        400,
        {},
        b'{"message": "' + escaped.encode() + b' and kEy%2Bof%2Fthe%3Dtests~42"}',
    )
    for answer in (plain, coded):
        with scripted(answer) as server, pytest.raises(RequestError) as failed:
            client(server.url, Waits()).compute(BODY)
        assert "kEy" not in str(failed.value)
        assert "(IHC_API_KEY)" in str(failed.value)
        chain = itertools.takewhile(bool, _causes(failed.value))
        assert all(KEY not in repr(error) for error in chain)
    assert KEY not in repr(client("http://127.0.0.1:9", Waits()))


def _causes(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "clé", "   "])
def test_a_key_that_no_header_can_carry(key: str) -> None:
    """The library's own error would quote it."""
    with pytest.raises(UserError, match="an HTTP header cannot contain") as wrong:
        client("http://127.0.0.1:9", Waits(), ihc_api_key=key)
    assert key.strip() == "" or key not in str(wrong.value)


def test_a_conversion_type_is_needed() -> None:
    """Without it, the API would refuse every request."""
    with pytest.raises(UserError, match="LTV_IHC_CONVERSION_TYPE is not set"):
        client("http://127.0.0.1:9", Waits(), ihc_conversion_type="")


def test_waits_are_drawn() -> None:
    """Full jitter: from zero to the whole wait, so that clients do not return together."""
    drawn: list[tuple[float, float]] = []

    def uniform(least: float, most: float) -> float:
        drawn.append((least, most))
        return most / 4

    waits = Waits()
    settings = load_settings(**api_settings("http://127.0.0.1:9", ihc_backoff="0.5"))
    with pytest.raises(RequestError):
        IhcClient(settings, waits, uniform).compute(BODY)
    assert drawn[:5] == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0), (0.0, 4.0), (0.0, 8.0)]
    assert waits == [0.125, 0.25, 0.5, 1.0, 2.0]
