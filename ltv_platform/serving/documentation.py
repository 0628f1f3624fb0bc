"""The page /docs: how to use the API, and its routes from the OpenAPI.

No script, and nothing from another host.
"""

import re
from collections.abc import Mapping
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
        methods: In capitals; several if they do the same.
        path: With its parameters in braces.
        description: All that its docstring says.
        parameters: Name, position, type and meaning of each.
    """

    methods: tuple[str, ...]
    path: str
    description: str
    parameters: tuple[tuple[str, str, str, str], ...]

    @property
    def title(self) -> str:
        """As in ``GET, POST /v0/pipes/{name}``."""
        return f"{', '.join(self.methods)} {self.path}"

    @property
    def summary(self) -> str:
        """Its first sentence."""
        return self.description.partition(". ")[0].rstrip(".") + "."

    @property
    def anchor(self) -> str:
        """Its section on the page, as in ``post-v0-events``."""
        words = re.findall(r"[a-z0-9]+", self.path.lower())
        return "-".join((self.methods[0].lower(), *words))


def routes_of(schema: Mapping[str, Any]) -> list[Route]:
    """The routes of an OpenAPI document, in its order."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            text = " ".join(route.get("description", route.get("summary", "")).split())
            parameters = tuple(
                (one["name"], one["in"], _type(one.get("schema", {})), one.get("description", ""))
                for one in route.get("parameters", ())
            )
            found.setdefault((path, text, parameters), []).append(method.upper())
    return [Route(tuple(methods), *route) for route, methods in found.items()]


def _type(schema: Mapping[str, Any]) -> str:
    options = [_type(one) for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if options:
        return " or ".join(options)
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
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
            routes=routes_of(app.openapi()),
            most_events=MOST_EVENTS >> 20,
            most_others=MOST_OTHERS >> 20,
        )

    @routes.get("/docs")
    def docs() -> HTMLResponse:
        """How to use the API."""
        return HTMLResponse(page())

    return routes
