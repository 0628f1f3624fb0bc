"""What the checks detect: in whole tables if written whole, otherwise in the days just written."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.checks import CheckOutcome, table_checks, unique_key
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

SETTINGS: dict[str, Any] = {"start_date": "2025-03-01", "as_of": "2025-03-10", "horizons": (1, 7)}
MARCH = {day: date(2025, 3, day) for day in range(1, 11)}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two customers and their purchases, published."""
    home = Home(tmp_path_factory.mktemp("published") / "home", groups=CAMPAIGNS, **SETTINGS)
    home.load("customers", "a,2025-03-01 10:00:00,US,ads,c1", "b,2025-03-05 10:00:00,DE,,")
    home.load("transactions", "t1,a,2025-03-01 11:00:00,5,0", "t2,b,2025-03-05 11:00:00,3,0")
    home.publish()
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Home:
    """A copy of it to do something to."""
    folder = shutil.copytree(published.settings.home, tmp_path / "home")
    return Home(folder, groups=CAMPAIGNS, **SETTINGS)


def _check(home: Home, name: str) -> CheckOutcome:
    [check] = [check for check in table_checks(home.settings) if check.name == name]
    return check.run(home.engine)


def _repeated(home: Home, table: str, *days: int) -> int:
    contract = home.graph.catalog[table]
    outcome = unique_key(home.engine, contract, [MARCH[day] for day in days] or None)
    assert outcome.passed == (outcome.figures["repeated_keys"] == 0)
    return int(outcome.figures["repeated_keys"])


def test_a_key_twice_in_the_days_written(home: Home) -> None:
    """A typical fan-out of a join: detected in its day and in the whole table."""
    home.engine.rows("INSERT INTO core.transactions FROM core.transactions LIMIT 1")
    given = [_repeated(home, "core.transactions", *days) for days in ((1,), (5,), (1, 5), ())]
    assert given == [1, 0, 1, 1]


def test_a_key_left_behind_on_another_day(home: Home) -> None:
    """A correction moves t1 to the 4th; if the 1st were not rewritten, it would be on both days."""
    home.load("transactions", "t1,a,2025-03-04 11:00:00,5,0")
    home.refresh()
    assert _repeated(home, "core.transactions", 1, 4) == 0
    home.engine.rows(
        "INSERT INTO core.transactions SELECT * REPLACE (DATE '2025-03-01' AS event_date) "
        "FROM core.transactions WHERE transaction_id = 't1'"
    )
    assert _repeated(home, "core.transactions", 4) == 1


@pytest.mark.parametrize(
    "table", ["marts.campaign_ltv", "marts.campaign_cohort_curve", "marts.user_revenue"]
)
def test_a_cohort_written_twice(home: Home, table: str) -> None:
    """Whether or not the key of the table contains its day."""
    home.engine.rows(f"INSERT INTO {table} FROM {table} WHERE install_date = DATE '2025-03-05'")
    assert _repeated(home, table, 5) > 0
    assert _repeated(home, table, 1) == 0


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM marts.revenue_reconciliation WHERE event_date = DATE '2025-03-07'",
        "DELETE FROM core.waiting_for_customer",
        "UPDATE core.transactions SET amount = amount + 1 WHERE transaction_id = 't3'",
        "DELETE FROM marts.campaign_cohort_curve WHERE age_date = DATE '2025-03-07'",
        "UPDATE marts.campaign_ltv SET revenue_to_date = 0",
        "UPDATE marts.user_revenue SET revenue_d7 = 0",
    ],
)
def test_revenue_that_is_lost_on_its_way_is_seen(home: Home, loss: str) -> None:
    """Every purchase of the days to be published is in one bucket, and cohorts add up."""
    home.load("transactions", "t3,a,2025-03-07 11:00:00,7,0", "t4,x,2025-03-07 11:00:00,2,0")
    home.refresh()
    assert _check(home, "revenue_reconciles").passed
    home.engine.rows(loss)
    outcome = _check(home, "revenue_reconciles")
    assert not outcome.passed
    assert "≠" in outcome.description


def test_who_waits_for_a_customer(home: Home) -> None:
    """Per feed; who comes later, even after the event, does not wait any more."""
    assert _waiting(home) == {"waiting_rows": 0}
    home.load("transactions", "t3,x,2025-03-07 11:00:00,7,0", "t4,x,2025-03-08 11:00:00,2,1")
    home.load("customer_interactions", "i1,y,2025-03-08 11:00:00,login")
    home.load("conversions", "v1,x,2025-03-08,11:00:00,5")
    home.publish()
    assert _waiting(home) == {
        "waiting_rows": 4,
        "transactions": 2,
        "interactions": 1,
        "conversions": 1,
    }
    waiting = home.values(
        "SELECT customer_id, CAST(event_date AS VARCHAR), gross_amount, refund_amount "
        "FROM waiting_for_customer WHERE table_name = 'transactions' ORDER BY 2"
    )
    assert waiting == [("x", "2025-03-07", 7, None), ("x", "2025-03-08", None, 2)]
    home.load("customers", "x,2025-03-08 10:00:00,US,ads,c1", "y,2025-03-09 10:00:00,US,ads,c1")
    home.publish()
    assert _waiting(home) == {"waiting_rows": 0}
    assert home.values("SELECT * FROM waiting_for_customer") == []
    buckets = home.values(
        "SELECT bucket, SUM(net_revenue) FROM revenue_reconciliation GROUP BY 1 ORDER BY 1"
    )
    assert buckets == [("(before install)", 7), ("(organic)", 3), ("campaigns", 3)]


def test_attribution_alone_waits_for_nobody(tmp_path: Path) -> None:
    """Sessions and conversions need no customers; other events, or some customers, do."""
    home = Home(tmp_path, groups=CAMPAIGNS, start_date="2025-03-01", as_of="2025-03-10")
    home.load("session_sources", "s1,x,ads,2025-03-07,11:00:00,1,0")
    home.load("conversions", "v1,x,2025-03-08,11:00:00,5")
    home.refresh()
    outcome = _check(home, "customers_are_known")
    assert (outcome.passed, outcome.description) == (True, "")
    assert outcome.figures == {"waiting_rows": 2, "sessions": 1, "conversions": 1}
    home.load("transactions", "t1,x,2025-03-08 11:00:00,7,0")
    home.refresh()
    assert not _check(home, "customers_are_known").passed
    home.load("transactions", "t1,y,2025-03-08 11:00:00,7,0")
    home.load("customers", "y,2025-03-02 10:00:00,US,ads,c1")
    home.refresh()
    assert _check(home, "customers_are_known").description == (
        "1 conversions, 1 sessions wait for their customers: load these into customers"
    )


def _waiting(home: Home) -> Mapping[str, float | str]:
    return _check(home, "customers_are_known").figures
