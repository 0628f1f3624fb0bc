"""The simulator keeps the documented contract, and misbehaves on request."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from ltv_platform.attribution.ihc_api.answers import SHARES
from ltv_platform.attribution.ihc_api.simulator import FAULTS, Faults, Limits, Simulator
from ltv_platform.errors import UserError
from ltv_platform.settings import Settings
from ltv_platform_tests.attribution.ihc_api.api_homes import KEY, simulator


def session(conversion: str, place: int, last: bool = False, **change: Any) -> dict[str, Any]:
    """A session of a request."""
    return {
        "conversion_id": conversion,
        "session_id": f"{conversion}s{place}",
        "timestamp": f"2025-12-01 10:00:{place:02d}",
        "channel_label": "Ads",
        "holder_engagement": 0,
        "closer_engagement": 0,
        "conversion": int(last),
        "impression_interaction": 0,
        **change,
    }


def journey(conversion: str, length: int) -> list[dict[str, Any]]:
    """A journey of a request."""
    return [session(conversion, place, place == length - 1) for place in range(length)]


def post(
    api: Simulator, body: Any, key: str | None = KEY, query: str = "?conv_type_id=shop"
) -> requests.Response:
    """Send a body."""
    return requests.post(
        f"{api.url}/v1/compute_ihc{query}",
        data=body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers={} if key is None else {"x-api-key": key},
        timeout=60,
    )


def test_scores_add_up_to_one() -> None:
    """Four decimals, by largest remainder; a row per session."""
    sessions = [row for length in (1, 3, 7) for row in journey(f"v{length}", length)]
    with simulator() as api:
        answer = post(api, {"customer_journeys": sessions}).json()
    assert (answer["statusCode"], answer["partialFailureErrors"]) == (200, [])
    assert len(answer["value"]) == 11
    for length in (1, 3, 7):
        rows = [row for row in answer["value"] if row["conversion_id"] == f"v{length}"]
        assert round(sum(row["ihc"] for row in rows), 12) == 1
        assert all(round(row[name], 4) == row[name] for row in rows for name in SHARES)


def test_a_redistribution_is_honored() -> None:
    """It reaches the local engine, in the API's form; another form is refused."""
    moves = {"direction": "any_session", "redistribution_channel_labels": ["Ads"]}
    with simulator() as api:
        good = {
            "customer_journeys": journey("v1", 2),
            "redistribution_parameter": {"holder": moves},
        }
        assert post(api, good).json()["statusCode"] == 200
        bad = {"customer_journeys": journey("v1", 2), "redistribution_parameter": {"middle": moves}}
        assert post(api, bad).status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        ([], 400, "customer_journeys"),
        ({"customer_journeys": []}, 400, "customer_journeys"),
        ({"customer_journeys": [7]}, 400, "texts"),
        ({"customer_journeys": journey("v1", 1), "more": 1}, 400, "unknown: more"),
        ({"customer_journeys": journey("v1", 7)}, 400, "7 sessions; 6 are allowed"),
        (
            {"customer_journeys": [row for n in range(4) for row in journey(f"v{n}", 1)]},
            400,
            "4 journeys; 3 are allowed",
        ),
        (b" " * 3000, 413, "over 2500 bytes"),
    ],
)
def test_limits_are_enforced(body: Any, status: int, said: str) -> None:
    """Too many sessions or journeys: 400; too many bytes: 413."""
    with simulator(limits=Limits(journeys=3, sessions=6, bytes=2500)) as api:
        answer = post(api, body)
        assert (answer.status_code, said in answer.json()["message"]) == (status, True)
        assert api.ledger.received == []


@pytest.mark.parametrize(
    "rows",
    [
        [session("v1", 0, True, timestamp="2025-12-01T10:00:00")],
        [session("v1", 0, True, channel_label="")],
        [session("v1", 0, True, holder_engagement=2)],
        [session("v1", 0), session("v1", 1)],
        [session("v1", 0, True), session("v1", 1)],
        [session("v1", 0), session("v1", 0, True)],
    ],
)
def test_an_odd_journey_fails_alone(rows: list[dict[str, Any]]) -> None:
    """206 in the body: the other journey is scored."""
    with simulator() as api:
        answer = post(api, {"customer_journeys": [*rows, *journey("v2", 2)]})
    assert (answer.status_code, answer.json()["statusCode"]) == (200, 206)
    assert [error["conversion_id"] for error in answer.json()["partialFailureErrors"]] == ["v1"]
    assert {row["conversion_id"] for row in answer.json()["value"]} == {"v2"}


def test_keys_and_addresses() -> None:
    """No key: 401; another: 403; no conversion type: 400; elsewhere: 404."""
    body = {"customer_journeys": journey("v1", 1)}
    with simulator(tells_key=True) as api:
        assert post(api, body, key=None).status_code == 401
        refused = post(api, body, key="other")
        assert (refused.status_code, "other" in refused.json()["message"]) == (403, True)
        assert post(api, body, query="").status_code == 400
        assert requests.post(f"{api.url}/v2", data=b"{}", timeout=60).status_code == 404
        with pytest.raises(UserError, match="is not available"):
            Simulator(Settings(), KEY, port=api.server_port)


def test_it_counts_what_it_was_sent() -> None:
    """GET /stats; a journey with another session is another journey."""
    with simulator(faults=Faults(0.0)) as api:
        for length in (2, 2, 3):
            post(api, {"customer_journeys": journey("v1", length)})
        counts = requests.get(f"{api.url}/stats", timeout=60).json()
    assert counts == {
        "requests": 3,
        "requests_refused": 0,
        "journeys": 2,
        "journeys_answered": 2,
        "journeys_sent_again_after_their_answer": 1,
        "faults": {},
    }


def test_it_counts_what_it_refused() -> None:
    """400 and 413 were requests too; with another key, or elsewhere, nothing was asked."""
    with simulator(limits=Limits(sessions=2, bytes=1000)) as api:
        for length in (2, 3, 20):
            post(api, {"customer_journeys": journey("v1", length)})
        post(api, b"{", key="other")
        requests.post(f"{api.url}/elsewhere", timeout=60)
        counts = requests.get(f"{api.url}/stats", timeout=60).json()
    assert (counts["requests"], counts["requests_refused"], counts["journeys"]) == (3, 2, 1)


def test_what_it_prints_can_be_pasted(tmp_path: Path) -> None:
    """A key with blanks, quotes and dollar signs survives a shell unchanged."""
    key = "it's $HOME; a key"
    command = [sys.executable, "-m", "ltv_platform.cli", "ihc-simulator", "--port", "0"]
    with subprocess.Popen(
        [*command, "--key", key],
        env={**os.environ, "LTV_HOME": str(tmp_path / "home")},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        line = next((line for line in process.stderr if line.startswith("export ")), "")
        process.kill()
    assert f"IHC_API_KEY={key}" in shlex.split(line)


def test_faults_come_of_the_seed() -> None:
    """The same draws for the same seed, about as many as asked for, of every kind."""
    draws = [[faults.draw(5) for _ in range(2000)] for faults in (Faults(0.4, 9), Faults(0.4, 9))]
    assert draws[0] == draws[1]
    assert 740 <= sum(fault is not None for fault in draws[0]) <= 860
    assert {fault for fault in draws[0] if fault} == set(FAULTS)
    alone = Faults(1.0, 9)
    assert "partial" not in {alone.draw(1) for _ in range(500)}
