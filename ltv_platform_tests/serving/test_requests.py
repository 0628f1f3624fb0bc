"""Errors, limits, sizes and headers: what every request and answer goes through."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request

from ltv_platform.errors import BusyError, UserError
from ltv_platform.serving import bodies
from ltv_platform.settings import Settings, load_settings
from ltv_platform_tests.testing.http import client


def _raising(error: Exception) -> Callable[[FastAPI], None]:
    def add(app: FastAPI) -> None:
        @app.get("/v0/fails")
        def fails() -> None:
            raise error

    return add


def _reading(app: FastAPI) -> None:
    @app.post("/v0/other")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.post("/v0/model")
    def model(values: dict[str, int]) -> int:
        return sum(values.values())

    @app.post("/v0/ignores")
    def ignores() -> str:
        return "done"


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UserError("It is wrong.", "Fix it."), 400, "It is wrong. Fix it."),
        (BusyError("Another process works.", "Wait."), 503, "Another process works. Wait."),
    ],
)
def test_an_error_has_its_message_and_hint(
    settings: Settings, error: Exception, status: int, message: str
) -> None:
    """As on the command line."""
    answer = client(settings, prepare=_raising(error)).get("/v0/fails")
    assert answer.status_code == status
    assert answer.json() == {"error": message, "documentation": "/docs#errors"}
    assert answer.headers.get("retry-after") == (None if status == 400 else "1")


def test_a_bug_is_logged_under_a_number(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """The client learns the number, and nothing of the cause."""
    failing = client(settings, prepare=_raising(RuntimeError("the cause")))
    answer = failing.get("/v0/fails?secret=1")
    assert answer.status_code == 500
    text = answer.json()["error"]
    assert "the cause" not in text
    number = text.split("error ")[1].split()[0]
    assert f"error {number}: GET /v0/fails" in caplog.text
    assert "RuntimeError: the cause" in caplog.text
    assert "secret=1" not in caplog.text
    assert answer.headers["x-ratelimit-limit"] == "1000"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v0/nothing?token=x", 404, "There is no /v0/nothing. /docs lists the routes."),
        ("GET", f"/{'a' * 300}", 404, f"There is no /{'a' * 199}…. /docs lists the routes."),
        ("GET", "/a%0d%0ab", 404, "There is no /a%0d%0ab. /docs lists the routes."),
        ("GET", "/healthz/", 404, "There is no /healthz/. /docs lists the routes."),
        ("GET", "/static/../app.py", 404, "There is no /app.py. /docs lists the routes."),
        ("GET", "/static/..%2fapp.py", 404, "There is no /static/..%2fapp.py. /docs lists the r"),
        ("POST", "/healthz", 405, "/healthz does not accept POST, but GET."),
        ("GET", "/sign-out", 405, "/sign-out does not accept GET, but POST."),
    ],
)
def test_what_does_not_exist(
    settings: Settings, method: str, path: str, status: int, message: str
) -> None:
    """JSON too, and nothing of the query."""
    answer = client(settings).request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(message)


def test_a_request_that_is_not_valid_names_the_field(settings: Settings) -> None:
    """400 instead of FastAPI's 422, without its list of objects."""
    asking = client(settings, prepare=_reading)
    answer = asking.post("/v0/model", json={"a": "x"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The request is not valid. a: ")
    broken = asking.post("/v0/model", content="{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
    assert broken.json()["error"].startswith("The request is not valid. ")


def test_limits_count_by_token_or_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/api.md: events and other requests are counted apart, and 429 says when to try again."""
    monkeypatch.setattr(time, "time", lambda: 1_000.5)
    few = load_settings(home=settings.home, serve_event_rate=3, serve_read_rate=1)
    with client(few, prepare=_reading) as asking:
        event = '{"customer_id": "a", "registration_date": "2026-01-02"}'
        answers = [asking.post("/v0/events?name=customers", content=event) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        left = [answer.headers["x-ratelimit-remaining"] for answer in answers]
        assert left == ["2", "1", "0", "0"]
        assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}
        last = answers[-1]
        assert last.headers["retry-after"] == last.headers["x-ratelimit-reset"] == "1"
        assert last.json() == {
            "error": "Too many requests in this second. Wait as long as Retry-After says; fewer "
            "requests with more rows are faster.",
            "documentation": "/docs#limits",
        }
        assert asking.post("/v0/other", content="x").status_code == 200
        assert asking.post("/v0/other", content="x").status_code == 429
        assert asking.get("/healthz").status_code == 200
        assert "x-ratelimit-limit" not in asking.get("/healthz").headers


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("path", "most", "accepted"),
    [("/v0/events?name=customers", 10, 400), ("/v0/other", 1, 200)],
)
def test_a_body_has_a_most(
    settings: Settings, path: str, most: int, accepted: int, declared: bool
) -> None:
    """413, whether its length is declared or only found out."""
    with client(settings, prepare=_reading) as asking:
        for extra, status in ((0, accepted), (1, 413)):
            body = b"x" * ((most << 20) + extra)
            content: Any = body if declared else iter([body[:1000], body[1000:]])
            answer = asking.post(path, content=content)
            assert answer.status_code == status, answer.text
            assert answer.headers["x-ratelimit-remaining"].isdigit()
    assert answer.json() == {
        "error": f"The body has more than {most} MiB. Send it in several requests.",
        "documentation": "/docs#limits",
    }


def test_a_large_body_is_refused_by_every_route(settings: Settings) -> None:
    """Also where FastAPI reads it, which makes another error of ours, and where nobody does."""
    asking = client(settings, prepare=_reading)
    body = b" " * (bodies.MOST_OTHERS + 1)
    for path in ("/v0/model", "/v0/ignores", "/v0/nothing", "/healthz"):
        assert asking.post(path, content=body).status_code == 413, path


def test_an_address_has_a_most(settings: Settings) -> None:
    """414, with what to do instead."""
    answer = client(settings).get(f"/v0/x?a={'b' * 9000}")
    assert answer.status_code == 414
    assert answer.json()["error"] == (
        "The address has 9,007 bytes, more than 8,192. Send the parameters in the body of a POST."
    )


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/static/pages.css", "/v0/x", "/readyz"])
def test_every_answer_has_the_headers_of_security(settings: Settings, path: str) -> None:
    """Pages run no script but ours, and nobody frames them."""
    headers = client(settings).get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    cached = "no-cache" if path.startswith("/static") else "no-store"
    assert headers["cache-control"] == cached


def test_the_docs_come_from_the_openapi_and_from_here(settings: Settings) -> None:
    """Every route and every section that an error can point to; no address of another host."""
    asking = client(settings)
    page, schema = asking.get("/docs"), asking.get("/openapi.json").json()
    assert page.headers["content-type"].startswith("text/html")
    for path in schema["paths"]:
        assert f" {path}</code>" in page.text
    for section in ("tokens", "browsers", "limits", "errors", "health"):
        assert f'<h2 id="{section}">' in page.text
    assert "://" not in page.text
    assert "<script" not in page.text
    assert asking.get("/static/pages.css").status_code == 200
    assert json.dumps(schema).count("/sign-in") == 0
