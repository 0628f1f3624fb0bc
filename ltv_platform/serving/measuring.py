"""Counts and times requests, and logs them if asked to."""

import logging
import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ltv_platform.serving.errors import path_of

_ACCESS = logging.getLogger("ltv_platform.serving.access")
#: Upper limits of the classes of latency, in seconds.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: The route of requests that no route takes: their paths are anybody's choice.
_NO_ROUTE = "none"


class Metrics:
    """What a server counts, for Prometheus. No label comes from outside."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "ltv_http_requests",
            "Requests by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "ltv_http_request_seconds",
            "Seconds from a request to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._rows = Counter(
            "ltv_event_rows",
            "Rows of events by source, accepted or quarantined.",
            ("source", "outcome"),
            registry=self.registry,
        )

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered, or that broke off (status 0)."""
        counted = self._counted.get((route, method, status))
        if counted is None:  # finding them by their labels takes longer than counting
            counted = (self._requests.labels(route, method, status), self._seconds.labels(route))
            self._counted[route, method, status] = counted
        counted[0].inc()
        counted[1].observe(seconds)

    def count_rows(self, source: str, accepted: int, quarantined: int) -> None:
        """Count the rows of a request with events."""
        self._rows.labels(source, "accepted").inc(accepted)
        self._rows.labels(source, "quarantined").inc(quarantined)


class Measuring:
    """Middleware, the outermost: every answer passes it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # to routes it is GET; uvicorn leaves out the body
            scope = {**scope, "method": "GET"}
        status, started = 0, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.count_request(_route(scope), scope["method"], status, seconds)
            if _ACCESS.isEnabledFor(logging.INFO):
                line = "%s %s %d %.1f ms"
                _ACCESS.info(line, scope["method"], path_of(scope), status, 1e3 * seconds)


def _route(scope: Mapping[str, object]) -> str:
    return str(getattr(scope.get("route"), "path", _NO_ROUTE))
