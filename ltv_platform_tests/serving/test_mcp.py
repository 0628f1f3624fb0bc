"""``/mcp``: who may ask, and by which method."""

import pytest

from ltv_platform.serving.tokens import create_token
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.http import client

_HEADERS = {"Accept": "application/json, text/event-stream"}
_LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.mark.parametrize(
    ("scope", "status"),
    [("READ:mcp", 200), ("ADMIN", 200), ("READ:*", 200), ("READ:dashboard", 403), ("", 403)],
)
def test_a_token_needs_the_scope(settings: Settings, scope: str, status: int) -> None:
    """READ:mcp, or one that includes it."""
    created = create_token(settings, "agent", [scope or "ADMIN"])
    with client(settings, token=created if scope else "") as asking:
        answer = asking.post("/mcp", json=_LIST, headers=_HEADERS)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["result"]["tools"][0]["name"] == "list_metrics"
    else:
        assert "error" in answer.json()


def test_a_token_for_agents_reads_nothing_else(settings: Settings) -> None:
    """Not the pipes, not the metrics of the server."""
    created = create_token(settings, "agent", ["READ:mcp"])
    with client(settings, token=created) as asking:
        for path in ("/v0/pipes/customer_ltv.json", "/metrics"):
            assert asking.get(path).status_code == 403


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_only_post_is_answered(settings: Settings, method: str) -> None:
    """There is nothing to stream and no session; a GET would stay open forever."""
    with client(settings) as asking:
        answer = asking.request(method, "/mcp", headers=_HEADERS)
    assert answer.status_code == 405
