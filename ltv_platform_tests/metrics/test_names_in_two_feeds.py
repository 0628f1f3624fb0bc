"""metrics.md, Names: different spellings in two feeds are treated as one, or cause a warning."""

from pathlib import Path

import pytest

from ltv_platform.checks import CheckOutcome, table_checks
from ltv_platform.countries import country_codes, country_of, is_known
from ltv_platform_tests.testing.home import CAMPAIGNS, Home


def check(home: Home, name: str) -> CheckOutcome:
    """The outcome of a check on the warehouse as it is."""
    [check] = [check for check in table_checks(home.settings) if check.name == name]
    return check.run(home.engine)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home that makes the tables of campaigns."""
    return Home(tmp_path, groups=CAMPAIGNS)


@pytest.mark.parametrize(
    ("of_customers", "of_spend", "code"),
    [
        ("US", "us", "US"),
        ("us", "USA", "US"),
        ("GB", "United Kingdom", "GB"),
        ("UK", "gbr", "GB"),
        ("Côte d’Ivoire", "ivory coast", "CI"),
        ("NA", "Namibia", "NA"),
        ("Turkey", "Türkiye", "TR"),
        ("St. Lucia", "saint lucia", "LC"),
        ("Nowhere", "NOWHERE", "NOWHERE"),
    ],
)
def test_one_country_in_two_spellings_is_one(
    home: Home, of_customers: str, of_spend: str, code: str
) -> None:
    """Regression: spend under another spelling than the customers' gave a ROAS of NULL."""
    home.load("customers", f"a,2025-01-01,{of_customers},ads,c1")
    home.load("transactions", "t1,a,2025-01-01 10:00,6,0", "t2,a,2025-02-01 10:00,1,0")
    home.load("campaign_costs", f"c1,2025-01-01,{of_spend},3", f"c1,2025-02-01,{of_spend},1")
    home.publish()
    row = home.one("SELECT * FROM country_roas")
    assert (row["country"], row["spend_d7"], row["roas_d7"]) == (code, 3, 2.0)


def test_every_code_stands_for_itself() -> None:
    """No name is the two letters of another country, and every code is known."""
    codes = set(country_codes().values())
    assert len(codes) == 250
    assert not codes & set(country_codes()) - {"UK", "EL"}
    assert all(country_of(code.lower()) == code for code in codes)
    assert is_known("deu")
    assert not is_known("Deutschland")


def test_a_country_that_is_none_is_told_with_both_spellings(home: Home) -> None:
    """A name in another language has no counterpart."""
    home.load("customers", "a,2025-01-01,DE,ads,c1", "b,2025-01-01,Schweiz,ads,c1")
    home.load("campaign_costs", "c1,2025-01-01,Deutschland,3", "c1,2025-01-01,FR,3")
    home.publish()
    outcome = check(home, "countries_are_known")
    assert not outcome.passed
    assert "spend under DEUTSCHLAND; customers under SCHWEIZ" in outcome.description
    assert outcome.figures == {"spend_countries": 1, "customers_countries": 1}


def test_campaigns_that_differ_in_capitals_are_told_and_not_merged(home: Home) -> None:
    """Some networks have ids whose case matters."""
    home.load("customers", "a,2025-01-01,DE,ads,Spring Sale", "b,2025-01-01,DE,ads,x")
    home.load("campaign_costs", "c1,2025-01-01,DE,3", "spring sale,2025-01-01,DE,3")
    home.publish()
    outcome = check(home, "campaigns_are_spelled_alike")
    assert "Spring Sale / spring sale" in outcome.description
    assert home.values("SELECT campaign_id FROM campaign_summary ORDER BY 1") == [
        "Spring Sale",
        "c1",
        "spring sale",
        "x",
    ]


@pytest.mark.parametrize("word", ["N/A", "null", "NULL", "None", "(not set)", "undefined", "-"])
def test_a_word_for_nothing_is_no_campaign_and_no_source(home: Home, word: str) -> None:
    """Regression: (not set) was a separate campaign, and organic customers were (unknown)."""
    home.load("customers", f"a,2025-01-01,DE,ads,{word}", f"b,2025-01-01,DE,{word},{word}")
    home.publish()
    rows = home.values(
        "SELECT customer_id, campaign_id, acquisition_source FROM customers ORDER BY 1"
    )
    assert rows == [("a", "(unknown)", "ads"), ("b", "(organic)", None)]


def test_a_word_for_nothing_is_no_country(home: Home) -> None:
    """Of customers and of spend, which is spread over the countries of the installs then."""
    home.load("customers", "a,2025-01-01,N/A,ads,c1", "b,2025-01-01,DE,ads,c1")
    home.load("campaign_costs", "c1,2025-01-01,(not set),4")
    home.publish()
    rows = home.values("SELECT country, spend FROM campaign_roas ORDER BY 1")
    assert rows == [("(unknown)", 2), ("DE", 2)]


def test_words_for_nothing_are_a_setting(tmp_path: Path) -> None:
    """A source may be called None."""
    home = Home(tmp_path, groups=CAMPAIGNS, missing_words="")
    home.load("customers", "a,2025-01-01,DE,ads,None")
    home.publish()
    assert home.values("SELECT campaign_id FROM customers") == ["None"]
