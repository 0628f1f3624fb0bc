"""The HTTP server of the simulator: Python's own threaded server, because it must misbehave.

It only listens on the loopback address.
"""

import hmac
import json
import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from ltv_platform.attribution.ihc_api.simulator.contract import (
    ComputeRequest,
    Limits,
    RefusedError,
    fault_of,
    read_request,
)
from ltv_platform.attribution.ihc_api.simulator.faults import Faults
from ltv_platform.attribution.ihc_api.simulator.scores import Scorer
from ltv_platform.errors import UserError
from ltv_platform.settings import Settings

_LOOPBACK = "127.0.0.1"
#: Faults that reject a request with the right key.
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


@dataclass
class Ledger:
    """What the server has received.

    Attributes:
        received: Conversions of each readable request with the right key, in order.
        refused: Requests with the right key that were rejected (400, 413).
        answered: Journeys whose scores were sent completely.
        faults: Faults by kind.
        sent_again: Journeys received again after they were answered.
    """

    received: list[tuple[str, ...]] = field(default_factory=list)
    refused: int = 0
    journeys: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    faults: dict[str, int] = field(default_factory=dict)
    sent_again: int = 0

    def counts(self) -> dict[str, Any]:
        """The answer of ``GET /stats``."""
        return {
            "requests": len(self.received) + self.refused,
            "requests_refused": self.refused,
            "journeys": len(self.journeys),
            "journeys_answered": len(self.answered),
            "journeys_sent_again_after_their_answer": self.sent_again,
            "faults": dict(sorted(self.faults.items())),
        }


class Simulator(ThreadingHTTPServer):
    """The IHC API on a port of this machine; serves while the context manager is open.

    Args:
        settings: Parameters of the local engine that scores.
        key: The accepted key.
        port: The port; 0: any free one.
        limits: Limits of requests.
        faults: Faults to inject.
        retry_after: Retry-After of 429 and 503, in seconds.
        stall: Seconds without an answer in a timeout fault.
        refuses: Conversions that are never scored.
        tells_key: Repeat a wrong key in the answer, as a careless server does.

    Raises:
        UserError: the port is taken.
    """

    daemon_threads = True

    def __init__(
        self,
        settings: Settings,
        key: str,
        *,
        port: int = 0,
        limits: Limits | None = None,
        faults: Faults | None = None,
        retry_after: int = 1,
        stall: float = 60.0,
        refuses: Collection[str] = (),
        tells_key: bool = False,
    ) -> None:
        try:
            super().__init__((_LOOPBACK, port), _Handler)
        except OSError as error:
            raise UserError(
                f"Port {port} of {_LOOPBACK} is not available: {error.strerror}.",
                "Choose another with --port; 0 picks a free one.",
            ) from error
        self.key = key
        self.limits = limits or Limits()
        self.faults = faults or Faults()
        self.retry_after = retry_after
        self.stall = stall
        self.refuses = frozenset(refuses)
        self.tells_key = tells_key
        self.ledger = Ledger()
        self.lock = Lock()
        self.closing = Event()
        self.scorer = Scorer(settings)
        self.to_reset: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """The value for LTV_IHC_URL."""
        return f"http://{_LOOPBACK}:{self.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.scorer.close()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; for a reset, without a proper shutdown."""
        if request in self.to_reset:
            self.to_reset.discard(request)
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: killed clients are expected."""


class _Handler(BaseHTTPRequestHandler):
    server: Simulator
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """``/stats``: counts of received requests."""
        if urlsplit(self.path).path != "/stats":
            self._send(HTTPStatus.NOT_FOUND, {"message": "GET /stats is all there is"})
            return
        with self.server.lock:
            counts = self.server.ledger.counts()
        self._send(HTTPStatus.OK, counts)

    def do_POST(self) -> None:
        """``/v1/compute_ihc``: scores, or a fault."""
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._check_caller()
            request = read_request(text, self.server.limits)
        except RefusedError as error:
            with self.server.lock:
                self.server.ledger.refused += error.status in _REFUSED
            self._send(error.status, {"statusCode": error.status, "message": error.message})
            return
        names = tuple(request.journeys)
        marks = {json.dumps([self.path, journey]) for journey in request.journeys.values()}
        server, ledger = self.server, self.server.ledger
        with server.lock:
            ledger.received.append(names)
            ledger.journeys |= marks
            ledger.sent_again += len(marks & ledger.answered)
            fault = server.faults.draw(len(names))
            failing = server.faults.some(names) if fault == "partial" else []
            if fault:
                ledger.faults[fault] = ledger.faults.get(fault, 0) + 1
        if fault and fault != "partial":
            self._misbehave(fault, request)
            return
        errors = dict.fromkeys(failing, "not scored at this time")
        for name, journey in request.journeys.items():
            if why := "not to be scored" if name in server.refuses else fault_of(journey):
                errors[name] = why
        scored = {name: own for name, own in request.journeys.items() if name not in errors}
        answer = self._answer(ComputeRequest(scored, request.redistribution), errors)
        with server.lock:
            ledger.answered |= {json.dumps([self.path, own]) for own in scored.values()}
        self._send(HTTPStatus.OK, answer)

    def _check_caller(self) -> None:
        address = urlsplit(self.path)
        if address.path != "/v1/compute_ihc":
            raise RefusedError(HTTPStatus.NOT_FOUND, "POST /v1/compute_ihc is all there is")
        key = self.headers.get("x-api-key")
        if key is None:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "the header x-api-key is missing")
        if not hmac.compare_digest(key.encode(), self.server.key.encode()):
            told = f" {key}" if self.server.tells_key else ""
            raise RefusedError(HTTPStatus.FORBIDDEN, f"the key{told} is not known")
        if not parse_qs(address.query).get("conv_type_id"):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "conv_type_id is missing")

    def _answer(self, request: ComputeRequest, errors: dict[str, str]) -> dict[str, Any]:
        return {
            "statusCode": HTTPStatus.PARTIAL_CONTENT if errors else HTTPStatus.OK,
            "value": self.server.scorer.rows(request),
            "partialFailureErrors": [
                {"conversion_id": name, "message": why} for name, why in errors.items()
            ],
        }

    def _misbehave(self, fault: str, request: ComputeRequest) -> None:
        retry = {"Retry-After": str(self.server.retry_after)}
        match fault:
            case "429":
                self._send(HTTPStatus.TOO_MANY_REQUESTS, {"message": "slower"}, retry)
            case "500":
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, {"message": "a bad day"})
            case "503":
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, {"message": "later"}, retry)
            case "500 in the body":
                self._send(HTTPStatus.OK, {"statusCode": 500, "message": "a bad day"})
            case "timeout":
                self.server.closing.wait(self.server.stall)
                self.close_connection = True
            case "reset":
                self.server.to_reset.add(self.connection)
                self.close_connection = True
            case "truncated":
                self._write(json.dumps(self._answer(request, {})).encode(), cut=True)
            case "invalid JSON":
                self._write(json.dumps(self._answer(request, {})).encode()[:-7])
            case _:
                self._write(b"<html><body>Bad gateway</body></html>", kind="text/html")

    def _send(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        self._write(json.dumps(body).encode(), status, headers=headers)

    def _write(
        self,
        text: bytes,
        status: int = HTTPStatus.OK,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text[: len(text) // 2] if cut else text)
        self.close_connection = self.close_connection or cut

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Print nothing: see ``GET /stats``."""
