"""metrics.md §2: what cohorts cost: spend by campaign, country and day, campaign_roas."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.errors import UserError
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

AS_OF = "2025-01-31"


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Spend with and without country, with and without installs."""
    home = Home(tmp_path_factory.mktemp("home"), as_of=AS_OF)
    home.load(
        "customers",
        *(f"{name},2025-01-01 10:00:00,{name[:2]},ads,c1" for name in ("BR1", "DE1", "US1")),
        *(f"ZZ{place},2025-01-02 10:00:00,ZZ,ads,c1" for place in range(3)),
        "US2,2025-01-03 10:00:00,US,ads,free",
        "US3,2025-01-04 10:00:00,,ads,c1",
    )
    home.load(
        "transactions",
        "t1,BR1,2025-01-01 11:00:00,1,0",
        *(f"z{place},ZZ0,2025-01-02 11:00:00,1,0" for place in range(4)),
        "t2,US2,2025-01-03 11:00:00,7,0",
    )
    home.load(
        "campaign_costs",
        "c1,2025-01-01,,10",  # spread over BR, DE, US
        "c1,2025-01-01,US,5",  # beside a line with a country
        "c1,2025-01-02,ZZ,10",  # two lines of one key add up
        "c1,2025-01-02,ZZ,20",
        "c1,2025-01-02,FR,4",  # a country without installs on a day with
        "c1,2025-01-03,,8",  # a day without installs
        "c1,2025-01-04,,6",  # the only install has no country
        "wasted,2025-01-01,JP,3",
        "zero,2025-01-01,US,0",
    )
    home.publish()
    return home


def _spend(home: Home, where: str) -> list[Any]:
    return home.values(
        f"SELECT country, installs, spend FROM campaign_roas WHERE {where} ORDER BY 1"
    )


def test_spend_is_aggregated_before_any_join(placed: Home) -> None:
    """It is aggregated to (campaign, country, day) *before* any join."""
    assert _spend(placed, "install_date = '2025-01-02' AND country = 'ZZ'") == [("ZZ", 3, 30)]


def test_spend_without_country_is_spread_by_installs(placed: Home) -> None:
    """Spread by installs; the rounding remainder is left on the first by key."""
    assert _spend(placed, "install_date = '2025-01-01' AND campaign_id = 'c1'") == [
        ("BR", 1, Decimal("3.333334")),
        ("DE", 1, Decimal("3.333333")),
        ("US", 1, Decimal("8.333333")),
    ]
    assert _spend(placed, "install_date = '2025-01-04'") == [("(unknown)", 1, 6)]


def test_wasted_money_counts(placed: Home) -> None:
    """A campaign-day without installs is a cohort of size 0 that keeps its spend.

    Country `(unknown)` where none is given. Rows of campaign_roas, not of campaign_ltv.
    """
    assert _spend(placed, "install_date = '2025-01-03' AND campaign_id = 'c1'") == [
        ("(unknown)", 0, 8)
    ]
    assert _spend(placed, "campaign_id = 'wasted'") == [("JP", 0, 3)]
    assert _spend(placed, "country = 'FR'") == [("FR", 0, 4)]
    row = placed.one("SELECT * FROM campaign_roas WHERE campaign_id = 'wasted'")
    assert (row["cpi"], row["roas_d7"], row["revenue_d7"]) == (None, 0.0, 0)
    assert placed.values("SELECT COUNT(*) FROM campaign_ltv WHERE installs = 0") == [0]
    assert placed.values("SELECT COUNT(*) FROM campaign_ltv WHERE campaign_id = 'wasted'") == [0]


def test_ratios_with_a_zero_denominator_are_null(placed: Home) -> None:
    """A ratio with a zero or missing denominator is NULL: never 0, infinity or NaN."""
    zero = placed.one("SELECT * FROM campaign_roas WHERE campaign_id = 'zero'")
    assert (zero["spend"], zero["roas_d7"], zero["roas_to_date"], zero["cpi"]) == (
        0,
        None,
        None,
        None,
    )
    free = placed.one("SELECT * FROM campaign_roas WHERE campaign_id = 'free'")
    assert (free["spend"], free["cpi"], free["roas_d7"]) == (None, None, None)
    assert free["revenue_d7"] == 7
    for table in placed.graph.catalog.derived:
        for column in table.published:
            if column.type == "DOUBLE":
                strange = placed.values(
                    f"SELECT COUNT(*) FROM {table.name} WHERE NOT isfinite({column.name})"
                )
                assert strange == [0]


def test_both_kinds_of_campaign_stay(placed: Home) -> None:
    """Campaigns with spend and no installs, or installs and no spend, both stay."""
    rows = placed.published("SELECT * FROM campaign_summary ORDER BY campaign_id")
    figures = {
        row["campaign_id"]: (row["installs"], row["cohort_cost"], row["total_revenue_d7"])
        for row in rows
    }
    assert figures == {
        "c1": (7, 63, 5),
        "free": (1, None, 7),
        "wasted": (0, 3, 0),
        "zero": (0, 0, 0),
    }
    by_name = {row["campaign_id"]: row for row in rows}
    for name in ("free", "zero"):
        assert by_name[name]["roas_d7"] is None and by_name[name]["cohort_roas_d7"] is None
    assert by_name["wasted"]["ltv_d7_per_user"] is None
    assert by_name["wasted"]["roas_d7"] == 0.0


