"""metrics.md: spend that is corrected or has two sources, withdrawn orders, and guests."""

from decimal import Decimal
from pathlib import Path

import pytest

from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform_tests.metrics.test_names_in_two_feeds import check
from ltv_platform_tests.testing.home import Home

SALES = "transaction_id,customer_id,transaction_date,amount,is_refund,is_deleted"
SESSIONS = (
    "session_id,user_id,channel_name,event_date,event_time,holder_engagement,closer_engagement,"
    "is_deleted"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with two customers of one campaign."""
    home = Home(tmp_path)
    home.load("customers", "a,2025-01-01,US,ads,c1", "b,2025-01-01,US,ads,c1")
    return home


def spend(home: Home, adapter: str | None, *rows: str) -> Outcome:
    """Load spend, through an adapter of that name."""
    folder = home.settings.home / "spend"
    folder.mkdir(exist_ok=True)
    path = folder / f"spend_{len(list(folder.iterdir()))}.csv"
    path.write_text("\n".join(["campaign_id,date,cost", *rows]) + "\n")
    sql = folder / f"{adapter}.sql"
    sql.write_text("-- table: campaign_costs\nSELECT * FROM file\n")
    request = Request("campaign_costs", path, str(sql) if adapter else None)
    [outcome] = ingest(home.engine, [request])
    assert outcome.error is None
    return outcome


def test_corrections_of_spend_add_up(home: Home) -> None:
    """Ad platforms write them as negative lines; a day below zero is reported."""
    spend(home, "google", "c1,2025-01-01,10", "c1,2025-01-01,-2.5", "c1,2025-01-02,-1")
    home.publish()
    assert home.values("SELECT spend FROM campaign_roas ORDER BY install_date") == [
        Decimal("7.5"),
        Decimal(-1),
    ]
    assert "c1 2025-01-02 -1.000000" in check(home, "spend_is_not_negative").description
    # A ratio over money that came back would be a negative one.
    assert home.values("SELECT roas_to_date FROM campaign_roas ORDER BY install_date") == [0, None]


@pytest.mark.parametrize("order", [("google", "meta"), ("meta", "google")])
def test_spend_of_two_networks_under_one_campaign_adds_up(
    home: Home, order: tuple[str, str]
) -> None:
    """Regression: the second file replaced the first network's spend without a word."""
    rows = {"google": "c1,2025-01-01,10", "meta": "c1,2025-01-01,4"}
    first, second = (spend(home, name, rows[name]) for name in order)
    assert first.notes == ()
    said = f"1 (campaign, day) pairs also have spend from other sources, {order[0]}"
    assert said in second.notes[0]
    home.publish()
    assert home.values("SELECT SUM(spend) FROM campaign_spend") == [14]


def test_a_source_replaces_its_own_spend_and_says_so(home: Home) -> None:
    """With what it was before; a column of the file names the source, too."""
    spend(home, "google", "c1,2025-01-01,10", "c1,2025-01-02,1")
    outcome = spend(home, "google", "c1,2025-01-01,12.5")
    assert outcome.notes == (
        "spend of 1 (campaign, day) pairs from earlier loads was replaced: 10.00 USD became "
        "12.50 (+2.50)",
    )
    header = "campaign_id,date,cost,spend_source"
    home.load("campaign_costs", "c1,2025-01-01,2,meta", header=header)
    home.load("campaign_costs", "c1,2025-01-01,3,meta", header=header)
    home.publish()
    assert home.values("SELECT SUM(spend) FROM campaign_spend") == [Decimal("16.5")]


@pytest.mark.parametrize("how", ["is_deleted", "amount 0"])
def test_an_order_is_taken_back(home: Home, how: str) -> None:
    """metrics.md, Orders that are cancelled: no order, no purchase day, no revenue is left."""
    bought = ("t1,a,2025-01-01 10:00,5,0,", "t2,a,2025-01-02 10:00,7,0,")
    home.load("transactions", *bought, header=SALES)
    home.publish()
    taken_back = "t2,a,2025-01-02 10:00,7,0,1" if how == "is_deleted" else "t2,a,2025-01-02,0,1,"
    home.load("transactions", taken_back, header=SALES)
    home.publish()
    row = home.one("SELECT * FROM customer_ltv WHERE customer_id = 'a'")
    assert (row["ltv"], row["total_orders"], row["last_transaction_date"].day) == (5, 1, 1)
    frequency = home.values("SELECT frequency FROM rfm_segments WHERE customer_id = 'a'")
    assert frequency == [1]


def test_what_is_taken_back_moves_no_watermark(home: Home) -> None:
    """As in a home that never saw it; it can be given back, too."""
    home.load("transactions", "t1,a,2025-01-01 10:00,5,0,", header=SALES)
    home.publish()
    as_of = home.values("SELECT DISTINCT as_of FROM forecast_models")
    home.load("transactions", "t2,a,2025-06-01 10:00,7,0,1", header=SALES)
    home.publish()
    assert home.values("SELECT DISTINCT as_of FROM forecast_models") == as_of
    home.load("transactions", "t2,a,2025-06-01 10:00,7,0,0", header=SALES)
    home.publish()
    assert home.values("SELECT SUM(ltv) FROM customer_ltv") == [12]


def test_a_session_is_taken_back(home: Home) -> None:
    """Its cost goes with it."""
    home.load("session_sources", "s1,a,ads,2025-01-01,10:00,1,1,0", header=SESSIONS)
    home.load("session_costs", "s1,3")
    home.publish()
    assert home.values("SELECT SUM(cost) FROM sessions") == [3]
    home.load("session_sources", "s1,a,ads,2025-01-01,10:00,1,1,1", header=SESSIONS)
    home.publish()
    assert home.values("SELECT COUNT(*) FROM sessions") == [0]


def test_guests_are_in_the_totals_and_in_no_customer_table(home: Home) -> None:
    """Regression: orders without a customer were quarantined, their revenue missing everywhere."""
    home.load("transactions", "t1,a,2025-01-01 10:00,5,0", "t2,,2025-01-02 10:00,7,0",
              "t3,,2025-01-02 11:00,2,1")  # fmt: skip
    home.publish()
    buckets = home.values(
        "SELECT bucket, transactions, gross_revenue, net_revenue FROM revenue_reconciliation "
        "ORDER BY event_date"
    )
    assert buckets == [("campaigns", 1, 5, 5), ("(guest)", 2, 7, 5)]
    assert home.values("SELECT SUM(ltv) FROM customer_ltv") == [5]
    assert home.values("SELECT COUNT(*) FROM waiting_for_customer") == [0]
    assert check(home, "customers_are_known").passed
