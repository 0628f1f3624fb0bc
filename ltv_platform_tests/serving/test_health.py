"""Whether the server is ready, and what it has counted."""

import re
import time
from pathlib import Path

from fastapi import FastAPI

from ltv_platform.errors import UserError
from ltv_platform.serving.services import Services
from ltv_platform.serving.tokens import create_token
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.home import CAMPAIGNS, Home
from ltv_platform_tests.testing.http import client


def test_it_is_up_before_it_is_ready(settings: Settings) -> None:
    """Without figures it can only say so."""
    asking = client(settings)
    assert asking.get("/healthz").json() == {"status": "up"}
    answer = asking.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "error": f"Not ready: snapshot. Nothing is published in {settings.home} yet. Load files "
        "with `ltv ingest`, then run `ltv run`; or try `ltv demo`.",
        "documentation": "/docs#health",
    }


def test_the_reason_is_for_those_with_a_token(settings: Settings) -> None:
    """It names folders of the machine."""
    token = create_token(settings, "a", ["READ:x"])
    asking = client(settings)
    assert asking.get("/healthz").status_code == 200
    text = asking.get("/readyz").json()["error"]
    assert text == "Not ready: snapshot. A token shows the reason."
    assert str(settings.home) in client(settings, token=token).get("/readyz").json()["error"]


def test_parts_of_the_server_say_whether_they_are_ready(tmp_path: Path) -> None:
    """As the spool of events does."""
    home = Home(tmp_path / "home", groups=CAMPAIGNS)
    home.load("customers", "a,2026-01-02 10:00:00,US,ads,c1")
    home.publish()

    def full() -> None:
        raise UserError("The disk is full.", "Free some space.")

    def add(app: FastAPI) -> None:
        services: Services = app.state.services
        services.ready["spool"] = full

    assert client(home.settings).get("/readyz").json() == {"status": "ready"}
    answer = client(home.settings, prepare=add).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["error"] == "Not ready: spool. The disk is full. Free some space."


def test_metrics(tmp_path: Path) -> None:
    """Requests by route, not by path; rows by source; up to when the figures are."""
    home = Home(tmp_path / "home", groups=CAMPAIGNS)
    home.load("customers", "a,2026-01-02 10:00:00,US,ads,c1")
    home.publish()

    def add(app: FastAPI) -> None:
        app.state.services.metrics.count_rows("transactions", 5, 2)

        @app.get("/v0/tests/{name}.json")
        def pipe(name: str) -> str:
            return name

    asking = client(home.settings, prepare=add)
    for path in ("/v0/tests/a.json", "/v0/tests/b.json", "/nothing/1", "/nothing/2"):
        asking.get(path)
    answer = asking.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = dict(re.findall(r"^(ltv_\S+) (\S+)$", answer.text, re.MULTILINE))
    tests = 'method="GET",route="/v0/tests/{name}.json",status="200"'
    assert found[f"ltv_http_requests_total{{{tests}}}"] == "2.0"
    assert found['ltv_http_requests_total{method="GET",route="none",status="404"}'] == "2.0"
    assert found['ltv_http_request_seconds_count{route="/v0/tests/{name}.json"}'] == "2.0"
    rows = 'source="transactions"'
    assert found[f'ltv_event_rows_total{{outcome="accepted",{rows}}}'] == "5.0"
    assert found[f'ltv_event_rows_total{{outcome="quarantined",{rows}}}'] == "2.0"
    assert float(found["ltv_snapshot_as_of_timestamp_seconds"]) == 1767312000  # 2026-01-02
    assert 0 <= float(found["ltv_snapshot_age_seconds"]) < time.time() - 1767312000


def test_metrics_need_a_scope(settings: Settings) -> None:
    """Where there are tokens."""
    token = create_token(settings, "prometheus", ["READ:metrics"])
    assert client(settings).get("/metrics").status_code == 403
    assert client(settings, token=token).get("/metrics").status_code == 200
