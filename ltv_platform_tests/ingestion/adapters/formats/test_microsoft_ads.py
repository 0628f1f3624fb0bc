"""Reports of Microsoft Advertising.

``microsoft_ads.csv``, by hand: in ten days Search – Brand cost 15.15 + 4.85 a day, 200.00; Shopping
1.01 a day and once -1.01, a correction, 9.09. That is 209.09.

Of 42 records 9 are titles and 1 is the notice at the end: 10 are left out. Of 32 rows 1 is
quarantined (``2/30/2025``: February has no 30th day), 31 accepted.
"""

from ltv_platform_tests.ingestion.adapters.formats import ad_files
from ltv_platform_tests.ingestion.adapters.formats.ad_files import load_file, notes, refusal, spend
from ltv_platform_tests.testing.loader import Loader

REPORT = ad_files.text_of("microsoft_ads.csv")
SPENT = {("500000001", "USD"): "200.00", ("500000002", "USD"): "9.09"}


def test_a_report_becomes_spend_and_campaigns(load: Loader) -> None:
    outcomes = load_file(load, "r.csv", REPORT)
    assert ad_files.counts(outcomes) == {
        "campaign_costs": (42, 10, 31, 1),
        "campaigns": (32, 30, 2, 0),
    }
    assert spend(load) == SPENT
    assert load.rows(
        "SELECT SUM(impressions), SUM(clicks), MIN(date)::VARCHAR, MAX(date)::VARCHAR, "
        "MIN(spend_source) FROM raw.campaign_costs"
    ) == [(20110, 211, "2025-09-01", "2025-09-10", "microsoft_ads")]
    assert "title and notice lines skipped: 10 (" in notes(outcomes)
    [(_, [reason])] = load.reasons()
    assert reason.startswith("date: '2025-02-30'")
    assert load.rows(
        "SELECT campaign_name, media_source FROM raw.campaigns ORDER BY campaign_id"
    ) == [
        ("Search – Brand", "Microsoft Advertising"),
        ("Shopping", "Microsoft Advertising"),
    ]
    ad_files.assert_no_person(load)


def test_the_same_report_changes_nothing_and_a_restated_one_replaces(load: Loader) -> None:
    load_file(load, "r.csv", REPORT)
    ad_files.changes_nothing(load, "again.csv", REPORT)
    load_file(load, "later.csv", REPORT.replace('"15.15"', '"16.15"'))
    assert spend(load) == {**SPENT, ("500000001", "USD"): "210.00"}


def test_dates_have_the_month_first_unless_an_option_says_otherwise(load: Loader) -> None:
    """Dates have the month first, unless it is said."""
    report = "Gregorian date,Campaign name,Spend\n5/9/2025,A,1.50\n"
    load_file(load, "r.csv", report)
    assert load.rows("SELECT date::VARCHAR FROM raw.campaign_costs") == [("2025-05-09",)]
    load_file(load, "r.csv", report, "dates=day first")
    assert load.rows("SELECT date::VARCHAR FROM raw.campaign_costs ORDER BY 1 DESC LIMIT 1") == [
        ("2025-09-05",)
    ]


def test_dates_that_prove_the_other_order(load: Loader) -> None:
    """Are refused, with the option that reads them."""
    report = "Gregorian date,Campaign name,Spend\n5/9/2025,A,1.50\n13/9/2025,A,1.50\n"
    assert "dates=day first" in refusal(load_file(load, "r.csv", report))


def test_notice_that_a_spreadsheet_has_filled_up(load: Loader) -> None:
    """So is the title; the totals are in a row without a day."""
    report = (
        "Report Name: A;;;\n;;;\nGregorian date;Campaign name;Campaign ID;Spend\n"
        "2025-09-01;A;[77];1204,10\n2025-09-02;A;[77];5,90\n;;;1210,00\n"
        "©2025 Microsoft Corporation. All rights reserved.;;;\n"
    )
    outcomes = load_file(load, "r.csv", report)
    assert spend(load) == {("77", ""): "1210.00"}
    assert "line 6 matches the sum of the rows (1,210.00)" in notes(outcomes)
    assert load.reasons() == []
    assert load.rows("SELECT campaign_id, campaign_name FROM raw.campaigns") == [("77", "A")]


def test_totals_that_do_not_agree(load: Loader) -> None:
    report = "Gregorian date,Campaign name,Spend\n9/1/2025,A,1.50\n-,-,2.50\n"
    said = notes(load_file(load, "r.csv", report))
    assert "line 3 says 2.50, the rows add up to 1.50" in said


def test_a_report_without_days_is_refused(load: Loader) -> None:
    message = refusal(load_file(load, "r.csv", REPORT.replace("Gregorian date", "Week")))
    assert "choose the unit of time Day" in message


def test_numbers_that_can_be_two(load: Loader) -> None:
    report = 'Gregorian date,Campaign name,Spend\n9/1/2025,A,"1,204"\n'
    assert "can be 1204 or 1.204" in refusal(load_file(load, "r.csv", report))
