"""Whether the server is up and can answer, and what it has counted."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from datetime import time as time_of_day
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ltv_platform.errors import UserError
from ltv_platform.published.current import current_snapshot
from ltv_platform.serving.access import caller_of, require
from ltv_platform.serving.errors import RefusedError
from ltv_platform.serving.services import Services
from ltv_platform.settings import Settings

#: What a token needs to read the metrics.
_SCOPE = "READ:metrics"
_SECTION = "/docs#health"


class _Snapshot(Collector):
    """Up to when the published figures are, asked each time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def describe(self) -> list[Metric]:
        """Nothing: it depends on the snapshot."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Two gauges; none before the first snapshot, or if it is damaged."""
        try:
            snapshot = current_snapshot(self._settings)
        except UserError:
            return
        if snapshot is None or snapshot.as_of is None:
            return
        last = datetime.combine(snapshot.as_of, time_of_day(), UTC).timestamp()
        yield GaugeMetricFamily(
            "ltv_snapshot_as_of_timestamp_seconds", "Last day in the figures.", last
        )
        published = (snapshot.path / "manifest.json").stat().st_mtime
        yield GaugeMetricFamily(
            "ltv_snapshot_age_seconds",
            "Seconds since the snapshot was published.",
            max(0.0, time.time() - published),
        )


def router(services: Services) -> APIRouter:
    """The routes that say how the server is."""
    routes = APIRouter(tags=["health"])
    services.metrics.registry.register(_Snapshot(services.settings))

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the process answers. Needs no token."""
        return {"status": "up"}

    @routes.get("/readyz", responses={503: {"description": "It cannot answer; says why."}})
    def readyz(request: Request) -> JSONResponse:
        """Whether figures can be read and events be stored. Needs no token.

        Reasons, which contain paths, are only shown to those with a token.
        """
        known = services.open_to_all or caller_of(request).token is not None
        for name, check in services.ready.items():
            try:
                check()
            except UserError as error:
                message = f"Not ready: {name}."
                why = (error.message, error.hint) if known else ("", "A token shows the reason.")
                raise RefusedError(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    f"{message} {why[0]}".strip(),
                    why[1],
                    documentation=_SECTION,
                ) from error
        return JSONResponse({"status": "ready"})

    @routes.get("/metrics", response_class=Response)
    def metrics(request: Request) -> Response:
        """Counts and times for Prometheus. Needs the scope `READ:metrics`."""
        require(request, _SCOPE)
        return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
