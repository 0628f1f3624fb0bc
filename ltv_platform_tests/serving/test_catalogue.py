"""The routes of the catalogue."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from ltv_platform.metrics import Grain, catalogue
from ltv_platform_tests.metrics.asking import ask
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.http import client


@pytest.fixture(scope="module")
def asking(published_sample: Home) -> Iterator[TestClient]:
    """A server on the bundled sample."""
    with client(published_sample.settings) as asking:
        yield asking


def test_all_metrics_are_listed(asking: TestClient, published_sample: Home) -> None:
    """With what they mean and by what they can be asked for."""
    listed = {metric["name"]: metric for metric in asking.get("/v0/metrics").json()["metrics"]}
    assert list(listed) == list(catalogue(published_sample.settings))
    assert listed["roas_d7"]["unit"] == "ratio"
    assert listed["roas_d7"]["link"].startswith("docs/metrics.md#")
    assert list(listed["roas_d7"]["dimensions"]) == ["campaign", "country", "media_source"]
    assert listed["roas_d7"]["grains"] == ["day", "week", "month"]


def test_an_answer_is_that_of_the_catalogue(asking: TestClient, published_sample: Home) -> None:
    """Every value exactly, with its state; and what the answer rests on."""
    text = asking.get(
        "/v0/metrics/roas_d30.json?by=campaign&by=country&country=US&country=DE&grain=month"
        "&from=2026-05-01&to=2026-11-30"
    ).text
    read = json.loads(text, parse_float=Decimal)
    expected = ask(
        published_sample,
        "roas_d30",
        by=("campaign", "country"),
        where={"country": ("US", "DE")},
        grain=Grain.MONTH,
        start=date(2026, 5, 1),
        end=date(2026, 11, 30),
    )
    assert len(read["data"]) == read["rows"] == len(expected.rows) > 20
    for row, known in zip(read["data"], expected.rows, strict=True):
        cell = known.cells["roas_d30"]
        assert (row["period"], row["campaign"]) == (
            str(known.period),
            known.labels["campaign"],
        )
        assert row["state"] == cell.state
        assert row["value"] == (None if cell.value is None else Decimal(repr(cell.value)))
        assert (row["numerator"], row["denominator"]) == (cell.numerator, cell.denominator)
    assert {row["state"] for row in read["data"]} >= {"observed", "immature"}
    assert (read["as_of"], read["snapshot"]) == ("2026-11-29", expected.snapshot)
    assert read["sql"] == expected.sql
    assert read["notes"] == list(expected.notes)
    assert read["definition"].startswith("Net revenue of the first 30 days")


def test_csv(asking: TestClient) -> None:
    """The same rows."""
    path = "/v0/metrics/spend.{}?by=campaign&last=2m&grain=month"
    rows = list(csv.DictReader(io.StringIO(asking.get(path.format("csv")).text)))
    data = asking.get(path.format("json")).json()["data"]
    assert [row["campaign"] for row in rows] == [row["campaign"] for row in data]
    assert list(rows[0])[:4] == ["period", "campaign", "value", "state"]


def test_what_the_data_cannot_answer(asking: TestClient) -> None:
    """422 with the reason and the nearest that can be answered."""
    answer = asking.get("/v0/metrics/ltv.json?by=campaign")
    assert answer.status_code == 422
    error = answer.json()
    assert error["reason"].startswith("ltv has no dimension 'campaign'")
    assert "ltv_d7" in error["nearest"]
    assert error["error"] == f"{error['reason']} {error['nearest']}"
    assert asking.get("/v0/metrics/roas_d7.json?country=").status_code == 422


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("roas_d8.json", 404, "There is no metric 'roas_d8'."),
        ("roas_d7.xml", 404, "Formats are .json and .csv."),
        ("roas_d7.json?segment=x", 400, "Valid parameters are campaign, country, media_source, by"),
        ("roas_d7.json?grain=year", 400, "grain: Input should be 'day', 'week' or 'month'"),
        ("roas_d7.json?from=2026-13-01", 400, "from: "),
    ],
)
def test_errors_say_what_is_wrong(asking: TestClient, path: str, status: int, message: str) -> None:
    """And what is valid."""
    answer = asking.get(f"/v0/metrics/{path}")
    assert (answer.status_code, message in answer.json()["error"]) == (status, True), answer.text
