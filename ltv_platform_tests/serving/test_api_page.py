"""docs/api.md has the routes of the server."""

import re

from ltv_platform.serving.api_page import HEADING, routes_section
from ltv_platform.serving.app import build_app
from ltv_platform.serving.documentation import Route, routes_of
from ltv_platform.settings import Settings
from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.http import client


def test_the_page_is_up_to_date() -> None:
    """What `make docs` would write."""
    routes = routes_of(build_app(Settings.model_construct()).openapi())
    _, _, generated = (ROOT / "docs" / "api.md").read_text("utf-8").partition(HEADING)
    assert HEADING + generated == routes_section(routes)


def test_errors_point_to_sections_of_the_docs(settings: Settings) -> None:
    """The `documentation` of an error is a link that leads somewhere."""
    page = client(settings).get("/docs").text
    code = "".join(path.read_text("utf-8") for path in (ROOT / "ltv_platform").rglob("*.py"))
    sections = set(re.findall(r"/docs#([\w-]+)", code))
    assert {"tokens", "errors", "limits", "browsers", "health", "post-v0-events"} <= sections
    assert {one for one in sections if f'id="{one}"' not in page} == set()


def test_methods_that_do_the_same_are_one_route() -> None:
    """A pipe takes its parameters by GET and by POST."""
    days = {"name": "from", "in": "query", "schema": {"type": "string", "format": "date"}}
    same = {"description": "Figures. By day.", "parameters": [days]}
    other = {"summary": "Send", "parameters": [{"name": "a|b", "in": "query"}]}
    schema = {"paths": {"/v0/pipes/{name}": {"get": same, "post": same}, "/x": {"post": other}}}
    first, second = routes_of(schema)
    assert first == Route(
        ("GET", "POST"), "/v0/pipes/{name}", "Figures. By day.", (("from", "query", "date", ""),)
    )
    assert (first.anchor, first.summary) == ("get-v0-pipes-name", "Figures.")
    assert (second.title, second.summary) == ("POST /x", "Send.")
    assert "| `from` | query | date |  |" in routes_section([first, second])


def test_types_are_words() -> None:
    """Of choices, of lists and of what may be missing."""
    of = {
        "a": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "b": {"enum": ["day", "week"]},
        "c": {"type": "array", "items": {"type": "string"}},
        "d": {},
    }
    parameters = [{"name": name, "in": "query", "schema": one} for name, one in of.items()]
    [route] = routes_of({"paths": {"/x": {"get": {"summary": "X.", "parameters": parameters}}}})
    assert [type_ for _, _, type_, _ in route.parameters] == [
        "integer",
        "day, week",
        "list of string",
        "text",
    ]
