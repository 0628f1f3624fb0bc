"""Requests generated from the OpenAPI document, valid and not, to a real server.

``make fuzz`` sends many more.
"""

import json
import shutil
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from ltv_platform_tests.serving.server_process import ServerProcess, server_process
from ltv_platform_tests.testing.examples import PROFILE
from ltv_platform_tests.testing.forked import SAMPLE_NOW
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="module")
def server(
    published_sample: Home, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server on a copy of the bundled sample."""
    home = tmp_path_factory.mktemp("openapi") / "home"
    shutil.copytree(published_sample.settings.home, home)
    with server_process(home, now=SAMPLE_NOW) as server:
        yield server


@pytest.fixture(scope="module")
def schema(server: ServerProcess) -> Any:
    """Its OpenAPI document."""
    return schemathesis.openapi.from_url(f"{server.address}/openapi.json")


def test_the_document_names_each_parameter_once(server: ServerProcess) -> None:
    """A parameter is identified by its name and its position."""
    with urllib.request.urlopen(f"{server.address}/openapi.json") as answer:
        document = json.load(answer)
    repeated = [
        (path, name)
        for path, methods in document["paths"].items()
        for route in methods.values()
        for name, count in Counter(
            (one["name"], one["in"]) for one in route.get("parameters", ())
        ).items()
        if count > 1
    ]
    assert repeated == []


def test_no_request_makes_the_server_fail(schema: Any, server: ServerProcess) -> None:
    """Whatever is sent: an answer of 500 is a bug."""
    failed: list[str] = []
    answered: Counter[int] = Counter()

    def ask(case: Any) -> None:
        answer = case.call()
        answered[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code != HTTPStatus.NOT_IMPLEMENTED:
            failed.append(f"{answer.status_code} {case.as_curl_command()}: {answer.text[:300]}")

    for operation in schema.get_all_operations():
        for mode in GenerationMode:
            cases = operation.ok().as_strategy(generation_mode=mode)
            with suppress(Unsatisfiable):  # a route without parameters has no invalid requests
                settings(PROFILE)(given(case=cases)(ask))()
    assert failed == []
    assert {200, 400} <= answered.keys(), "some are valid, and some are not"
    assert "Traceback" not in server.said
