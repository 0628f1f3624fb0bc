"""The routes in docs/api.md, generated from the OpenAPI: ``make docs``."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ltv_platform.serving.app import build_app
from ltv_platform.serving.documentation import Route, routes_of
from ltv_platform.settings import Settings

#: Everything after it is generated.
HEADING = "## Routes\n"
_HEAD = """
Generated from the routes in `ltv_platform/serving/` by `make docs`; do not edit below this line. A
running server has the same list on `/docs` and, for programs, on `/openapi.json`. The pipes that
`/v0/pipes/NAME.FORMAT` asks are in [pipes.md](pipes.md).
"""
#: Pipes have a page of their own.
_OF_A_PIPE = re.compile(r"/v0/pipes/[a-z_]+\.\{kind\}")


def routes_section(routes: Sequence[Route]) -> str:
    """Markdown: every route with its parameters, but for those of single pipes."""
    lines = [HEADING + _HEAD]
    for route in routes:
        if not _OF_A_PIPE.fullmatch(route.path):
            lines += _route(route)
    return "\n".join(lines)


def _route(route: Route) -> Iterator[str]:
    yield f"### {route.title}\n"
    yield f"{route.description}\n"
    if route.parameters:
        yield "| parameter | in | type | meaning |"
        yield "| --- | --- | --- | --- |"
        for name, position, type_, meaning in route.parameters:
            yield f"| `{name}` | {position} | {type_} | {meaning.replace('|', chr(92) + '|')} |"
        yield ""


if __name__ == "__main__":
    page = Path(sys.argv[1])
    prose, _, _ = page.read_text("utf-8").partition(HEADING)
    # With default settings, independent of the environment.
    schema = build_app(Settings.model_construct()).openapi()
    page.write_text(prose + routes_section(routes_of(schema)), "utf-8")
