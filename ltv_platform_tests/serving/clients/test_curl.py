"""The curl lines of the API's documentation work when only host and token are replaced."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ltv_platform_tests.serving.clients.conftest import Server

pytestmark = [
    pytest.mark.slow(10),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]
HOST = "https://api.europe-west2.gcp.tinybird.co"
TEXT = (Path(__file__).parent / "curl_lines.txt").read_text("utf-8")
LINES = [block for block in TEXT.split("\n\n") if block.startswith("curl ")]
#: Rows that each pipe answers, in the order of the lines.
ROWS = {
    "customer_ltv": 1,
    "ltv_by_cohort": 1,
    "ltv_influencing_factors": 1,
    "customer_retention_analysis": 1,
    "ltv_forecast": 1,
    "customer_segmentation": 0,
}


def _run(line: str, server: Server) -> Any:
    done = subprocess.run(
        ["bash", "-c", line.replace(HOST, server.url)],
        env={**os.environ, "TB_ADMIN_TOKEN": server.token},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("line", [line for line in LINES if "/v0/events" in line])
def test_events_are_stored(server: Server, line: str) -> None:
    """JSON over several lines, with the content type that curl gives it."""
    assert _run(line, server) == {"successful_rows": 1, "quarantined_rows": 0}


@pytest.mark.parametrize("line", [line for line in LINES if "/v0/pipes" in line])
def test_pipes_answer(server: Server, line: str) -> None:
    """With the rows that meet the filters."""
    answer = _run(line, server)
    name = line.partition("/v0/pipes/")[2].partition(".json")[0]
    assert answer["rows"] == len(answer["data"])
    assert (answer["rows"] > 0) == (ROWS[name] > 0)
    if name == "customer_ltv":
        [row] = answer["data"]
        assert (row["customer_id"], row["ltv"], row["is_active"]) == ("cust_1", 130.5, 1)


def test_all_lines_are_run() -> None:
    """Three kinds of events, six pipes."""
    assert len(LINES) == 9
    assert [name for name in ROWS if any(f"/{name}.json" in line for line in LINES)] == list(ROWS)
