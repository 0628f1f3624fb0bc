"""Addresses to listen on."""

import ipaddress
import socket

from ltv_platform.errors import UserError


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host.

    Raises:
        UserError: the name is unknown.
    """
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise UserError(
            f"The host {host} is unknown: {error.strerror or error}.",
            "Use an address of this machine, such as 127.0.0.1.",
        ) from error
    return all(ipaddress.ip_address(str(one).partition("%")[0]).is_loopback for one in found)


def url_of(host: str, port: int) -> str:
    """The URL of a server on this machine."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
