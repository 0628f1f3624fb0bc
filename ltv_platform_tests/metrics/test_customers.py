"""metrics.md §1–2: who a customer is, which label they get, which version of a row counts."""

from datetime import date, datetime
from pathlib import Path

import pytest

from ltv_platform_tests.testing.home import CAMPAIGNS, HEADERS, Home

DATED = HEADERS["customers"] + ",city,updated_at"


def test_labels_of_customers_without_campaign(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without campaign_id `(organic)` when the source matches or is empty, else `(unknown)`."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS)
    sources = {
        "organic": "(organic)",
        "Organic_Search": "(organic)",
        "DIRECT": "(organic)",
        "": "(organic)",
        "  ": "(organic)",
        "directory": "(unknown)",
        "inorganic": "(unknown)",
        "ads": "(unknown)",
    }
    home.load(
        "customers",
        *(f"u{place},2025-01-01,US,{source}," for place, source in enumerate(sources)),
        "paid,2025-01-01,US,ads,c1",
        "paid_organic,2025-01-01,US,organic,c1",
    )
    home.load("transactions", *(f"t{place},u{place},2025-01-01,1,0" for place in range(8)))
    home.load("campaign_costs", "c1,2025-01-01,US,10")
    home.publish()
    labels = home.values("SELECT campaign_id FROM customers ORDER BY customer_id")
    assert labels == ["c1", "c1", *sources.values()]
    roas = home.values("SELECT campaign_id, spend, roas_to_date FROM campaign_roas ORDER BY 1")
    assert roas == [("(organic)", None, None), ("(unknown)", None, None), ("c1", 10, 0.0)], (
        "ROAS of both is NULL"
    )


def test_organic_patterns_are_configurable(tmp_path_factory: pytest.TempPathFactory) -> None:
    """LTV_ORGANIC_SOURCES: only `*` is special, and the pattern is the whole source."""
    home = Home(
        tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, organic_sources="seo_*, 50%,wow!, it's"
    )
    organic = ["seo_google", "SEO_", "50%", "wow!", "it's", ""]
    other = ["seoXgoogle", "seo", "50 off", "organic", "direct", "wow"]
    rows = [f"u{place:02d},2025-01-01,US,{s}," for place, s in enumerate(organic + other)]
    home.load("customers", *rows)
    home.publish()
    labels = home.values("SELECT campaign_id FROM customers ORDER BY customer_id")
    assert labels == ["(organic)"] * len(organic) + ["(unknown)"] * len(other)


def test_a_missing_country_is_unknown(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`(unknown)` campaign or country: a named bucket."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS)
    home.load("customers", "a,2025-01-01,,ads,c1", "b,2025-01-01,DE,ads,c1")
    home.publish()
    assert home.values("SELECT country FROM campaign_ltv ORDER BY 1") == ["(unknown)", "DE"]


def _customer(home: Home) -> dict[str, object]:
    home.publish()
    columns = "install_ts, install_date, campaign_id, country, city"
    return home.one(f"SELECT {columns} FROM customers WHERE customer_id = 'a'")


def test_the_earliest_registration_fixes_the_cohort(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The row with the *earliest* registration fixes it, whenever it arrives.

    All other attributes are those of the newest version.
    """
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS)
    home.load("customers", "a,2025-01-05 08:00:00,DE,ads,c2,Rome,2025-01-20", header=DATED)
    home.load("transactions", "t1,a,2025-01-04 12:00:00,5,0")
    home.publish()
    before = home.one("SELECT * FROM revenue_reconciliation")
    assert before["bucket"] == "(before install)"
    home.load("customers", "a,2025-01-03 09:00:00,FR,organic,,Oslo,2025-01-10", header=DATED)
    assert _customer(home) == {
        "install_ts": datetime(2025, 1, 3, 9),
        "install_date": date(2025, 1, 3),
        "campaign_id": "(organic)",  # the earliest had none, and its source is organic
        "country": "FR",
        "city": "Rome",
    }
    cohorts = home.values("SELECT install_date, revenue_to_date FROM campaign_ltv")
    assert cohorts == [(date(2025, 1, 3), 5)], "the cohort of the 5th is gone"
    home.load("customers", "a,2025-01-09 09:00:00,US,ads,c9,Bonn,2025-01-30", header=DATED)
    assert _customer(home) == {
        "install_ts": datetime(2025, 1, 3, 9),
        "install_date": date(2025, 1, 3),
        "campaign_id": "(organic)",
        "country": "FR",
        "city": "Bonn",
    }


CAME_BACK = (
    ("o1,2025-01-01 10:00:00,US,organic,", "o2,2025-01-01 10:00:00,,facebook,"),
    (
        "o1,2025-02-01 10:00:00,DE,facebook_retargeting,c9",
        "o2,2025-02-01 10:00:00,FR,organic,",
    ),
)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("between", [True, False])
def test_a_later_row_of_a_customer_changes_no_install(
    tmp_path: Path, order: tuple[int, int], between: bool
) -> None:
    """Campaign, source and country are those of the earliest; a country it lacks is filled in."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of="2025-03-01")
    for place in order:
        home.load("customers", *CAME_BACK[place])
        if between:
            home.publish()
    home.publish()
    columns = "customer_id, install_date, campaign_id, acquisition_source, country"
    assert home.values(f"SELECT {columns} FROM customers ORDER BY 1") == [
        ("o1", date(2025, 1, 1), "(organic)", "organic", "US"),
        ("o2", date(2025, 1, 1), "(unknown)", "facebook", "FR"),
    ]
    cohorts = "SELECT install_date, campaign_id, country, installs FROM campaign_ltv ORDER BY 2"
    assert home.values(cohorts) == [
        (date(2025, 1, 1), "(organic)", "US", 1),
        (date(2025, 1, 1), "(unknown)", "FR", 1),
    ]


ORDER_AND_INSTALL = (
    ("p1,2025-01-01 11:59:58,,,", "p1,2025-01-01 12:00:00,US,meta,911"),
    ("p2,2025-01-01 12:00:00,,,", "p2,2025-01-01 12:00:00,US,meta,911"),
)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("rows", ORDER_AND_INSTALL)
def test_a_row_that_does_not_say_how_a_customer_came_takes_no_campaign_away(
    tmp_path: Path, rows: tuple[str, str], order: tuple[int, int]
) -> None:
    """Regression: a first order two seconds before the install made an organic customer of it."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of="2025-03-01")
    for place in order:
        home.load("customers", rows[place])
    home.publish()
    columns = "install_date, campaign_id, acquisition_source, country"
    assert home.values(f"SELECT {columns} FROM customers") == [
        (date(2025, 1, 1), "911", "meta", "US")
    ]


VERSIONS = (
    "a,2025-01-05 08:00:00,DE,ads,c2,Rome,2025-01-20",
    "a,2025-01-03 09:00:00,FR,ads,c1,Oslo,2025-01-10",
    "a,2025-01-09 09:00:00,US,ads,c9,Bonn,2025-01-30",
    "a,2025-01-03 09:00:00,BR,ads,c5,Kiel,",
)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_dated_versions_count_the_same_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, order: tuple[int, ...]
) -> None:
    """Newest version of a key: by `updated_at`. Files give the same tables in any order."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS)
    for place in order:
        home.load("customers", VERSIONS[place], header=DATED)
    assert _customer(home) == {
        "install_ts": datetime(2025, 1, 3, 9),
        "install_date": date(2025, 1, 3),
        "campaign_id": "c1",
        "country": "FR",
        "city": "Bonn",
    }


def test_without_updated_at_the_last_received_counts(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Newest version of a key: else by order of receipt."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS)
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1")
    home.load("conversions", "v1,a,2025-01-02,10:00:00,5")
    home.load("transactions", "t1,a,2025-01-02 10:00:00,5,0")
    home.load("transactions", "t1,a,2025-01-02 10:00:00,6,0")
    home.publish()
    assert home.values("SELECT amount FROM transactions") == [6]
    home.load("transactions", "t1,a,2025-01-03 10:00:00,7,0")
    home.load("conversions", "v1,a,2025-01-04,10:00:00,8")
    home.publish()
    assert home.values("SELECT amount, event_date FROM transactions") == [(7, date(2025, 1, 3))]
    assert home.values("SELECT revenue, event_date FROM conversions") == [(8, date(2025, 1, 4))]


def test_a_dated_version_beats_receipt(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An older `updated_at` that arrives later changes nothing; a tie goes to the receipt."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS)
    header = HEADERS["transactions"] + ",updated_at"
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1")
    home.load("transactions", "t1,a,2025-01-02 10:00:00,5,0,2025-01-10", header=header)
    home.load("transactions", "t1,a,2025-01-03 10:00:00,9,0,2025-01-05", header=header)
    home.load("transactions", "t1,a,2025-01-03 10:00:00,8,0", header=HEADERS["transactions"])
    home.publish()
    assert home.values("SELECT amount FROM transactions") == [5]
    home.load("transactions", "t1,a,2025-01-02 10:00:00,4,0,2025-01-10", header=header)
    home.publish()
    assert home.values("SELECT amount FROM transactions") == [4]


def test_session_costs_join_whenever_they_arrive(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Each session's cost once, also when it comes before or long after its session."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS)
    home.load("session_costs", "s1,1.5")
    home.load("session_costs", "s1,2.5")
    home.load("session_sources", "s1,a,ads,2025-01-02,10:00:00,1,0", "s2,a,ads,2025-01-03,1:0,1,0")
    home.load("session_sources", "s2,a,ads,2025-01-03,01:00,1,0")
    home.publish()
    assert home.values("SELECT cost FROM sessions ORDER BY session_id") == [2.5, 0]
    home.load("session_costs", "s2,4")
    home.publish()
    assert home.values("SELECT cost FROM sessions ORDER BY session_id") == [2.5, 4]
