"""Reports of TikTok Ads.

``tiktok_ads.csv``, by hand: in seven days Summer (…001) cost 12.34 + 7.66 a day, 140.00; Summer 2
(…002) 1,000.00 a day, 7,000.00; Idle (…003) nothing. That is 7,140.00; with 5.00 of ``yesterday``,
which is not a day, 7,145.00, as its last row says.

Of 31 records 1 is that total and 1 of a campaign that has not begun: 2 are left out. Of 29 rows 1
is quarantined, 28 accepted.
"""

from ltv_platform_tests.ingestion.adapters.formats import ad_files
from ltv_platform_tests.ingestion.adapters.formats.ad_files import load_file, notes, refusal, spend
from ltv_platform_tests.testing.loader import Loader

REPORT = ad_files.text_of("tiktok_ads.csv")
FIRST, SECOND, THIRD = (f"179234567890123000{n}" for n in (1, 2, 3))
SPENT = {(FIRST, "USD"): "140.00", (SECOND, "USD"): "7000.00", (THIRD, "USD"): "0.00"}


def test_a_report_becomes_spend_and_campaigns(load: Loader) -> None:
    outcomes = load_file(load, "r.csv", REPORT)
    assert ad_files.counts(outcomes) == {
        "campaign_costs": (31, 2, 28, 1),
        "campaigns": (31, 27, 4, 0),
    }
    assert spend(load) == SPENT
    assert load.rows(
        "SELECT SUM(impressions), SUM(clicks), MIN(date)::VARCHAR, MAX(date)::VARCHAR, "
        "MIN(spend_source) FROM raw.campaign_costs"
    ) == [(640500, 14280, "2025-06-01", "2025-06-07", "tiktok_ads")]
    assert "line 32 matches the sum of the rows (7,145.00)" in notes(outcomes)
    [(_, [reason])] = load.reasons()
    assert reason.startswith("date: ")
    assert load.rows(
        "SELECT campaign_name, media_source FROM raw.campaigns ORDER BY campaign_id"
    ) == [(name, "TikTok Ads") for name in ("Summer", "Summer 2 ☀", "Idle", "Not started")]


def test_the_same_report_changes_nothing_and_a_restated_one_replaces(load: Loader) -> None:
    load_file(load, "r.csv", REPORT)
    ad_files.changes_nothing(load, "again.csv", REPORT)
    load_file(load, "later.csv", REPORT.replace(",12.34,", ",12.35,"))
    assert spend(load) == {**SPENT, (FIRST, "USD"): "140.07"}


def test_totals_that_do_not_agree(load: Loader) -> None:
    said = notes(load_file(load, "r.csv", REPORT.replace("7,145.00", "8,145.00")))
    assert "line 32 says 8,145.00, the rows add up to 7,145.00" in said


def test_campaigns_without_ids_are_known_by_their_names(load: Loader) -> None:
    """Days without a time, the total in the column of the day, a campaign called Total."""
    report = (
        "By Day,Campaign name,Cost\n2025-06-01,Total,1.50\n2025-06-02,Total,2.50\n"
        "Total of 2 results,-,4.00\n"
    )
    outcomes = load_file(load, "r.csv", report)
    assert spend(load) == {("Total", ""): "4.00"}
    assert "matches the sum of the rows (4.00)" in notes(outcomes)


def test_a_report_without_days_is_refused(load: Loader) -> None:
    message = refusal(load_file(load, "r.csv", "Campaign name,Cost,Impressions\nA,1.50,3\n"))
    assert "The closest is a TikTok Ads report by day" in message
    assert "choose the dimension Time > By Day" in message


def test_ids_shortened_by_a_spreadsheet_are_refused(load: Loader) -> None:
    message = refusal(load_file(load, "r.csv", REPORT.replace(FIRST, "1.79235E+18")))
    assert "without saving it in a spreadsheet" in message


def test_numbers_that_can_be_two(load: Loader) -> None:
    report = 'By Day,Campaign name,Cost\n2025-06-01,A,"1,204"\n'
    assert "can be 1204 or 1.204" in refusal(load_file(load, "r.csv", report))


def test_semicolons_and_decimal_commas(load: Loader) -> None:
    report = "sep=;\nBy Day;Campaign name;Cost;Currency\n2025-06-01;A;1.204,10;EUR\n"
    load_file(load, "r.csv", report)
    assert spend(load) == {("A", "EUR"): "1204.10"}
