"""Every route of a real server asks for its scope, and no token is written anywhere."""

import shutil
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest

from ltv_platform.events.intake import TABLES
from ltv_platform.pipes.declared import all_pipes
from ltv_platform.reports.dashboard import pages
from ltv_platform.reports.shell import FIRST
from ltv_platform.serving.tokens import create_token
from ltv_platform.settings import Settings
from ltv_platform_tests.serving.server_process import ServerProcess, server_process
from ltv_platform_tests.testing.forked import SAMPLE_NOW
from ltv_platform_tests.testing.home import Home

_ROW = b'{"customer_id": "a", "registration_date": "2026-01-01"}'
#: Letters of a token that are secret.
_SECRET = 43
#: Routes that need no token.
_OPEN = ("/healthz", "/readyz", "/docs", "/openapi.json", "/page.js", "/static/pages.css")


def _guarded() -> Iterator[tuple[str, str, str]]:
    """Method, path and scope of every guarded route."""
    settings = Settings()
    yield "GET", "/metrics", "READ:metrics"
    yield "GET", "/v0/pipes", "READ:pipes"
    yield "GET", "/v0/metrics", "READ:metrics"
    yield "GET", "/v0/metrics/spend.json", "READ:metrics"
    yield "POST", "/mcp", "READ:mcp"
    for pipe in all_pipes(settings):
        yield "GET", f"/v0/pipes/{pipe}.json", f"READ:{pipe}"
        yield "POST", f"/v0/pipes/{pipe}.csv", f"READ:{pipe}"
        yield "GET", f"/v0/pipes/{pipe}", f"READ:{pipe}"
    for source in TABLES:
        yield "POST", f"/v0/events?name={source}", f"APPEND:{source}"
    some = [page for page in pages(settings) if "/" not in page] + ["metrics/spend"]
    for page in some:
        yield "GET", "/" if page == FIRST else f"/{page}", "READ:dashboard"
        yield "GET", f"/{page}.csv?table=campaigns", "READ:dashboard"


@pytest.fixture(scope="module")
def home(published_sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the bundled sample, which events and tokens are written to."""
    folder = tmp_path_factory.mktemp("scopes") / "home"
    shutil.copytree(published_sample.settings.home, folder)
    return Settings(home=folder)


@pytest.fixture(scope="module")
def tokens(home: Settings) -> dict[str, str]:
    """One per scope, and one with all of the others, by names."""
    scopes = {scope for _, _, scope in _guarded()}
    made = {scope: create_token(home, scope.replace(":", "-"), [scope]) for scope in scopes}
    for scope in scopes:
        others = sorted(scopes - {scope})
        made[f"not {scope}"] = create_token(home, f"not-{scope.replace(':', '-')}", others)
    return made


@pytest.fixture(scope="module")
def server(home: Settings, tokens: dict[str, str]) -> Iterator[ServerProcess]:
    """A server that was started with tokens."""
    assert tokens
    with server_process(home.home, "--access-log", now=SAMPLE_NOW) as server:
        yield server


def _status(
    server: ServerProcess, method: str, path: str, headers: dict[str, str] | None = None
) -> int:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = _ROW if "/v0/events" in path else None
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _with_token(path: str, token: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}token={quote(token)}"


def test_routes_need_a_token(server: ServerProcess) -> None:
    """docs/api.md: all but health, documentation and files of ours; names are not revealed."""
    unknown = [("GET", "/v0/pipes/nothing.json", ""), ("POST", "/v0/events?name=nothing", "")]
    answered = {
        (method, path): _status(server, method, path) for method, path, _ in (*_guarded(), *unknown)
    }
    assert {route: status for route, status in answered.items() if status != 403} == {}
    for path in _OPEN:
        assert _status(server, "GET", path) == 200, path


def test_a_token_opens_its_own_routes_alone(server: ServerProcess, tokens: dict[str, str]) -> None:
    """One with all scopes but the right one is refused, one with the right one is not."""
    for method, path, scope in _guarded():
        assert _status(server, method, path, _bearer(tokens[f"not {scope}"])) == 403, path
        assert _status(server, method, path, _bearer(tokens[scope])) not in (401, 403), path


def test_no_token_is_written_anywhere(
    server: ServerProcess, home: Settings, tokens: dict[str, str]
) -> None:
    """Sent by header, query and cookie: not in the log, not in the metrics, in no file."""
    presented = ["p.eyJ1IjogInNlY3JldCJ9.unknown-secret", "plain-secret-word"]
    for method, path, scope in _guarded():
        for token in (tokens[scope], tokens[f"not {scope}"], *presented):
            _status(server, method, _with_token(path, token))
            _status(server, method, path, {"Cookie": f"a=b; ltv_token={token}"})
            _status(server, method, path, _bearer(token))
            _status(server, method, path, {"Referer": f"{server.address}/?token={token}"})
    for path in ("/nowhere", "/v0/pipes/%00", "/sign-in"):
        for token in presented:
            _status(server, "GET", _with_token(path, token), _bearer(token))
    secrets = [token[-_SECRET:].encode() for token in (*tokens.values(), *presented)]
    metrics = HTTPConnection("127.0.0.1", server.port, timeout=60)
    metrics.request("GET", "/metrics", headers=_bearer(tokens["READ:metrics"]))
    written = {
        "the log": server.said.encode(),
        "the metrics": metrics.getresponse().read(),
        **{str(path): path.read_bytes() for path in _files(home.home)},
    }
    metrics.close()
    assert b" 403 " in written["the log"]
    found = {name for name, text in written.items() if any(secret in text for secret in secrets)}
    assert found == set()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
