"""Assembles the HTTP server: routes, errors, what each request passes, what is open meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from ltv_platform import __version__
from ltv_platform.serving import (
    catalogue,
    dashboard,
    documentation,
    events,
    health,
    mcp,
    pipes,
    sign_in,
)
from ltv_platform.serving.bodies import Bodies
from ltv_platform.serving.errors import Unexpected, add_error_handlers
from ltv_platform.serving.gate import Gate
from ltv_platform.serving.measuring import Measuring
from ltv_platform.serving.pages import STATIC
from ltv_platform.serving.security import SecurityHeaders
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
        # A redirect would repeat the address, and with it a token.
        redirect_slashes=False,
    )
    app.state.services = services
    add_error_handlers(app)
    app.add_exception_handler(sign_in.AnswerInsteadError, sign_in.answer_instead)
    # The last one is passed first.
    app.add_middleware(events.Events, services=services)
    app.add_middleware(Unexpected)
    app.add_middleware(Gate, services=services)
    app.add_middleware(Bodies)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Measuring, metrics=services.metrics)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(events.router())
    app.include_router(health.router(services))
    app.include_router(sign_in.router(services))
    app.include_router(pipes.router(services))
    app.include_router(catalogue.router(services))
    app.include_router(dashboard.router(services))
    app.include_router(mcp.router(services))
    app.include_router(documentation.router(app))
    return app
