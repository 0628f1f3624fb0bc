"""Signing in to the dashboard, and what pages of other sites cannot do: only a browser knows."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ltv_platform.serving.tokens import create_token
from ltv_platform.settings import load_settings
from ltv_platform_tests.serving.server_process import ServerProcess, server_process

pytestmark = pytest.mark.browser

#: A page of another site: a link to the dashboard, and a form that sends an event.
_PAGE = """<!doctype html><title>Elsewhere</title><a id="link" href="{0}/data?grain=week">link</a>
<form method="post" enctype="text/plain" action="{0}/v0/events?name=customers">
<input name='{{"customer_id": "forged", "registration_date": "2026-01-02", "x' value='": 1}}'>
<button>send</button></form>"""


@contextmanager
def _elsewhere(address: str) -> Iterator[str]:
    """The address of another site: `localhost`, while the server is 127.0.0.1."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(_PAGE.format(address).encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{site.server_port}"
        finally:
            site.shutdown()
            thread.join()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server without figures, whose pages say so."""
    with server_process(tmp_path / "home", "--access-log") as running:
        yield running


def test_signing_in(
    programs: tuple[str, str], pictures: Path, tmp_path: Path, serving: ServerProcess
) -> None:
    """docs/api.md, Browsers: by the form, by the address, after a link from another site."""
    from ltv_platform_tests.browser.screen import Screen

    address = f"http://127.0.0.1:{serving.port}"
    with _elsewhere(address) as other:
        screen = Screen(*programs, tmp_path / "profile", "", pictures)
        try:
            screen.open(f"{other}/", "link")
            screen.click("//button")
            screen.wait_for("A page of another site sends this request.")

            token = create_token(load_settings(home=tmp_path / "home"), "a", ["READ:dashboard"])
            screen.open(f"{address}/data?grain=week", "Sign in", "Token")
            screen.picture("sign_in")
            screen.write("//input[@id='token']", token)
            screen.wait(lambda: screen.address == f"{address}/data?grain=week", "the page")
            screen.wait_for("Nothing is published")

            screen.open(f"{other}/", "link")
            screen.click("//a")
            screen.wait(lambda: screen.address == f"{address}/data?grain=week", "the page")
            screen.wait_for("Nothing is published")
        finally:
            screen.close()
        screen = Screen(*programs, tmp_path / "another", "", pictures)
        try:
            screen.open(f"{address}/data?token={token}&grain=week", "Nothing is published")
            assert screen.address == f"{address}/data?grain=week"
        finally:
            screen.close()
    assert token not in serving.said
