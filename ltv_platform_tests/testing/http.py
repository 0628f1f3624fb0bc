"""A client of the HTTP server, without a network."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from ltv_platform.serving.app import build_app
from ltv_platform.settings import Settings

#: What the server answers to without tokens.
ADDRESS = "http://127.0.0.1:8123"


def client(
    settings: Settings,
    *,
    token: str = "",
    loopback: bool = True,
    prepare: Callable[[FastAPI], Any] = lambda _: None,
) -> TestClient:
    """A client of a server; used as a context manager, it also opens what the server opens.

    Args:
        settings: The settings.
        token: Sent with each request.
        loopback: As of :func:`build_app`.
        prepare: Called with the server, to add routes for tests.
    """
    app = build_app(settings, loopback=loopback)
    prepare(app)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return TestClient(app, ADDRESS, headers=headers, follow_redirects=False)
