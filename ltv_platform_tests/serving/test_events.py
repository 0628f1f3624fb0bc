"""``POST /v0/events``: docs/events.md."""

import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ltv_platform.errors import BusyError
from ltv_platform.events import intake, spool
from ltv_platform.events.intake import TABLES
from ltv_platform.events.spool import SpoolError
from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform.serving.tokens import create_token
from ltv_platform_tests.testing.home import CAMPAIGNS, Home
from ltv_platform_tests.testing.http import client

SALE = {"transaction_id": "t1", "transaction_date": "2026-01-10 10:00:00", "amount": 89.99}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Without data."""
    return Home(tmp_path / "home", groups=CAMPAIGNS)


@pytest.fixture
def server(home: Home) -> Iterator[TestClient]:
    """A server on it."""
    with client(home.settings) as running:
        yield running


def post(server: TestClient, query: str, body: Any, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    answer = server.post(f"/v0/events?{query}", content=content, headers=headers)
    assert answer.headers["content-type"] == "application/json"
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(
        answer.headers
    )
    return answer.status_code, answer.json()


def counts(successful: int, quarantined: int = 0) -> dict[str, int]:
    """The JSON of an answer."""
    return {"successful_rows": successful, "quarantined_rows": quarantined}


def test_rows_are_accepted(home: Home, server: TestClient) -> None:
    """202, or 200 with wait; curl's usual content type; further parameters are ignored."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    pretty = json.dumps({"customer_id": "c", "registration_date": "2026-01-10 10:00:00"}, indent=2)
    assert post(server, "name=customers", pretty, **form) == (202, counts(1))
    assert post(server, "name=transactions&wait=true", SALE) == (200, counts(1))
    query = "name=transactions&wait=false&format=ndjson&from=curl&mode=append"
    assert post(server, query, [SALE, {**SALE, "amount": "?"}]) == (202, counts(1, 1))
    packed = gzip.compress(json.dumps(SALE).encode() + b"\n" + json.dumps(SALE).encode())
    headers = {"content-encoding": "gzip"}
    assert post(server, "name=transactions", packed, **headers) == (202, counts(2))
    server.__exit__()
    assert [outcome.error for outcome in ingest_landing(home.engine)] == [None, None]
    amounts = home.engine.rows("SELECT CAST(amount AS DOUBLE) FROM raw.transactions")
    assert amounts == [(SALE["amount"],)]


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        (("", SALE, ""), 400, "parameter name is missing"),
        (("name=", SALE, ""), 400, "parameter name is missing"),
        (("name=transaction", SALE, ""), 400, "Did you mean transactions?"),
        (("name=campaigns", SALE, ""), 400, "There are: customers, transactions"),
        (("name=../../x", SALE, ""), 400, "no data source"),
        (("name=transactions", "", ""), 400, "empty"),
        (("name=transactions", '{"a":1}\n{"a":', ""), 400, "line 2, column 6"),
        (("name=transactions", b'{"a":"\xff"}', ""), 400, "line 1"),
        (("name=transactions", "x=1&y=2", ""), 400, "line 1, column 1"),
        (("name=transactions", b"1" * (11 << 20), ""), 413, "more than 10 MiB"),
        (("name=transactions", "{}", "br"), 400, "'br' is not supported"),
        (("name=transactions", "{}", "gzip"), 400, "not gzip"),
        (("name=transactions", gzip.compress(bytes(50 << 20)), "gzip"), 413, "after decompression"),
    ],
)
def test_errors_say_what_to_do(
    home: Home, server: TestClient, sent: tuple[str, Any, str], status: int, says: str
) -> None:
    """Nothing of a refused body is stored."""
    query, body, encoding = sent
    headers = {"content-encoding": encoding} if encoding else {}
    seen, answer = post(server, query, body, **headers)
    assert seen == status, answer
    assert says in answer["error"]
    assert answer["documentation"].startswith("/docs#")
    assert not list(home.settings.spool_path.glob("*/*"))


def test_only_post(server: TestClient) -> None:
    """405 names the method."""
    answer = server.get("/v0/events?name=transactions")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        (["ADMIN"], 202),
        (["APPEND:transactions"], 202),
        (["APPEND:*"], 202),
        (["APPEND:customers"], 403),
        (["READ:transactions"], 403),
    ],
)
def test_tokens_need_the_scope(home: Home, scopes: list[str], status: int) -> None:
    """As a header or a parameter; without one it is 403."""
    token = create_token(home.settings, "shop", scopes)
    with client(home.settings) as server:
        for query, headers in (
            (f"name=transactions&token={token}", {}),
            ("name=transactions", {"Authorization": f"Bearer {token}"}),
        ):
            assert post(server, query, SALE, **headers)[0] == status
        assert post(server, "name=transactions", SALE)[0] == 403


def test_a_full_spool_is_503(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Retry-After; the server is not ready then."""
    with client(home.settings) as server:
        monkeypatch.setattr(spool, "_MEGABYTE", 0)
        assert post(server, "name=transactions", SALE)[0] == 202
        answer = server.post("/v0/events?name=transactions", json=SALE)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        with pytest.raises(SpoolError, match="wait to be loaded"):
            server.app.state.services.ready["events"]()  # type: ignore[attr-defined]


def test_large_bodies_at_once_are_limited(
    server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: further ones wait outside."""
    monkeypatch.setattr(intake, "MOST_HELD", 1 << 20)
    body = b"\n".join([json.dumps(SALE).encode()] * 20_000)
    answer = server.post("/v0/events?name=transactions", content=body)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert post(server, "name=transactions", SALE) == (202, counts(1))


def test_many_clients_at_once(home: Home, server: TestClient) -> None:
    """Each gets the answer to its own rows, and every row is stored once."""
    answers: list[tuple[int, Any]] = []

    def send(number: int) -> None:
        rows = [{**SALE, "transaction_id": f"{number}-{row}"} for row in range(number)]
        answers.append(post(server, "name=transactions&wait=true", rows))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["successful_rows"] for _, answer in answers) == list(range(1, 20))
    server.__exit__()
    ingest_landing(home.engine)
    assert home.engine.rows("SELECT COUNT(*) FROM raw.transactions") == [(190,)]


def test_a_second_server_does_not_start(
    home: Home, server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two would write to the same segments."""
    monkeypatch.setattr(spool, "_OTHERS_TAKE", 0.1)
    assert post(server, "name=transactions", SALE)[0] == 202
    with pytest.raises(BusyError, match="receives events"), client(home.settings):
        pass


def test_the_openapi_describes_it(server: TestClient) -> None:
    """With the names of the tables; the page /docs shows it."""
    described = server.get("/openapi.json").json()["paths"]["/v0/events"]["post"]
    names = next(one for one in described["parameters"] if one["name"] == "name")
    assert tuple(names["schema"]["enum"]) == TABLES
    assert "post-v0-events" in server.get("/docs").text
