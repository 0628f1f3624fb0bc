"""Queries to a running web server, in the UI's own API: for browser and chaos tests."""

import json
import urllib.request
from typing import Any

LAUNCH = """mutation($backfill: LaunchBackfillParams!) {
    launchPartitionBackfill(backfillParams: $backfill) {
        ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
    }
}"""
STATUS = """query($backfill: String!) {
    partitionBackfillOrError(backfillId: $backfill) {
        ... on PartitionBackfill { status runs(limit: 50) { id startTime endTime } }
    }
}"""


def ask(address: str, query: str, variables: dict[str, Any]) -> Any:
    """A server's answer; a sensor's evaluation may take a minute on a busy machine."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"{address}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        answered = json.load(answer)
    assert "errors" not in answered, answered["errors"]
    return answered["data"]
