"""``POST /v0/events``: events in, as Tinybird's clients send them.

It is answered before the routing of FastAPI, which takes as long as storing a row; FastAPI only
describes it.
"""

from collections.abc import Callable
from difflib import get_close_matches
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from ltv_platform.errors import UserError
from ltv_platform.events.bodies import TooLargeError
from ltv_platform.events.intake import TABLES
from ltv_platform.events.spool import SpoolError
from ltv_platform.serving.access import require
from ltv_platform.serving.errors import RefusedError, refusal
from ltv_platform.serving.services import Services

_PATH = "/v0/events"
_SECTION = "/docs#post-v0-events"
_TRUE = frozenset({"1", "true"})


class Rows(BaseModel):
    """What became of the rows of a request."""

    successful_rows: int
    quarantined_rows: int


def router() -> APIRouter:
    """The description of the route for events."""
    routes = APIRouter()

    @routes.post(
        _PATH,
        responses={HTTPStatus.OK.value: {"model": Rows}},
        status_code=HTTPStatus.ACCEPTED,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            }
        },
    )
    def post_events(
        name: Annotated[Literal[TABLES], Query(description="The source table.")],  # type: ignore[valid-type]
        wait: Annotated[
            bool, Query(description="Answer 200 when the rows survive a power cut, too.")
        ] = False,
    ) -> Rows:
        """Store events: one JSON object, one per line, or an array of objects; also gzip.

        Rows that break the contract go to quarantine, and the others count. All rows of a request
        answered with 200 or 202 are on disk.
        """
        raise AssertionError("the middleware Events answers before the routes")

    return routes


class Events:
    """Middleware, the innermost: answers requests with events.

    Args:
        app: Answers all others.
        services: Tokens, and what takes the events in.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with events, or pass another one on."""
        if scope["type"] != "http" or scope["path"] != _PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["route"] = self
        try:
            await self._take(scope, receive, send)
        except RefusedError as error:
            await refusal(error)(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Store the rows of a request, and say how many keep the contract."""
        table, wait = _parameters(scope["query_string"])
        _check(Request(scope), table)
        compressed = _is_compressed(scope)
        try:
            with self._services.intake.holding() as hold:
                body = await _body(receive, hold)
                taken = await self._services.intake.take(
                    table, body, compressed=compressed, wait=wait
                )
        except ClientDisconnect:
            return
        except UserError as error:
            raise _refusal(error) from error
        self._services.metrics.count_rows(table, taken.successful, taken.quarantined)
        counts = {"successful_rows": taken.successful, "quarantined_rows": taken.quarantined}
        await _answer(send, HTTPStatus.OK if wait else HTTPStatus.ACCEPTED, counts)

    @property
    def path(self) -> str:
        """The route's name in metrics."""
        return _PATH


@lru_cache(maxsize=64)
def _parameters(query_string: bytes) -> tuple[str, bool]:
    """The source table that a query names, and whether to wait for the disk."""
    query = parse_qs(query_string.decode("latin-1"), keep_blank_values=True)
    return query.get("name", [""])[-1], query.get("wait", [""])[-1].lower() in _TRUE


def _check(request: Request, table: str) -> None:
    """Check that a source table takes events, and that a request may send some.

    Raises:
        RefusedError: there is no such table, or the token may not append to it.
    """
    require(request, f"APPEND:{table}")
    if table in TABLES:
        return
    near = get_close_matches(table, TABLES, n=1)
    raise RefusedError(
        HTTPStatus.BAD_REQUEST,
        f"There is no data source {table[:60]!r}." if table else "The parameter name is missing.",
        (f"Did you mean {near[0]}? " if near else "") + f"There are: {', '.join(TABLES)}.",
        documentation=_SECTION,
    )


def _is_compressed(scope: Scope) -> bool:
    """Whether the body is gzip.

    Raises:
        RefusedError: it is compressed otherwise.
    """
    for name, value in scope["headers"]:
        if name == b"content-encoding":
            encoding = value.decode("latin-1").strip().lower()
            if encoding in ("gzip", "x-gzip"):
                return True
            if encoding not in ("", "identity"):
                raise RefusedError(
                    HTTPStatus.BAD_REQUEST,
                    f"Content-Encoding {encoding[:60]!r} is not supported.",
                    "Send gzip, or leave it out.",
                    documentation=_SECTION,
                )
    return False


async def _body(receive: Receive, hold: Callable[[int], None]) -> bytes:
    """The body of a request.

    Raises:
        ClientDisconnect: the client has gone.
    """
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        hold(len(part))
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _refusal(error: UserError) -> RefusedError:
    """The answer to a request whose rows were not stored."""
    if isinstance(error, RefusedError):
        return error
    status, headers = HTTPStatus.BAD_REQUEST, {}
    if isinstance(error, TooLargeError):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    elif isinstance(error, SpoolError):
        status = HTTPStatus.SERVICE_UNAVAILABLE
        headers = {"Retry-After": str(error.retry_after)}
    return RefusedError(status, error.message, error.hint, documentation=_SECTION, headers=headers)


async def _answer(send: Send, status: HTTPStatus, content: dict[str, Any]) -> None:
    body = orjson.dumps(content)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