def test_spend_adds_up_to_the_source(placed: Home) -> None:
    """Revenue, spend … in a report add up to the source's."""
    assert placed.values("SELECT SUM(cost) FROM (FROM campaign_roas SELECT spend AS cost)") == [66]
    assert placed.engine.rows("SELECT SUM(cost) FROM raw.campaign_costs") == [(66,)]
    assert placed.values("SELECT SUM(spend_d7) FROM country_roas") == [66]


def test_restated_spend_replaces_campaign_and_day(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A later load replaces the (campaign, day)s that it contains, deleted lines too."""
    home = Home(tmp_path_factory.mktemp("home"), groups=CAMPAIGNS, as_of=AS_OF)
    home.load("customers", "a,2025-01-01 10:00:00,US,ads,c1")
    home.load(
        "campaign_costs",
        "c1,2025-01-01,US,10",
        "c1,2025-01-01,DE,20",
        "c1,2025-01-02,US,40",
        "c2,2025-01-01,US,80",
    )
    home.publish()
    assert home.values("SELECT SUM(cohort_cost) FROM campaign_summary") == [150]
    home.load("campaign_costs", "c1,2025-01-01,US,11", "c1,2025-01-01,US,1")
    home.publish()
    spend = "SELECT campaign_id, date, country, spend FROM campaign_spend ORDER BY ALL"
    assert home.values(spend) == [
        ("c1", date(2025, 1, 1), "US", 12),
        ("c1", date(2025, 1, 2), "US", 40),
        ("c2", date(2025, 1, 1), "US", 80),
    ]
    assert home.values("SELECT country FROM campaign_roas WHERE country = 'DE'") == []
    assert home.values("SELECT SUM(spend) FROM campaign_roas") == [132]


def test_no_share_of_spread_spend_is_negative(tmp_path: Path) -> None:
    """Shares are rounded down, so the remainder of the first is never negative; sums are exact."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of=AS_OF)
    countries = ("AT", "BE", "CH", "DE")
    home.load("customers", *(f"{c},2025-01-01 10:00:00,{c},ads,c1" for c in countries))
    home.load("customers", "DE2,2025-01-02 10:00:00,DE,ads,c1", "AT2,2025-01-02,AT,ads,c1")
    home.load("campaign_costs", "c1,2025-01-01,,0.000002", "c1,2025-01-02,,999999999999.999997")
    home.publish()
    assert _spend(home, "install_date = '2025-01-01'") == [
        ("AT", 1, Decimal("0.000002")),
        *((country, 1, 0) for country in countries[1:]),
    ]
    assert _spend(home, "install_date = '2025-01-02'") == [
        ("AT", 1, Decimal("499999999999.999999")),
        ("DE", 1, Decimal("499999999999.999998")),
    ]


def test_spend_needs_a_campaign(tmp_path: Path) -> None:
    """A customer may say (organic) or (unknown) in words; spend under these is quarantined."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of=AS_OF)
    home.load("customers", "a,2025-01-01,US,ads,(organic)", "b,2025-01-01,(unknown),ads,")
    home.load("campaign_costs", "(organic),2025-01-01,US,1", "c1,2025-01-01,(unknown),2")
    home.publish()
    assert home.values("SELECT reasons[1] FROM quarantine") == [
        "campaign_id: (organic) and (unknown) are customers without a campaign; spend has one"
    ]
    assert home.values(
        "SELECT campaign_id, country, installs, spend FROM campaign_roas ORDER BY 1"
    ) == [
        ("(organic)", "US", 1, None),
        ("(unknown)", "(unknown)", 1, None),
        ("c1", "(unknown)", 0, 2),
    ]


def test_totals_of_more_than_twelve_digits(tmp_path: Path) -> None:
    """Each row has the largest amount that the contract allows; rupiah come near to it."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of=AS_OF)
    home.load("customers", "a,2025-01-01,ID,ads,c1")
    home.load("transactions", *(f"t{n},a,2025-01-02,999999999999,0" for n in range(20)))
    home.load(
        "campaign_costs", *(f"c1,2025-01-01,{country},999999999999" for country in ("", "ID"))
    )
    home.publish()
    assert home.values("SELECT revenue_d7 FROM campaign_ltv") == [19_999_999_999_980]
    assert home.values("SELECT spend FROM campaign_roas") == [1_999_999_999_998]
    assert home.values("SELECT total_revenue_d7 FROM campaign_summary") == [19_999_999_999_980]
    assert home.values("SELECT roas_d7 FROM campaign_roas") == [10]


def test_an_amount_without_room_is_told(tmp_path: Path) -> None:
    """A rate can make more of it than a row has room for; the day is not touched."""
    home = Home(tmp_path, groups=CAMPAIGNS, as_of=AS_OF)
    home.load("customers", "a,2025-01-01,ID,ads,c1")
    home.load("fx_rates", "2025-01-01,KWD,3.2")
    columns = "transaction_id,customer_id,transaction_date,amount,currency"
    home.load("transactions", "t1,a,2025-01-02,900000000000,KWD", header=columns)
    with pytest.raises(
        UserError,
        match=r"core\.transactions .* money columns hold twelve digits",
    ) as error:
        home.publish()
    assert "LTV_CURRENCY" in str(error.value.hint)
    home.load("transactions", "t1,a,2025-01-02,1,0")
    home.publish()
    assert home.values("SELECT revenue_d7 FROM campaign_ltv") == [1]
