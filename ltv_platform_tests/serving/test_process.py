"""``ltv serve`` as people start it: a real process, real sockets."""

import json
import signal
import socket
import time
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

import pytest

from ltv_platform.serving.tokens import create_token, revoke_token
from ltv_platform.settings import load_settings
from ltv_platform_tests.chaos.services import wait_until
from ltv_platform_tests.serving.server_process import server_process
from ltv_platform_tests.testing.command_line import CommandLine

pytestmark = pytest.mark.slow(20)


def _status(port: int, path: str, token: str = "") -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def _answer(port: int, sent: bytes) -> tuple[str, dict[str, str]]:
    """The first line and the JSON of the answer to what is sent, until the connection closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(1 << 16):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), json.loads(body)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_answers_and_ends(tmp_path: Path, how: signal.Signals) -> None:
    """Its address is printed when it answers; Ctrl-C and SIGTERM end it without an error."""
    with server_process(tmp_path / "home") as server:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz") as answer:
            assert json.load(answer) == {"status": "up"}
        connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
        for _ in range(2):  # on one connection: nothing of a body is left in it
            connection.request("HEAD", "/healthz")
            head = connection.getresponse()
            assert (head.status, head.headers["Content-Length"], head.read()) == (200, "15", b"")
        connection.close()
        assert "No token is configured: everybody on this machine can read" in server.said
        assert "Nothing is published yet" in server.said
        server.process.send_signal(how)
        assert server.process.wait(20) == 0
        assert "Traceback" not in server.said
        assert not list((tmp_path / "home").glob("warehouse*"))


def test_tokens_change_while_it_runs_and_are_not_logged(tmp_path: Path) -> None:
    """Within a second; the log of requests has their paths alone."""
    home = tmp_path / "home"
    settings = load_settings(home=home)
    with server_process(home, "--access-log") as server:
        assert _status(server.port, "/metrics?token=p.other") == 200
        token = create_token(settings, "a", ["READ:metrics"])
        time.sleep(1)
        assert _status(server.port, "/metrics") == 403
        assert _status(server.port, f"/metrics?token={token}") == 200
        assert _status(server.port, "/metrics", token) == 200
        revoke_token(settings, "a")
        time.sleep(1)
        assert _status(server.port, "/metrics", token) == 403
        assert "GET /metrics 200" in server.said
        assert "GET /metrics 403" in server.said
        assert token not in server.said
        assert "p.other" not in server.said


def test_what_is_slow_or_too_long_is_refused(tmp_path: Path) -> None:
    """docs/api.md: headers and bodies must arrive in time, and headers have a most."""
    with server_process(tmp_path / "home", serve_request_timeout="1") as server:
        line, error = _answer(server.port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert line == "HTTP/1.1 408 Request Timeout"
        assert error["error"] == (
            "The headers did not arrive within 1 seconds. Send smaller requests; "
            "LTV_SERVE_REQUEST_TIMEOUT waits longer."
        )
        start = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nto"
        line, error = _answer(server.port, start)
        assert line == "HTTP/1.1 408 Request Timeout"
        assert error["error"].startswith(
            "The body did not arrive within 1 seconds. Send smaller requests;"
        )
        long = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * (65 << 10)
        line, error = _answer(server.port, long)
        assert line == "HTTP/1.1 431 Request Header Fields Too Large"
        assert error["error"] == "The headers have more than 64 KiB."
        line, error = _answer(server.port, b"nonsense\r\n\r\n")
        assert line == "HTTP/1.1 400 Bad Request"
        assert error["error"] == "Invalid HTTP request received."
        assert _status(server.port, "/healthz") == 200
        assert "Traceback" not in server.said


def test_a_body_that_nobody_reads_does_not_hold_a_connection(tmp_path: Path) -> None:
    """A route that does not read it is answered after the rest of it; or never comes to that."""
    with server_process(tmp_path / "home", "--access-log", serve_request_timeout="1") as server:
        start = b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
        line, _ = _answer(server.port, start + b"\r\nto")
        assert line == "HTTP/1.1 408 Request Timeout"
        line, _ = _answer(server.port, start + b"Connection: close\r\n\r\n" + 100 * b"x")
        assert line == "HTTP/1.1 405 Method Not Allowed"
        waiting = start + b"Expect: 100-continue\r\n\r\n"
        line, _ = _answer(server.port, waiting)
        assert line == "HTTP/1.1 405 Method Not Allowed"
        # A client that goes away is not a bug.
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(start.replace(b"/healthz", b"/sign-in") + b"\r\nto")
        wait_until(lambda: "POST /sign-in" in server.said, 10, "the request is counted")
        assert "ERROR" not in server.said


@pytest.mark.process
def test_the_demo_is_served(tmp_path: Path) -> None:
    """README: one command from nothing to the API and the dashboard on the sample."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = f"demo --serve --serve-port {port}"
    with server_process(tmp_path / "home", command=command) as server:
        assert _status(server.port, "/readyz") == 200
        assert _status(server.port, "/v0/pipes/campaign_roas.json") == 200
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0


def test_it_says_why_it_cannot_start(ltv: CommandLine) -> None:
    """A taken port, a host that others reach, a host that does not exist."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = ltv("serve", "--port", port)
        assert refused.code == 2
        assert refused.err == (
            f"Error: Cannot listen on 127.0.0.1:{port}: Address already in use.\n"
            "Stop the process using it, or choose another port with --port.\n"
        )
        refused = ltv("up", "--serve", "--serve-port", port, "--port", port)
        assert (refused.code, "Address already in use" in refused.err) == (2, True)
    for command in (("serve",), ("up", "--serve")):
        refused = ltv(*command, "--host", "0.0.0.0")
        assert refused.code == 2
        assert refused.err == (
            "Error: There is no token: everybody who reaches 0.0.0.0 could read all figures.\n"
            "Create one first: `ltv token create NAME --scope ADMIN`; or leave out --host.\n"
        )
    unknown = ltv("serve", "--host", "no.such.host.invalid")
    assert unknown.code == 2
    assert "The host 'no.such.host.invalid' is unknown" in unknown.err
