"""The tools for agents over HTTP: the protocol's streamable transport at ``/mcp``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Request
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ltv_platform.agents.server import build_server
from ltv_platform.serving.access import require
from ltv_platform.serving.services import Services

PATH = "/mcp"
#: What a token needs.
SCOPE = "READ:mcp"


class _Endpoint:
    """Passes requests with the scope to the protocol while the server runs."""

    def __init__(self, services: Services) -> None:
        self._server = build_server(services.settings, services.live)
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def running(self, _: object) -> AsyncIterator[None]:
        """Answer until the server ends."""
        # Without sessions: every answer is complete, so any request can be the first one.
        manager = StreamableHTTPSessionManager(self._server, json_response=True, stateless=True)
        async with manager.run():
            self._manager = manager
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        require(Request(scope, receive), SCOPE)
        assert self._manager is not None
        await self._manager.handle_request(scope, receive, send)


def router(services: Services) -> APIRouter:
    """The route of the protocol; it is not part of the API's description."""
    endpoint = _Endpoint(services)
    routes = APIRouter(lifespan=endpoint.running)
    # Nothing is sent unasked, so there is no stream to GET and no session to DELETE.
    routes.routes.append(Route(PATH, endpoint, methods=["POST"], include_in_schema=False))
    return routes
