"""tinybird-sdk, as it is on PyPI, sends events and asks pipes.

It needs the whole command line of Tinybird, whose versions of other packages are not ours.
``make test-clients`` installs it alone, into a folder, where its client works.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ltv_platform_tests.serving.clients.conftest import Server
from ltv_platform_tests.testing import ROOT

FOLDER = ROOT / "build" / "clients"
pytestmark = [
    pytest.mark.slow(10),
    pytest.mark.skipif(
        not (FOLDER / "tinybird_sdk").is_dir(), reason="`make test-clients` installs tinybird-sdk"
    ),
]


@pytest.fixture
def tinybird(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Its client."""
    monkeypatch.syspath_prepend(FOLDER)
    from tinybird_sdk import create_client

    yield create_client({"base_url": server.url, "token": server.token})
    for name in [name for name in sys.modules if name.split(".")[0] == "tinybird_sdk"]:
        del sys.modules[name]


def test_pipes(tinybird: Any) -> None:
    """It adds `from=python-sdk`, and repeats a parameter for each value of a list."""
    answer = tinybird.query("customer_ltv", {"country": ["US", "DE"], "limit": 2})
    assert [row["customer_id"] for row in answer["data"]] == ["a", "b"]
    assert (answer["rows"], answer["rows_before_limit_at_least"]) == (2, 3)
    since = {"start_date": datetime(2025, 4, 1, tzinfo=UTC), "is_active": None}
    assert [row["customer_id"] for row in tinybird.query("customer_ltv", since)["data"]] == ["b"]


def test_errors_have_a_message(tinybird: Any) -> None:
    """It shows ours."""
    with pytest.raises(Exception, match="is_active is 'maybe'") as raised:
        tinybird.query("customer_ltv", {"is_active": "maybe"})
    assert getattr(raised.value, "status_code", None) == 400
    with pytest.raises(Exception, match="SQL is not run over HTTP"):
        tinybird.sql("SELECT 1")
    with pytest.raises(Exception, match="Sources have their own types"):
        tinybird.datasources.truncate("customers")


def test_events(tinybird: Any) -> None:
    """One event, and a batch; decimals come as text."""
    row = {
        "transaction_id": "s1",
        "customer_id": "a",
        "transaction_date": datetime(2025, 4, 1, 12, tzinfo=UTC),
        "amount": Decimal("12.10"),
        "is_refund": 0,
    }
    assert tinybird.ingest("transactions", row) == {"successful_rows": 1, "quarantined_rows": 0}
    batch = [{**row, "transaction_id": "s2"}, {**row, "transaction_id": None}]
    answer = tinybird.ingest_batch("transactions", batch)
    assert answer == {"successful_rows": 1, "quarantined_rows": 1}
