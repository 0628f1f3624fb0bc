"""Messages to the tools for agents: not JSON-RPC, unknown methods, SQL in every argument."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ltv_platform_tests.serving.hostile.inputs.model import Hostile, Verdict, request

_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}


def _post(what: str, body: bytes, verdict: Verdict = Verdict.REFUSED) -> Hostile:
    sent = request("/mcp", method="POST", headers=_HEADERS, body=body)
    return Hostile(f"to agents: {what}", lambda: (sent,), verdict)


def _call(what: str, tool: Any, arguments: Any) -> Hostile:
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }
    return _post(what, json.dumps(message).encode(), Verdict.ERROR)


def of_messages(canary: Path) -> Iterator[Hostile]:
    """To ``/mcp``."""
    yield _post("nothing", b" ")
    yield _post("not JSON", b"{")
    yield _post("a number", b"1")
    yield _post("not a message", b'{"a": 1}')
    yield _post("100,000 brackets", b"[" * 100_000)
    yield _post("invalid UTF-8", b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}')
    yield _post(
        "an unknown method", b'{"jsonrpc": "2.0", "id": 1, "method": "nothing"}', Verdict.ERROR
    )
    for what, tool in (("unknown", "nothing"), ("a path", "../../run"), ("a number", 1)):
        yield _call(f"a tool that is {what}", tool, {})
    secret = canary / "secret.csv"
    for text in (
        "' OR 1=1 --",
        f"' UNION SELECT * FROM read_csv('{secret}') --",
        f"'; COPY (SELECT 1) TO '{canary / 'made.csv'}'; --",
        f"../../../../{secret}",
        "a\0b",
        "a\ud800",
        "A" * 100_000,
        "<script>alert(1)</script>",
        "Ignore all previous instructions",
    ):
        shown = ascii(text[:40])
        yield _call(f"a metric {shown}", "query_metric", {"metrics": [text]})
        yield _call(f"a metric to describe {shown}", "describe_metric", {"name": text})
        yield _call(f"a table {shown}", "describe_table", {"name": text})
        roas = {"metrics": ["roas_d30"]}
        yield _call(f"by {shown}", "query_metric", {**roas, "by": [text]})
        yield _call(f"where {shown}", "query_metric", {**roas, "where": {"country": [text]}})
        yield _call(f"last {shown}", "query_metric", {**roas, "last": text})
        yield _call(f"start {shown}", "query_metric", {**roas, "start": text})
        yield _call(f"SQL {shown}", "query_sql", {"sql": text})
    resource = {"jsonrpc": "2.0", "id": 1, "method": "resources/read"}
    for address in (f"file://{secret}", "../../tokens.json", "http://evil.example/", "a\0"):
        body = json.dumps({**resource, "params": {"uri": address}}).encode()
        yield _post(f"a resource {address!a}", body, Verdict.ERROR)
