"""Web server, daemon and code server as one: started together, started again, ended together.

`ltv ui` and `ltv up` are this. The three share one code server, which holds the definitions; it
loads them anew when the first partition moved. A service that dies is started again. However the
parent dies, its services end with it (on Linux).
"""

import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.ingestion.start_date import read_start
from ltv_platform.locks import one_service
from ltv_platform.settings import Settings

_LOCATION = "ltv-platform"
#: What is run, by its module.
CODE_SERVER, WEB_SERVER, DAEMON = "dagster code-server", "dagster_webserver", "dagster._daemon"
#: The platform's own definitions.
MODULE = "ltv_platform.definitions"
#: What the web server says of definitions that it has loaded.
_RELOADED = b"WorkspaceLocationEntry"
#: Seconds to wait for it; nothing else is looked at meanwhile.
_ANSWER = 20.0
#: Seconds between two looks at the services.
_LOOK = 0.5
#: Seconds that services get to end by themselves. A run under way ends with them: it is started
#: again when they are, and goes on where it stopped.
_GRACE = 10.0
#: Seconds before a service that died is started again, doubled each time up to the second; one
#: that lived for longer than that begins anew.
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

Tell = Callable[[str], None]


class _Service:
    """A process that is to live."""

    def __init__(self, name: str, arguments: Sequence[str], folder: Path) -> None:
        self.name = name
        self._arguments = arguments
        self._folder = folder
        self._pause = _FIRST_PAUSE
        self._started = 0.0
        self._again = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it ends when this process does."""
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self._arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - no threads are started before
        )

    def keep_alive(self, tell: Tell) -> None:
        """Start it again if it died, after a pause that grows."""
        if self.process is not None and self.process.poll() is not None:
            lived = time.monotonic() - self._started
            self._pause = _FIRST_PAUSE if lived > _LONGEST_PAUSE else self._pause
            self._again = time.monotonic() + self._pause
            tell(f"{self.name} ended ({self.process.returncode}); it starts again.")
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self.process = None
        if self.process is None and time.monotonic() >= self._again:
            self.start()


def serve(settings: Settings, host: str, port: int, module: str, tell: Tell) -> None:
    """Run all services until SIGTERM or Ctrl-C.

    Args:
        settings: The home.
        host: Address to listen on.
        port: Port of the web server.
        module: The module whose definitions are loaded; it lies here or is installed.
        tell: Told what happens.

    Raises:
        UserError: the port is taken, there is no such module, or another one serves this home.
    """
    _refuse_taken(host, port)
    _require_module(module)
    with one_service(settings):
        _serve(settings, host, port, module, tell)


def _serve(settings: Settings, host: str, port: int, module: str, tell: Tell) -> None:
    folder = settings.dagster_path
    code_port = _free_port()
    services = _services(folder, (host, port), code_port, module)
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: ended.append(received))
    known, reload_at = read_start(settings), 0.0
    code_server, *others = services
    try:
        code_server.start()
        tell("Loading the definitions.")
        # The others would complain that it does not answer yet.
        while not ended and not _listens(code_port):
            time.sleep(_LOOK)
            code_server.keep_alive(tell)
        for service in [] if ended else others:
            service.start()
        tell(f"Dagster UI on http://{host}:{port}; end it with Ctrl-C.")
        while not ended:
            time.sleep(_LOOK)
            for service in services:
                service.keep_alive(tell)
            start = read_start(settings)
            if start != known and time.monotonic() >= reload_at:
                if _reload(host, port):
                    tell(f"Partitions start on {start} now; the definitions are loaded again.")
                    known = start
                reload_at = time.monotonic() + _FIRST_PAUSE
    finally:
        _end(services)


def _services(folder: Path, web: tuple[str, int], code_port: int, module: str) -> list[_Service]:
    host, port = web
    workspace = folder / "workspace.yaml"
    server = {"host": "127.0.0.1", "port": code_port, "location_name": _LOCATION}
    # JSON is YAML.
    workspace.write_text(json.dumps({"load_from": [{"grpc_server": server}]}) + "\n", "utf-8")
    of_workspace = ["-w", str(workspace)]
    of_module = ["-m", module]
    if module != MODULE:  # it may lie where the command was given
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


def _end(services: Sequence[_Service]) -> None:
    processes = [service.process for service in services if service.process is not None]
    for process in processes:
        with suppress(ProcessLookupError):
            process.terminate()
    give_up = time.monotonic() + _GRACE
    for process in processes:
        try:
            process.wait(max(0.0, give_up - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with(parent: int) -> Callable[[], None]:
    """What a new process does first: ask the kernel to be ended when its parent ends (Linux)."""

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
            if os.getppid() != parent:  # it ended just before
                os._exit(1)

    return ask


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(
                f"Nothing can listen on {host}:{port}: {error.strerror}.",
                "End what does, or choose another port with --port.",
            ) from error


def _require_module(module: str) -> None:
    """Services would start and end for ever without it."""
    package, here = module.partition(".")[0], Path.cwd()
    if PathFinder.find_spec(package, [str(here), *sys.path]) is None:
        raise UserError(
            f"There is no module {package} in {here}, and none is installed.",
            "Start it from the folder that your module lies in, or install it.",
        )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _reload(host: str, port: int) -> bool:
    """Have the web server load the definitions anew; False: it did not, and is asked again."""
    reached = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    address = f"http://{reached}:{port}/graphql"
    headers: Mapping[str, str] = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, _RELOAD, dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER) as answer:  # noqa: S310 - http, by us
            return _RELOADED in answer.read()  # errors come with status 200, too
    except (OSError, http.client.HTTPException):
        return False
