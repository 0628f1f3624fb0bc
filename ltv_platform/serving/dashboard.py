"""The pages of the dashboard: the reports, rendered for the filters of an address."""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from ltv_platform.errors import UserError
from ltv_platform.metrics import catalogue
from ltv_platform.published.current import SnapshotError, current_snapshot
from ltv_platform.reports.dashboard import pages
from ltv_platform.reports.filters import EVERYTHING, Filters
from ltv_platform.reports.metric_pages import FOLDER, INDEX
from ltv_platform.reports.pages import template_text
from ltv_platform.reports.screen_csv import table_csv
from ltv_platform.reports.shell import FIRST, Page, View, rendered, rendered_error
from ltv_platform.serving.errors import unavailable
from ltv_platform.serving.services import Services
from ltv_platform.serving.sign_in import require_page

_LOG = logging.getLogger(__name__)
#: The script asks so for the content of <main> alone.
_PART = ("x-part", "main")
#: Parameters of an address that are no filters of a page.
_OTHERS = ("table", "token")
#: Most rendered pages to keep; the greatest is about 1 MB.
_MOST_KEPT = 64
#: Seconds that a rendered page is kept: what depends on the clock (lateness) is never older.
_KEPT_SECONDS = 300.0
#: Seconds between two looks for a new snapshot, and how long after a visit its pages are rendered
#: again for each new one, so that the visitor does not wait for them.
_LOOK_EVERY, _VISITED_SECONDS = 2.0, 600.0
_MOST_READY = 8
_MOST_NEAR = 3
#: Most characters of an unknown name in a message.
_LONGEST_SHOWN = 80


def router(services: Services) -> APIRouter:
    """The routes of the pages, of their tables as CSV, and of their script."""
    routes = APIRouter(include_in_schema=False)
    named = pages(services.settings)
    shown = Shown(services, named)
    services.alongside.append(shown.keeping_ready)
    for page in named.values():
        path = "/" if page.name == FIRST else f"/{page.name}"
        for each, answer in ((path, _page), (f"/{page.name}.csv", _csv)):
            routes.add_api_route(
                each, _route(answer, shown, page), dependencies=[Depends(require_page)]
            )

    @routes.get(f"/{FOLDER}/{{name}}", dependencies=[Depends(require_page)])
    def no_metric(name: str) -> Response:
        """A metric that does not exist, with those of a similar name."""
        near = get_close_matches(name.lower(), catalogue(services.settings), n=_MOST_NEAR)
        refusal = UserError(
            f"There is no metric {name[:_LONGEST_SHOWN]!r}.",
            f"Did you mean {', '.join(near)}?" if near else "The page of any metric has the index.",
        )
        html, _ = _error(shown, named[INDEX], refusal, is_part=False)
        return HTMLResponse(html, HTTPStatus.NOT_FOUND)

    @routes.get("/page.js")
    def script() -> Response:
        """The script that swaps the content of pages."""
        return Response(template_text("page.js"), media_type="text/javascript")

    return routes


