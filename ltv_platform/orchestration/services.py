"""Web server, daemon, code server and HTTP API, started, restarted and stopped together.

This is `ltv ui` and `ltv up`. Web server and daemon share one code server with the definitions,
which are reloaded when the first partition moves. A service that dies is restarted. However the
parent ends, its services and their runs end with it.
"""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.machinery import PathFinder
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.locks import one_service
from ltv_platform.orchestration.process_groups import (
    Watcher,
    end_groups,
    kill_group,
    start_group,
)
from ltv_platform.serving.listening import listen, refuse_open, url_of
from ltv_platform.settings import Settings

_LOCATION = "ltv-platform"
#: The services, by module.
CODE_SERVER, WEB_SERVER, DAEMON = "dagster code-server", "dagster_webserver", "dagster._daemon"
API = "ltv_platform serve"
#: The platform's own definitions.
MODULE = "ltv_platform.definitions"
#: The web server's name for loaded definitions.
_RELOADED = b"WorkspaceLocationEntry"
#: Seconds to wait for the web server.
_ANSWER = 20.0
#: Seconds between two checks of the services.
_LOOK = 0.5
#: Seconds before a dead service is restarted, doubled each time up to the second value; the count
#: is reset after a service has lived longer than that.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_QUIET = ("--log-level", "warning")
_WEB_QUIET = ("--dagster-log-level", "warning", "--suppress-warnings")
_RELOAD = json.dumps(
    {
        "query": "mutation($name: String!) "
        "{ reloadRepositoryLocation(repositoryLocationName: $name) { __typename } }",
        "variables": {"name": _LOCATION},
    }
).encode()

#: Imports a module as the code server would; the last line of stderr has the error.
_TRY = """
import importlib, sys, traceback
try:
    importlib.import_module(sys.argv[1])
except BaseException as error:
    of = [step for step in traceback.extract_tb(error.__traceback__) if step.filename[0] != "<"]
    where = "" if isinstance(error, SyntaxError) else f" ({of[-1].filename}, line {of[-1].lineno})"
    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()) + where)
"""

Tell = Callable[[str], None]


class _Service:
    """A process to keep alive."""

    def __init__(self, name: str, arguments: Sequence[str], folder: Path) -> None:
        self.name = name
        self._arguments = arguments
        self._folder = folder
        self._pause = _FIRST_PAUSE
        self._started = 0.0
        self._again = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        self._started = time.monotonic()
        self.process = start_group(["-m", *self._arguments], self._folder)

    def keep_alive(self, tell: Tell) -> None:
        """Restart it if it died, after a growing pause."""
        if self.process is not None and self.process.poll() is not None:
            lived = time.monotonic() - self._started
            self._pause = _FIRST_PAUSE if lived > _LONGEST_PAUSE else self._pause
            self._again = time.monotonic() + self._pause
            tell(f"{self.name} ended ({self.process.returncode}); restarting it.")
            kill_group(self.process.pid)  # nobody would notice a run that it leaves behind
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self.process = None
        if self.process is None and time.monotonic() >= self._again:
            self.start()


def serve(
    settings: Settings,
    host: str,
    port: int,
    module: str,
    tell: Tell,
    *,
    api_port: int | None = None,
) -> None:
    """Run all services until SIGTERM or Ctrl-C.

    Args:
        settings: The home.
        host: Address to listen on.
        port: The port of the web server.
        module: The module with the definitions, in the current directory or installed.
        tell: Called with messages for people.
        api_port: The port of the HTTP API; None: it is not served.

    Raises:
        UserError: a port is taken, the module does not exist, this home is already served, or the
            API would be open to everybody.
    """
    listen(host, port).close()
    if api_port is not None:
        refuse_open(settings, host)
        listen(host, api_port).close()
    _require_module(module)
    with one_service(settings):
        _serve(settings, (host, port), module, tell, api_port)


