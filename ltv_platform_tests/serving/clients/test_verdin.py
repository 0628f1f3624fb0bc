"""verdin, as it is on PyPI, sends events and asks pipes."""

import pytest
import verdin.client
from verdin.api import ApiError
from verdin.pipe import PipeError

from ltv_platform_tests.serving.clients.conftest import Server

pytestmark = pytest.mark.slow(10)


@pytest.fixture
def tinybird(server: Server) -> verdin.client.Client:
    """Its client."""
    return verdin.client.Client(server.token, api=server.url)


def test_pipes(tinybird: verdin.client.Client) -> None:
    """Rows, their types and numbers; a long question, which it sends by POST, is read too."""
    answer = tinybird.pipe("customer_ltv").query({"country": "US", "is_active": "1"})
    assert [row["customer_id"] for row in answer.data] == ["cust_1"]
    assert answer.meta[0] in ({"name": "customer_id", "type": "String"}, ("customer_id", "String"))
    assert tinybird.pipe("customer_ltv").query({"country": "XX"}).empty
    pipes = tinybird.api.pipes
    assert pipes.query("customer_ltv", parameters={"country": "US"}).rows == 2
    assert len(pipes.query("customer_ltv", format="ndjson").data) == 3
    assert pipes.query("customer_ltv", format="csv").data[0]["customer_id"] == "a"
    with pytest.raises(ApiError, match=r"country is 'yyy.*; expected a text"):
        pipes.query("customer_ltv", parameters={"country": "y" * 9000})


def test_what_pipes_there_are(tinybird: verdin.client.Client) -> None:
    """Their list, and one of them."""
    names = [pipe["name"] for pipe in tinybird.api.pipes.list().pipes]
    assert names[:2] == ["customer_ltv", "ltv_by_cohort"]
    info = tinybird.api.pipes.get_information("ltv_forecast").info
    assert [node["params"][0]["name"] for node in info["nodes"]] == ["segment"]


def test_errors_have_a_message(tinybird: verdin.client.Client) -> None:
    """It shows ours."""
    with pytest.raises(PipeError, match="is_active is '2'; expected 1 or 0"):
        tinybird.pipe("customer_ltv").query({"is_active": "2"})
    with pytest.raises(PipeError, match="There is no pipe 'customers'"):
        tinybird.pipe("customers").query()
    with pytest.raises(PipeError, match="q= is not supported"):
        next(tinybird.pipe("customer_ltv").pages())


def test_events(tinybird: verdin.client.Client) -> None:
    """Many rows at once, one of which breaks the contract."""
    rows = [
        {"transaction_id": f"v{n}", "customer_id": "a", "transaction_date": day, "amount": 1.5}
        for n, day in enumerate(("2025-04-01 10:00:00", "2025-04-01T11:00:00", "never"))
    ]
    for compress in (False, True):
        sent = tinybird.api.events.send("transactions", rows, wait=True, compress=compress)
        assert (sent.successful_rows, sent.quarantined_rows) == (2, 1)
    with pytest.raises(ApiError, match="There is no data source 'things'"):
        tinybird.datasource("things").send_events([{"a": 1}])
