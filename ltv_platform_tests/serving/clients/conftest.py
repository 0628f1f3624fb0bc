"""A server for clients: a process on a small published home, with a token."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ltv_platform.serving.tokens import create_token
from ltv_platform_tests.serving.server_process import server_process
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.small_home import SETTINGS, filled


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: Its address.
        token: A token for everything.
        home: What it reads.
    """

    url: str
    token: str
    home: Home


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all clients: they only append events."""
    home = filled(tmp_path_factory.mktemp("clients") / "home")
    home.load(
        "customers",
        "cust_1,2025-03-02 10:00:00,US,organic_search,c1,premium,1",
        header="customer_id,registration_date,country,acquisition_source,campaign_id,segment,"
        "is_active",
    )
    home.load("transactions", "t3,cust_1,2025-03-05 11:00:00,60,0", "t4,cust_1,2025-04-02,70.5,0")
    home.publish()
    token = create_token(home.settings, "clients", ["ADMIN"])
    given: dict[str, Any] = {
        name: ",".join(map(str, v)) if isinstance(v, tuple) else v for name, v in SETTINGS.items()
    }
    with server_process(home.settings.home, **given) as process:
        yield Server(f"http://127.0.0.1:{process.port}", token, home)
