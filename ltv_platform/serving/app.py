"""Assembles the HTTP server: routes, errors, what is open while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from ltv_platform import __version__
from ltv_platform.serving import health
from ltv_platform.serving.errors import add_error_handlers
from ltv_platform.serving.services import Services
from ltv_platform.settings import Settings


def build_app(settings: Settings, *, loopback: bool = True) -> FastAPI:
    """The server as an ASGI application.

    Args:
        settings: The settings.
        loopback: Whether only this machine can reach it; then no token is needed until one is
            created.
    """
    services = Services(settings, loopback=loopback)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with services.running():
            yield

    app = FastAPI(
        title="ltv-platform",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    add_error_handlers(app)
    app.include_router(health.router(services))
    return app
