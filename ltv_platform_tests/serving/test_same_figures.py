"""API, page, command line and agents say the same figures, for random questions to every metric.

None of them computes anything: they ask the catalogue. A test that compares them finds what is lost
or rounded on the way, and filters that one of them reads otherwise.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from ltv_platform.agents.tools import call
from ltv_platform.cli import app
from ltv_platform.metrics import CannotAnswer, Grain, Metric, catalogue, dimension_values
from ltv_platform.published.live import LiveSnapshot
from ltv_platform.serving.app import build_app
from ltv_platform_tests.testing.home import Home

#: Questions per metric; with some 120 metrics, several hundred in all.
_EACH = 2
_DATA = re.compile(r'<data value="([^"]*)" data-metric="([^"]*)" data-state="([^"]*)"')
#: As any of the four says it: value and state, or the reason of a refusal.
Figures = Counter[tuple[float | None, str]] | str


@dataclass(frozen=True)
class Asked:
    """A question, in words that all four share."""

    metric: Metric
    by: tuple[str, ...] = ()
    where: dict[str, str] = field(default_factory=dict)
    grain: str = ""
    start: str = ""

    def __str__(self) -> str:
        return f"{self.metric.name} {self.by} {self.where} {self.grain} {self.start}"


@dataclass(frozen=True)
class Surfaces:
    """The bundled sample behind all four."""

    home: Home
    live: LiveSnapshot
    client: TestClient


@pytest.fixture(scope="module")
def surfaces(published_sample: Home) -> Iterator[Surfaces]:
    """A server on the sample, and a snapshot kept open."""
    live = LiveSnapshot(published_sample.settings)
    application = build_app(published_sample.settings)
    with TestClient(application, base_url="http://127.0.0.1") as client:
        yield Surfaces(published_sample, live, client)
    live.close()


def _questions(surfaces: Surfaces, metric: Metric, seed: int) -> Iterator[Asked]:
    """Random questions to a metric; the same ones in each run."""
    draw = random.Random(f"{metric.name} {seed}")
    dimensions = list(metric.dimensions)
    key = dimensions[:1] if not metric.additive else []
    for _ in range(_EACH):
        by = tuple(dict.fromkeys([*key, *draw.sample(dimensions, min(len(dimensions), 1))]))
        where = {}
        others = [name for name in dimensions if name not in by]
        if others and draw.random() < 0.7:
            [name] = draw.sample(others, 1)
            with surfaces.live.reading() as reading:
                known = dimension_values(surfaces.home.settings, reading, metric, name)
            where[name] = draw.choice(known)
        grain = draw.choice(["", *metric.relation.grains]) if metric.relation.dated_by else ""
        start = draw.choice(["", "2026-03-02", "2026-10-05"]) if metric.relation.dated_by else ""
        if grain == Grain.DAY:  # agents get at most a hundred rows
            start = "2026-11-20"
        yield Asked(metric, by, where, grain, start)


def _figures(rows: list[Any]) -> Figures:
    return Counter((None if value is None else float(value), state) for value, state in rows)


def _by_api(surfaces: Surfaces, asked: Asked) -> Figures:
    address = urlencode({**_common(asked), "by": ",".join(asked.by)})
    answer = surfaces.client.get(f"/v0/metrics/{asked.metric.name}.json?{address}")
    if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return str(answer.json()["reason"])
    assert answer.status_code == HTTPStatus.OK, answer.text
    return _figures([(row["value"], row["state"]) for row in answer.json()["data"]])


def _common(asked: Asked) -> dict[str, str]:
    optional = {"grain": asked.grain, "from": asked.start}
    return {**asked.where, **{name: value for name, value in optional.items() if value}}


def _by_page(surfaces: Surfaces, asked: Asked) -> Figures:
    by = ",".join(asked.by) or "nothing"
    page = surfaces.client.get(
        f"/metrics/{asked.metric.name}?{urlencode({**_common(asked), 'by': by})}"
    )
    assert page.status_code == HTTPStatus.OK, page.text
    _, table, rest = page.text.partition('<table id="value-table"')
    if not table:
        refused = re.search(r'<h2 id="refused">(.*?)</h2>', page.text)
        return unescape(refused[1]) if refused else Counter()
    shown = _DATA.findall(rest.partition("</table>")[0])
    assert {metric for _, metric, _ in shown} <= {asked.metric.name}
    return _figures([(value or None, state) for value, _, state in shown])


def _by_agent(surfaces: Surfaces, asked: Asked) -> Figures:
    given = {
        "metric": asked.metric.name,
        "by": list(asked.by),
        "limit": 500,
        "where": {name: [value] for name, value in asked.where.items()},
        **{
            name: value for name, value in (("grain", asked.grain), ("start", asked.start)) if value
        },
    }
    called = call(surfaces.home.settings, surfaces.live, "query_metric", given)
    if called.result is None:
        return called.reason
    rows = called.result.model_dump(mode="json")["rows"]
    return _figures([(value["value"], value["state"]) for row in rows for value in row["values"]])


def _by_command(surfaces: Surfaces, asked: Asked) -> Figures:
    words = ["metric", "query", asked.metric.name, "--format", "json"]
    words += [part for name in asked.by for part in ("--by", name)]
    words += [p for name, value in asked.where.items() for p in ("--where", f"{name}={value}")]
    words += ["--grain", asked.grain] if asked.grain else []
    words += ["--from", asked.start] if asked.start else []
    ran = CliRunner().invoke(app, words, env={"LTV_HOME": str(surfaces.home.settings.home)})
    if isinstance(ran.exception, CannotAnswer):
        return ran.exception.reason
    assert ran.exception is None, ran.exception
    return _figures([(row[asked.metric.name], row["state"]) for row in json.loads(ran.stdout)])


@pytest.mark.slow(60)
def test_all_four_say_the_same(surfaces: Surfaces) -> None:
    """Values to the last digit, their states, and the reasons of refusals."""
    asked = [
        question
        for metric in catalogue(surfaces.home.settings).values()
        for question in _questions(surfaces, metric, seed=14)
    ]
    assert len(asked) >= 200
    answered = 0
    for question in asked:
        by_api = _by_api(surfaces, question)
        answered += isinstance(by_api, Counter)
        assert _by_command(surfaces, question) == by_api, question
        # An agent is told which days have rows; others see a table without any.
        by_agent = _by_agent(surfaces, question)
        assert by_agent == by_api or (not by_api and isinstance(by_agent, str)), question
        assert _by_page(surfaces, question) == by_api, question
    assert answered > len(asked) / 2
