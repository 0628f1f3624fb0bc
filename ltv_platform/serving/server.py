"""Runs the HTTP server: the address, the process, its end."""

import socket
from collections.abc import Callable

import uvicorn

from ltv_platform.errors import UserError
from ltv_platform.serving.app import build_app
from ltv_platform.serving.listening import is_loopback, url_of
from ltv_platform.serving.logs import log_to_stderr
from ltv_platform.serving.protocol import LimitedProtocol
from ltv_platform.serving.tokens import Tokens
from ltv_platform.settings import Settings

Tell = Callable[[str], None]
#: Seconds that requests in progress may take after SIGTERM.
_GRACE = 10


def serve(settings: Settings, host: str, port: int, tell: Tell, *, access: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        settings: The settings.
        host: Address to listen on.
        port: Port to listen on; 0: any free one.
        tell: Called with messages for people.
        access: Whether each request has a line in the log.

    Raises:
        UserError: the port is taken, or the host is beyond loopback without any token.
    """
    loopback = is_loopback(host)
    tokens = bool(Tokens(settings).configured)
    if not loopback and not tokens:
        raise UserError(
            f"Without a token, everybody who reaches {host} could read all figures.",
            "Create one first: `ltv token create NAME --scope ADMIN`; or leave out --host.",
        )
    listening = _listen(host, port)
    address = url_of(host, listening.getsockname()[1])
    config = uvicorn.Config(
        build_app(settings, loopback=loopback),
        loop="uvloop",
        http=LimitedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    tell(f"Serving {settings.home} on {address}; stop it with Ctrl-C.")
    if not tokens:
        tell("No token is configured: everybody on this machine can read and append.")
    uvicorn.Server(config).run([listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise UserError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            "Stop the process using it, or choose another port with --port.",
        ) from error
    return listening
