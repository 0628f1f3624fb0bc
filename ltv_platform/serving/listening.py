"""Addresses to listen on: for `ltv serve`, and for `ltv up` before it starts anything."""

import ipaddress
import socket

from ltv_platform.errors import UserError
from ltv_platform.serving.tokens import list_tokens
from ltv_platform.settings import Settings


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host.

    Raises:
        UserError: the name is unknown.
    """
    return all(
        ipaddress.ip_address(address.partition("%")[0]).is_loopback for _, address in _found(host)
    )


def refuse_open(settings: Settings, host: str) -> None:
    """Refuse to let everybody in.

    Raises:
        UserError: the host is beyond loopback, and no token is configured.
    """
    if not is_loopback(host) and not list_tokens(settings):
        raise UserError(
            f"There is no token: everybody who reaches {host} could read all figures.",
            "Create one first: `ltv token create NAME --scope ADMIN`; or leave out --host.",
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound to a host and a port; 0: any free port.

    Raises:
        UserError: the port is taken or not allowed, or the host is not of this machine.
    """
    family, address = _found(host)[0]
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
    except OSError as error:
        listening.close()
        raise UserError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            "Stop the process using it, or choose another port with --port.",
        ) from error
    return listening


def url_of(host: str, port: int) -> str:
    """The URL of a server from this machine."""
    reached = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared only
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"


def _found(host: str) -> list[tuple[socket.AddressFamily, str]]:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UserError(
            f"The host {host!r} is unknown: {error.strerror or error}.",
            "Use an address of this machine, such as 127.0.0.1.",
        ) from error
    # IPv4 first: `localhost` is that to most programs.
    found = [(family, str(address[0])) for family, *_, address in answers]
    return sorted(found, key=lambda one: one[0] != socket.AF_INET)
