"""Whether what came back for a hostile input is harmless."""

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

from ltv_platform_tests.serving.hostile.canary import Canary
from ltv_platform_tests.serving.hostile.inputs.model import INJECTED, Hostile, Verdict
from ltv_platform_tests.serving.hostile.wire import Reply

#: Parts of a traceback.
_CAUSES = ("Traceback (most", 'File "/', "site-packages", "duckdb.", "Error: Parser")
#: Scripts that pages load.
_SCRIPTS = ("/page.js", "page.js", "../page.js")
#: Elements that no page has; a hostile text could bring them.
_FOREIGN = ("iframe", "object", "embed", "base", "img", "foreignobject", "animate", "set")
_ADDRESSES = ("href", "src", "action", "formaction", "xlink:href", "data")
#: Answers that are not errors of the server although they are above 500: what is not supported.
_NOT_SUPPORTED = 501


def fault_of(hostile: Hostile, reply: Reply) -> str:
    """What is wrong with a reply; empty: nothing."""
    return next(filter(None, _faults(hostile, reply)), "")


def _faults(hostile: Hostile, reply: Reply) -> list[str]:
    return [
        _wrong_status(hostile.verdict, reply),
        _wrong_message(reply),
        "a traceback" * any(cause in reply.text for cause in _CAUSES),
        "the canary's secret" * (Canary.SECRET in reply.text),
        "an injected header" * (INJECTED in reply.headers),
        "a second answer" * (hostile.to_the_end and b"HTTP/1." in reply.rest),
        page_fault(reply.text) if "html" in reply.headers.get("content-type", "") else "",
    ]


def _wrong_status(verdict: Verdict, reply: Reply) -> str:
    status = reply.status
    refused = 400 <= status < 500 or status == _NOT_SUPPORTED
    return "" if refused or _is_allowed(verdict, reply) else f"status {status}: {reply.text[:300]}"


def _is_allowed(verdict: Verdict, reply: Reply) -> bool:
    match verdict:
        case Verdict.REFUSED:
            return False
        case Verdict.CLOSED:
            return reply.status == 0
        case Verdict.EMPTY:
            return reply.status == 200 and _rows(reply) == []
        case Verdict.QUARANTINED:
            return reply.status == 200 and _accepted(reply) == 0
        case Verdict.ERROR:
            return reply.status == 200 and _is_error_of_tool(reply)
        case Verdict.PAGE:
            return reply.status == 200
        case Verdict.ALLOWED:
            return reply.status < 500


def _wrong_message(reply: Reply) -> str:
    if reply.status < 400:
        return ""
    kind = reply.headers.get("content-type", "")
    if kind.startswith("text/html"):
        return "" if "<p" in reply.text else "a page without a message"
    try:
        message = json.loads(reply.body)["error"]
        if isinstance(message, dict):  # as JSON-RPC says it
            return "" if message["message"] else "an empty message"
    except (ValueError, KeyError, TypeError):
        return f"no message: {reply.body[:200]!r}"
    if not isinstance(message, str) or len(message) < 5 or len(message) > 2_000:
        return f"an odd message: {message!r:.300}"
    return "" if message.isprintable() else f"a message with control characters: {message!r:.300}"


def _rows(reply: Reply) -> list[Any]:
    """The rows of an answer of a pipe in any format; of Parquet, its bytes if it has rows."""
    kind = reply.headers.get("content-type", "")
    if kind.startswith("application/json"):
        return list(json.loads(reply.body)["data"])
    if kind.startswith("text/csv"):
        return list(csv.reader(io.StringIO(reply.text)))[1:]
    if "parquet" in kind:
        import pyarrow.parquet as pq

        return list(pq.read_table(io.BytesIO(reply.body)).to_pylist())
    return reply.text.splitlines()


def _accepted(reply: Reply) -> int:
    return int(json.loads(reply.body)["successful_rows"])


def _is_error_of_tool(reply: Reply) -> bool:
    message = json.loads(reply.text.partition("data: ")[2] or reply.text)
    return "error" in message or message["result"].get("isError") is True


def page_fault(html: str) -> str:
    """What a page has that only a hostile text can have brought; empty: nothing."""
    reader = _Foreign()
    reader.feed(html)
    return ", ".join(reader.found)


class _Foreign(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _FOREIGN or (tag == "script" and given.get("src") not in _SCRIPTS):
            self.found.append(f"<{tag}>")
        for name, value in given.items():
            address = "".join((value or "").split()).lower()
            if name.startswith("on") or name == "srcdoc":
                self.found.append(f"{name}={value}")
            if name in _ADDRESSES and address.startswith(("javascript:", "data:text", "//")):
                self.found.append(f"{name}={value}")
