"""Runs the HTTP server: the address, the process, its end."""

import resource
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from ltv_platform.published.current import current_snapshot
from ltv_platform.serving.app import build_app
from ltv_platform.serving.listening import is_loopback, listen, refuse_open, url_of
from ltv_platform.serving.logs import log_to_stderr
from ltv_platform.serving.protocol import limited_protocol
from ltv_platform.serving.services import Services
from ltv_platform.serving.tokens import Tokens
from ltv_platform.settings import Settings

Tell = Callable[[str], None]
#: Seconds that requests in progress may take after SIGTERM: less than `ltv up` waits for its
#: services.
_GRACE = 4
#: Open files that the server may have, connections included.
_MOST_FILES = 10_000


class _Server(uvicorn.Server):
    """Says when it listens, and ends without an error on a signal."""

    def __init__(self, config: uvicorn.Config, listens: Callable[[], None]) -> None:
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._listens()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End after the requests in progress, or at once on a second Ctrl-C."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def serve(settings: Settings, host: str, port: int, tell: Tell, *, access: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        settings: The settings.
        host: Address to listen on.
        port: Port to listen on; 0: any free one.
        tell: Called with messages for people.
        access: Whether each request has a line in the log.

    Raises:
        UserError: the port is taken, the host is beyond loopback without any token, or something
            that the server needs cannot be opened.
    """
    refuse_open(settings, host)
    log_to_stderr(access=access)
    _allow_connections()
    app = build_app(settings, loopback=is_loopback(host))
    listening = listen(host, port)
    address = url_of(host, listening.getsockname()[1])
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=limited_protocol(settings.serve_request_timeout),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    services: Services = app.state.services
    try:
        with services.live.following():
            _Server(config, lambda: _announce(settings, address, tell)).run([listening])
    except SystemExit:
        if services.failure is None:
            raise
        raise services.failure from None


def _allow_connections() -> None:
    """Raise the limit of open files, which is often 1,024: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _announce(settings: Settings, address: str, tell: Tell) -> None:
    tell(
        f"Serving {settings.home} on {address}; stop it with Ctrl-C.\n"
        f"  Dashboard:          {address}/\n"
        f"  Figures and events: {address}/v0   (documented on {address}/docs)\n"
        f"  Health:             {address}/healthz, /readyz, /metrics"
    )
    if not Tokens(settings).configured:
        tell(
            "No token is configured: everybody on this machine can read figures and send events. "
            "`ltv token create` changes that."
        )
    snapshot = current_snapshot(settings)
    if snapshot is None:
        tell("Nothing is published yet: there are no figures before the first `ltv run`.")
    else:
        tell(f"The figures are as of {snapshot.as_of or 'never: no events yet'}.")
