"""The routes of pipes."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from ltv_platform.pipes.declared import all_pipes
from ltv_platform.serving.tokens import create_token
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.http import client


@pytest.fixture(scope="module")
def asking(published_sample: Home) -> Iterator[TestClient]:
    """A server on the bundled sample."""
    with client(published_sample.settings) as asking:
        yield asking


def _error(asking: TestClient, path: str) -> tuple[int, str]:
    answer = asking.get(path)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["documentation"].startswith("/docs#")
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("name", all_pipes(Settings(home="/nowhere")))
def test_every_pipe_answers_in_every_format(asking: TestClient, name: str) -> None:
    """Equal rows; types that clients know."""
    read = asking.get(f"/v0/pipes/{name}.json?limit=3").json()
    lines = asking.get(f"/v0/pipes/{name}.ndjson?limit=3").text.splitlines()
    assert [json.loads(line) for line in lines] == read["data"]
    header = asking.get(f"/v0/pipes/{name}.csv?limit=3").text.splitlines()[0]
    assert header.split(",") == [column["name"] for column in read["meta"]]
    assert asking.get(f"/v0/pipes/{name}.parquet?limit=3").content.startswith(b"PAR1")
    assert read["rows"] == len(read["data"]) == min(3, read["rows_before_limit_at_least"])
    assert read["as_of"] == "2026-11-29"


def test_get_and_post_answer_the_same(asking: TestClient) -> None:
    """Parameters in the address, in a JSON object or in a form; a list means any of its values."""
    path = "/v0/pipes/customer_ltv.json"
    asked = asking.get(f"{path}?country=US&country=DE&is_active=1&limit=2").json()
    answers = [
        asking.post(path, json={"country": ["US", "DE"], "is_active": True, "limit": 2}),
        asking.post(f"{path}?country=US", data={"country": "DE", "is_active": "1", "limit": "2"}),
        asking.post(
            f"{path}?limit=2",
            content='{"country": ["US", "DE"], "is_active": 1}',
            headers={"content-type": "application/x-www-form-urlencoded"},  # curl -d
        ),
    ]
    for answer in answers:
        assert answer.json()["data"] == asked["data"]
    assert asked["rows"] == 2
    assert asking.post(path).json()["rows"] == 100


def test_figures_are_those_of_a_query(asking: TestClient, published_sample: Home) -> None:
    """Decimals exactly, over HTTP too."""
    text = asking.get("/v0/pipes/customer_ltv.json?limit=10000&country=US").text
    data = json.loads(text, parse_float=Decimal)["data"]
    expected = published_sample.values("SELECT SUM(ltv) FROM customer_ltv WHERE country = 'US'")
    assert sum(Decimal(str(row["ltv"])) for row in data) == expected[0]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("customer_ltvs.json", 404, "There is no pipe 'customer_ltvs'. Did you mean customer_ltv"),
        ("customer_ltv.xml", 404, "customer_ltv has no format 'xml'. Formats are .json,"),
        ("customer_ltv.json?country=", 400, "country is empty; expected a text. Leave it out to"),
        ("customer_ltv.json?is_active=yes", 400, "is_active is 'yes'; expected 1 or 0."),
        ("customer_ltv.json?start=2026-01-01", 400, "has no parameter 'start'. Valid parameters"),
        ("customer_ltv.json?country=%ff", 400, "expected a text."),
        ("customer_ltv.json?q=SELECT+1+FROM+_", 501, "q= is not supported: pipes do not run SQL."),
        ("..%2f..%2fetc%2fpasswd.json", 404, "There is no"),
        (
            "customer_ltv'; DROP TABLE x.json",
            404,
            "There is no pipe 'customer_ltv'; DROP TABLE x",
        ),
    ],
)
def test_errors_say_what_is_wrong(asking: TestClient, path: str, status: int, message: str) -> None:
    """With the status that clients expect."""
    answered, error = _error(asking, f"/v0/pipes/{path}")
    assert (answered, message in error) == (status, True), error


@pytest.mark.parametrize(
    "value", ["' OR 1=1 --", "US'); DROP TABLE customers; --", "$country_0", "%", "{}", "\\"]
)
def test_values_are_never_sql(asking: TestClient, value: str) -> None:
    """A text is only compared."""
    answer = asking.get("/v0/pipes/customer_ltv.json", params={"country": value})
    assert (answer.status_code, answer.json()["rows"]) == (200, 0)


@pytest.mark.parametrize("body", [b"[1]", b'{"country": {"a": 1}}', b'{"country"', b"\xff\xfe"])
def test_bodies_that_are_not_parameters(asking: TestClient, body: bytes) -> None:
    """400, not a failure."""
    assert asking.post("/v0/pipes/customer_ltv.json", content=body).status_code == 400


@pytest.mark.parametrize("path", ["/v0/sql?q=SELECT+1", "/v0/datasources", "/v0/datasources/x/y"])
def test_what_the_server_does_not_have(asking: TestClient, path: str) -> None:
    """501 with the reason and what to use instead."""
    status, error = _error(asking, path)
    assert status == 501
    assert "`ltv query`" in error or "/v0/events" in error
    assert asking.post(path).status_code == 501


def test_the_list_of_pipes(asking: TestClient) -> None:
    """Parameters with type, default and meaning, as Tinybird's clients read them."""
    listed = asking.get("/v0/pipes").json()["pipes"]
    pipes: dict[str, Any] = {pipe["name"]: pipe for pipe in listed}
    assert list(pipes) == list(all_pipes(Settings(home="/nowhere")))
    [node] = pipes["ltv_influencing_factors"]["nodes"]
    assert [parameter["name"] for parameter in node["params"]] == [
        *("start_date", "end_date", "segment", "acquisition_source", "country", "min_customers"),
        *("limit", "offset"),
    ]
    [fewest] = [one for one in node["params"] if one["name"] == "min_customers"]
    assert (fewest["type"], fewest["default"], fewest["required"]) == ("UInt64", 10, False)
    url = pipes["customer_ltv"]["url"].removeprefix("http://127.0.0.1:8123")
    assert asking.get(url).json()["rows"] == 100
    assert asking.get("/v0/pipes/customer_ltv").json() == pipes["customer_ltv"]


def test_tokens_are_of_pipes(published_sample: Home, tmp_path: Any) -> None:
    """A token of one pipe reads no other, nor learns which exist."""
    settings = published_sample.settings.model_copy(update={"home": tmp_path})
    token = create_token(settings, "shop", ["READ:customer_ltv"])
    asking = client(settings, token=token)
    assert asking.get("/v0/pipes/ltv_by_cohort.json").status_code == 403
    assert asking.get("/v0/pipes/nothing.json").status_code == 403
    assert asking.get("/v0/pipes").status_code == 403
    # It may read this one; nothing is published here.
    answer = asking.get("/v0/pipes/customer_ltv.json")
    assert (answer.status_code, "Nothing is published" in answer.json()["error"]) == (503, True)
    assert asking.get("/v0/pipes/customer_ltv.json?limit=x").status_code == 400