def _serve(
    settings: Settings, web: tuple[str, int], module: str, tell: Tell, api_port: int | None
) -> None:
    code_port = _free_port()
    code_server, *others = _services(settings.dagster_path, web, code_port, module)
    first = [code_server]
    if api_port is not None:  # it needs none of the others
        first.append(_api(settings.dagster_path, web[0], api_port))
    services = [*first, *others]
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: ended.append(received))
    definitions = _Definitions(settings, web, tell)
    watcher = Watcher()

    def look(living: Sequence[_Service]) -> None:
        for service in living:
            service.keep_alive(tell)
        watcher.watch([each.process.pid for each in services if each.process is not None])

    try:
        tell("Loading the definitions.")
        look(first)
        # First: the others would complain that the code server does not answer yet.
        while not ended and not _listens(code_port):
            time.sleep(_LOOK)
            look(first)
        # Announced only now: the address must show the UI.
        while not ended and not _answers(*web):
            look(services)
            time.sleep(_LOOK)
        if not ended:
            tell(f"Dagster UI on {url_of(*web)}; stop it with Ctrl-C.")
        while not ended:
            time.sleep(_LOOK)
            look(services)
            definitions.keep_current()
    finally:
        end_groups([each.process.pid for each in services if each.process is not None])
        watcher.dismiss()


class _Definitions:
    """The code server's definitions; they are reloaded when the first partition moves."""

    def __init__(self, settings: Settings, web: tuple[str, int], tell: Tell) -> None:
        self._settings = settings
        self._web = web
        self._tell = tell
        self._known = read_start(settings)
        self._not_before = 0.0
        self._loading: threading.Thread | None = None

    def keep_current(self) -> None:
        """Reload them if necessary, in a thread: it takes long, and shutting down must not wait."""
        if self._loading is not None and self._loading.is_alive():
            return
        start = read_start(self._settings)
        if start != self._known and time.monotonic() >= self._not_before:
            self._loading = threading.Thread(target=self._load, args=[start], daemon=True)
            self._loading.start()

    def _load(self, start: date | None) -> None:
        if _reload(*self._web):
            self._tell(f"Partitions now start on {start}; reloading the definitions.")
            self._known = start
        self._not_before = time.monotonic() + _FIRST_PAUSE


def _services(folder: Path, web: tuple[str, int], code_port: int, module: str) -> list[_Service]:
    host, port = web
    workspace = folder / "workspace.yaml"
    server = {"host": "127.0.0.1", "port": code_port, "location_name": _LOCATION}
    # JSON is YAML.
    workspace.write_text(json.dumps({"load_from": [{"grpc_server": server}]}) + "\n", "utf-8")
    of_workspace = ["-w", str(workspace)]
    of_module = ["-m", module]
    if module != MODULE:  # it may be in the current directory
        of_module += ["-d", str(Path.cwd())]
    return [
        _Service(
            "code server",
            [*CODE_SERVER.split(), "start", *of_module, "-p", str(code_port), *_QUIET],
            folder,
        ),
        _Service(
            "web server",
            [WEB_SERVER, "-h", host, "-p", str(port), *of_workspace, *_WEB_QUIET],
            folder,
        ),
        _Service(
            "daemon",
            [DAEMON, "run", *of_workspace, *_QUIET],
            folder,
        ),
    ]


def _api(folder: Path, host: str, port: int) -> _Service:
    return _Service("API", [*API.split(), "--host", host, "--port", str(port)], folder)


def _require_module(module: str) -> None:
    """Without the module, services would restart forever."""
    package, here = module.partition(".")[0], Path.cwd()
    if PathFinder.find_spec(package, [str(here), *sys.path]) is None:
        raise UserError(
            f"There is no module {package} in {here}, nor is it installed.",
            "Start from the folder that contains your module, or install it.",
        )
    if module == MODULE:  # ours is known to load; checking would cost every start two seconds
        return
    tried = subprocess.run(
        [sys.executable, "-c", _TRY, module],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if tried.returncode != 0:
        *_, why = tried.stderr.decode(errors="replace").strip().splitlines() or ["it exits Python"]
        raise UserError(
            f"The module {module} cannot be loaded: {why}",
            f'Fix it and start again; `python -c "import {module}"` shows where it fails.',
        )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(host: str, port: int) -> bool:
    url = f"{url_of(host, port)}/server_info"
    try:
        with urllib.request.urlopen(url, timeout=_LOOK) as answer:  # noqa: S310 - http, by us
            return bool(answer.status == http.HTTPStatus.OK)
    except (OSError, http.client.HTTPException):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _reload(host: str, port: int) -> bool:
    """Make the web server reload the definitions; False: it did not, so try again."""
    headers: Mapping[str, str] = {"Content-Type": "application/json"}
    url = f"{url_of(host, port)}/graphql"
    request = urllib.request.Request(url, _RELOAD, dict(headers))  # noqa: S310 - http, by us
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER) as answer:  # noqa: S310 - as above
            return _RELOADED in answer.read()  # errors have status 200, too
    except (OSError, http.client.HTTPException):
        return False