class Shown:
    """Renders pages on the current snapshot, and keeps what was rendered.

    Args:
        services: Of the server.
        known: The pages by name.
    """

    def __init__(self, services: Services, known: Mapping[str, Page]) -> None:
        self._services = services
        self._known_pages = known
        #: When pages were last asked for, by name and filters; at first, those to begin with.
        self._visited: OrderedDict[tuple[str, Filters], float] = OrderedDict()
        for name in ("campaigns", FIRST):
            self._visited[name, EVERYTHING] = time.monotonic()
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], tuple[float, str]] = OrderedDict()

    @property
    def services(self) -> Services:
        """Those of the server."""
        return self._services

    def html(self, page: Page, filters: Filters, *, is_part: bool) -> str:
        """A page for some filters.

        Raises:
            UserError: the page cannot be shown for these.
        """
        settings = self._services.settings
        try:
            if current_snapshot(settings) is None:
                return rendered(page, settings, None, is_part=is_part)
        except SnapshotError as error:
            raise unavailable(error) from error
        with self._lock:
            self._visited.pop((page.name, filters), None)
            self._visited[page.name, filters] = time.monotonic()
            while len(self._visited) > _MOST_READY:
                self._visited.popitem(last=False)
        return self._html(page, filters, is_part=is_part)

    @asynccontextmanager
    async def keeping_ready(self) -> AsyncIterator[None]:
        """Meanwhile, pages visited lately are rendered for each new snapshot."""
        task = asyncio.create_task(self._keep_ready())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_ready(self) -> None:
        pointer, seen = self._services.settings.published_path / "current", ""
        while True:
            with suppress(OSError):
                name = await asyncio.to_thread(pointer.read_text, "utf-8", "replace")
                if name != seen:
                    seen = name
                    await asyncio.to_thread(self._make_ready)
            await asyncio.sleep(_LOOK_EVERY)

    def _make_ready(self) -> None:
        oldest = time.monotonic() - _VISITED_SECONDS
        with self._lock:
            visited = [key for key, when in self._visited.items() if when > oldest]
        for name, filters in reversed(visited):
            try:
                self._html(self._known_pages[name], filters, is_part=False)
            except UserError:
                continue  # whoever asks for the page is told
            except Exception:
                _LOG.exception("the page %s could not be rendered ahead", name)

    def _html(self, page: Page, filters: Filters, *, is_part: bool) -> str:
        settings = self._services.settings
        with self._services.reading() as reading:
            key = (reading.snapshot.path.name, page.name, filters, is_part)
            if (kept := self._known(key)) is not None:
                return kept
            html = rendered(page, settings, View(page, settings, reading, filters), is_part=is_part)
        with self._lock:
            self._kept[key] = time.monotonic(), html
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return html

    def _known(self, key: tuple[Any, ...]) -> str | None:
        with self._lock:
            made, html = self._kept.get(key, (0.0, ""))
            if not html or time.monotonic() - made > _KEPT_SECONDS:
                return None
            self._kept.move_to_end(key)
            return html


def _route(
    answer: Callable[[Request, Shown, Page], Response], shown: Shown, page: Page
) -> Callable[[Request], Response]:
    def route(request: Request) -> Response:
        return answer(request, shown, page)

    return route


def _page(request: Request, shown: Shown, page: Page) -> Response:
    name, value = _PART
    is_part = request.headers.get(name) == value
    try:
        html = shown.html(page, _filters(request), is_part=is_part)
        return HTMLResponse(html, headers={"Vary": name})
    except UserError as error:
        html, status = _error(shown, page, error, is_part=is_part)
        return HTMLResponse(html, status, {"Vary": name})


def _csv(request: Request, shown: Shown, page: Page) -> Response:
    table = request.query_params.get("table", "")
    try:
        html = shown.html(page, _filters(request), is_part=True)
    except UserError as error:
        return HTMLResponse(*_error(shown, page, error, is_part=False))
    text = table_csv(html, table)
    if text is None:
        missing = UserError(f"This page has no table {table[:_LONGEST_SHOWN]!r}.", "Use its links.")
        return HTMLResponse(_error(shown, page, missing, is_part=False)[0], HTTPStatus.NOT_FOUND)
    file = f"{page.name}_{table}.csv".replace("/", "_")
    name = f'attachment; filename="{file}"'
    return PlainTextResponse(text, media_type="text/csv", headers={"Content-Disposition": name})


def _filters(request: Request) -> Filters:
    given = request.query_params
    return Filters.parse({name: given[name] for name in given if name not in _OTHERS})


def _error(shown: Shown, page: Page, error: UserError, *, is_part: bool) -> tuple[str, int]:
    settings = shown.services.settings
    html = rendered_error(settings, error.message, error.hint, depth=page.depth, is_part=is_part)
    return html, int(getattr(error, "status", HTTPStatus.BAD_REQUEST))
