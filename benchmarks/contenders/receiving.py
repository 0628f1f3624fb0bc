"""A server that receives events, and a client that sends them as fast as it is answered."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import uvloop

from benchmarks.processes import ContenderError, Stopwatch

_READY_WITHIN = 60.0
_DAY = "2026-01-10 10:00:00"


def send(
    watch: Stopwatch, *, bare: bool, folder: str, batch: int, connections: int, requests: int
) -> dict[str, Any]:
    """Send requests on several connections, each the next one when it is answered.

    Args:
        watch: Times the sending.
        bare: Whether the server is :func:`bare_handler`; else ``ltv serve``.
        folder: Empty, for the LTV_HOME or the bare file.
        batch: Rows per request.
        connections: How many at once.
        requests: How many in all.
    """
    port = 20_000 + os.getpid() % 10_000
    with _server(bare, Path(folder), port) as server:
        try:
            _wait_for(port, server)
            uvloop.run(_send_all(port, batch, connections, connections * 10))
            before = _cpu_seconds(server.pid)
            with watch.step("requests"):
                uvloop.run(_send_all(port, batch, connections, requests))
            cpu = _cpu_seconds(server.pid) - before
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(60)
    return {"server CPU per request": cpu / requests, "stored": _stored(Path(folder))}


def _stored(folder: Path) -> int:
    return sum(
        content.count(b"{") for path in folder.rglob("*.ndjson") for content in [path.read_bytes()]
    )


def _server(bare: bool, folder: Path, port: int) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "LTV_HOME": str(folder),
        "LTV_NOW": "2026-01-15T12:00:00Z",
        "LTV_START_DATE": "2025-01-01",
        "LTV_SERVE_EVENT_RATE": "10000000",
        "LTV_SPOOL_LIMIT": "100000",
    }
    command = (
        ["benchmarks.contenders.receiving", str(port)]
        if bare
        else ["ltv_platform.cli", "serve", "--port", str(port)]
    )
    return subprocess.Popen(
        [sys.executable, "-m", *command], env=environment, stdout=subprocess.DEVNULL
    )


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _READY_WITHIN
    while time.monotonic() < give_up and server.poll() is None:
        try:
            uvloop.run(_send_all(port, 1, 1, 1))
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise ContenderError("the server did not start")


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered with 200."""

    def __init__(self, sending: "_Sending") -> None:
        self._sending = sending
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.startswith(b"HTTP/1.1 200 "):
            self._sending.fail(self._answer)
        elif self._answer.endswith(b"}"):
            self._answer = b""
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._sending.fail(repr(exc).encode())

    def _next(self) -> None:
        request = self._sending.take()
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)


class _Sending:
    """The requests that are left to send."""

    def __init__(self, batch: int, connections: int, requests: int) -> None:
        self._batch, self._left, self._unfinished = batch, requests, connections
        self._number = time.time_ns()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self) -> bytes | None:
        if not self._left:
            self._unfinished -= 1
            if not self._unfinished and not self.done.done():
                self.done.set_result(None)
            return None
        self._left -= 1
        self._number += 1
        # A row takes the client as little as possible: both run on the same cores.
        end = (
            b'","customer_id":"c1","transaction_date":"%s","amount":89.99,'
            b'"product_category":"electronics","transaction_type":"purchase",'
            b'"payment_method":"credit_card","is_refund":0}\n' % _DAY.encode()
        )
        start = b'{"transaction_id":"%d-' % self._number
        body = b"".join([start + b"%d" % row + end for row in range(self._batch)])
        return (
            b"POST /v0/events?name=transactions&wait=true HTTP/1.1\r\n"
            b"Host: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        ) + body

    def fail(self, answer: bytes) -> None:
        if not self.done.done():
            self.done.set_exception(ContenderError(answer[:200].decode(errors="replace")))


async def _send_all(port: int, batch: int, connections: int, requests: int) -> None:
    sending = _Sending(batch, connections, requests)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(sending), "127.0.0.1", port)
    await sending.done


async def bare_handler(scope: Any, receive: Any, send: Any) -> None:
    """The least that keeps rows: parse them, write them to a file, answer how many they are."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    rows = [orjson.loads(line) for line in body.splitlines()]
    os.write(_FILE, body)
    answer = json.dumps({"successful_rows": len(rows), "quarantined_rows": 0}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    import uvicorn

    _FILE = os.open(
        Path(os.environ["LTV_HOME"]) / "rows.ndjson", os.O_CREAT | os.O_WRONLY | os.O_APPEND
    )
    uvicorn.run(
        bare_handler,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
