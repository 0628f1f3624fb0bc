"""Reports of Fivetran's ad_reporting.

``fivetran_ad_reporting.csv``, by hand: in five days google_ads cost 1.50 + 2.25 a day, 18.75;
facebook_ads 10.00 a day, 50.00; microsoft_ads 3.125 a day, 15.625; linkedin_ads, whose campaign has
no id, 4.375 a day, 21.875; snapchat_ads and pinterest_ads have a campaign of one id, each 1.00 a
day, 10.00 in all. That is 116.25.

Of 37 rows 1 has neither spend nor impressions and is left out, 1 is quarantined (``unknown``), 35
are accepted.
"""

from pathlib import Path

import duckdb
import pytest

from ltv_platform_tests.ingestion.adapters.formats import ad_files
from ltv_platform_tests.ingestion.adapters.formats.ad_files import load_file, notes, refusal, spend
from ltv_platform_tests.testing.loader import Loader

REPORT = ad_files.text_of("fivetran_ad_reporting.csv")
BY_SOURCE = (
    "SELECT spend_source, CAST(CAST(SUM(cost) AS DECIMAL(18,3)) AS VARCHAR) "
    "FROM raw.campaign_costs GROUP BY 1 ORDER BY 1"
)
SPENT = [
    ("facebook_ads", "50.000"),
    ("google_ads", "18.750"),
    ("linkedin_ads", "21.875"),
    ("microsoft_ads", "15.625"),
    ("pinterest_ads", "5.000"),
    ("snapchat_ads", "5.000"),
]


def test_a_report_becomes_spend_and_campaigns(load: Loader) -> None:
    outcomes = load_file(load, "r.csv", REPORT)
    assert ad_files.counts(outcomes) == {
        "campaign_costs": (37, 1, 35, 1),
        "campaigns": (37, 31, 6, 0),
    }
    assert load.rows(BY_SOURCE) == SPENT
    assert spend(load) == {
        ("111", ""): "18.75",
        ("120210000000000001", ""): "50.00",
        ("500000001", ""): "15.62",
        ("LinkedIn brand", ""): "21.88",
        ("shared", ""): "10.00",
    }
    assert load.rows("SELECT SUM(impressions), SUM(clicks) FROM raw.campaign_costs") == [
        (6950, 105)
    ]
    [(_, [reason])] = load.reasons()
    assert reason.startswith("cost: 'unknown'")
    assert load.rows(
        "SELECT campaign_name, media_source FROM raw.campaigns WHERE campaign_id = '111'"
    ) == [("Brand", "google_ads")]
    ad_files.assert_no_person(load)


def test_the_same_report_changes_nothing_and_a_restated_one_replaces(load: Loader) -> None:
    load_file(load, "r.csv", REPORT)
    ad_files.changes_nothing(load, "again.csv", REPORT)
    load_file(load, "later.csv", REPORT.replace(",3.125,", ",3.225,"))
    assert spend(load)["500000001", ""] == "16.12"
    assert spend(load)["111", ""] == "18.75"


def test_typed_parquet_is_read(load: Loader, tmp_path: Path) -> None:
    """Days are dates, amounts doubles, ids whole numbers."""
    path = tmp_path / "files" / "r.parquet"
    path.parent.mkdir(exist_ok=True)
    duckdb.sql(
        f"""
        COPY (
          SELECT 'x' AS source_relation, DATE '2025-09-01' + CAST(i % 3 AS INTEGER) AS date_day,
            'google_ads' AS platform, 77 AS account_id, 'Anna Muster' AS account_name,
            1792345678901230000 + i % 2 AS campaign_id, 'Brand' AS campaign_name, i AS clicks,
            CAST(100 AS DOUBLE) AS impressions, 0.1 + CAST(0.2 AS DOUBLE) AS spend,
            CAST(0 AS DOUBLE) AS conversions
          FROM range(30) AS rows(i)
        ) TO '{path}' (FORMAT parquet)
        """
    )
    load_file(load, "r.parquet", path.read_bytes())
    assert spend(load) == {
        ("1792345678901230000", ""): "4.50",
        ("1792345678901230001", ""): "4.50",
    }
    assert load.rows("SELECT COUNT(DISTINCT date), SUM(impressions) FROM raw.campaign_costs") == [
        (3, 3000)
    ]
    ad_files.assert_no_person(load)


def test_amounts_of_three_decimals(load: Loader) -> None:
    """A program has written them: 12.345 is never a number of thousands."""
    load_file(load, "r.csv", "date_day,platform,campaign_id,spend\n2025-09-01,x,1,12.345\n")
    assert load.rows("SELECT CAST(cost AS VARCHAR) FROM raw.campaign_costs") == [("12.345000",)]


@pytest.mark.parametrize("time", ["", " 00:00:00", "T00:00:00Z", " 00:00:00 UTC", " 00:00:00+00"])
def test_days_as_moments(load: Loader, time: str) -> None:
    load_file(load, "r.csv", f"date_day,platform,campaign_id,spend\n2025-09-01{time},x,1,2\n")
    assert load.rows("SELECT CAST(date AS VARCHAR) FROM raw.campaign_costs") == [("2025-09-01",)]


@pytest.mark.parametrize("empty", ["NULL", "\\N"])
def test_what_a_warehouse_writes_for_nothing(load: Loader, empty: str) -> None:
    """A campaign without an id is identified by its name, and an empty value is not a number."""
    rows = f"2025-09-01,x,{empty},A,2,{empty}\n2025-09-01,x,7,B,{empty},{empty}\n"
    header = "date_day,platform,campaign_id,campaign_name,spend,impressions\n"
    outcomes = load_file(load, "r.csv", header + rows)
    assert ad_files.counts(outcomes)["campaign_costs"] == (2, 1, 1, 0)
    assert spend(load) == {("A", ""): "2.00"}


def test_a_report_by_account_is_refused(load: Loader) -> None:
    message = refusal(
        load_file(load, "r.csv", "date_day,platform,account_id,spend\n2025-09-01,x,1,2\n")
    )
    assert "ad_reporting__campaign_report" in message


def test_beside_a_report_of_the_network(load: Loader) -> None:
    """google_ads is the name of both: the later one counts, nothing doubles."""
    load_file(load, "r.csv", REPORT)
    report = "Day,Campaign,Campaign ID,Cost\n2025-09-01,Brand,111,9.99\n"
    assert "was replaced" in notes(load_file(load, "g.csv", report))
    assert spend(load)["111", ""] == "24.99"
