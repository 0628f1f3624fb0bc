"""The page /docs: how to use the API, and its routes from the OpenAPI.

No script, and nothing from another host.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from ltv_platform.serving.bodies import MOST_EVENTS, MOST_OTHERS
from ltv_platform.serving.pages import render


@dataclass(frozen=True)
class Route:
    """A route as the OpenAPI describes it.

    Attributes:
        method: In capitals.
        path: With its parameters in braces.
        summary: One sentence.
        description: All that its docstring says.
        parameters: Name, position, type and meaning of each.
    """

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[tuple[str, str, str, str], ...]

    @property
    def anchor(self) -> str:
        """Its section on the page."""
        words = "".join(c if c.isalnum() else " " for c in self.path).split()
        return "-".join((self.method.lower(), *words))


def routes_of(schema: Mapping[str, Any]) -> Iterator[Route]:
    """The routes of an OpenAPI document, in its order."""
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            text = " ".join(route.get("description", route.get("summary", "")).split())
            first, _, _ = text.partition(". ")
            parameters = tuple(
                (one["name"], one["in"], _type(one.get("schema", {})), one.get("description", ""))
                for one in route.get("parameters", ())
            )
            yield Route(method.upper(), path, first.rstrip(".") + ".", text, parameters)


def _type(schema: Mapping[str, Any]) -> str:
    options = [_type(one) for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if options:
        return " or ".join(options)
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    return str(schema.get("format") or schema.get("type") or "text")


def router(app: FastAPI) -> APIRouter:
    """The routes of the page."""
    routes = APIRouter(include_in_schema=False)

    @cache
    def page() -> str:
        return render(
            "docs.html.j2",
            version=app.version,
            routes=list(routes_of(app.openapi())),
            most_events=MOST_EVENTS >> 20,
            most_others=MOST_OTHERS >> 20,
        )

    @routes.get("/docs")
    def docs() -> HTMLResponse:
        """How to use the API."""
        return HTMLResponse(page())

    return routes
