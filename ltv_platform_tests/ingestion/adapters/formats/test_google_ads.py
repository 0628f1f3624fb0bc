"""Reports of Google Ads.

``google_ads.csv``, by hand: in three days Brand (111) cost 100.00 + 50.50 a day, 451.50; Total
brand (112), which is a campaign, 1,204.10 + 0.90 a day, 3,615.00; Frühling (113) 7.07 - 2.07 a day,
a correction, 15.00; EU (114) 10.25 + 20.25 + 30.25 = 60.75 EUR; one without an id 2.00 + 2.00 =
4.00. That is 4,146.25; with 9.99 of a day that there is not, 4,156.24, as its totals say.

Of 35 records of the report 2 are titles, 4 totals, and 1 is of a campaign that did not run: 7 are
left out. Of 28 rows 2 are quarantined (13th month, ``abc``), 26 accepted.
"""

import pytest

from ltv_platform_tests.ingestion.adapters.formats import ad_files
from ltv_platform_tests.ingestion.adapters.formats.ad_files import load_file, notes, refusal, spend
from ltv_platform_tests.testing.loader import Loader

REPORT = ad_files.text_of("google_ads.csv")
SPENT = {
    ("111", "USD"): "451.50",
    ("112", "USD"): "3615.00",
    ("113", "USD"): "15.00",
    ("114", "EUR"): "60.75",
    ("No id yet", "USD"): "4.00",
}


def test_a_report_becomes_spend_and_campaigns(load: Loader) -> None:
    outcomes = load_file(load, "r.csv", REPORT)
    assert ad_files.counts(outcomes) == {
        "campaign_costs": (35, 7, 26, 2),
        "campaigns": (33, 27, 6, 0),
    }
    assert spend(load) == SPENT
    assert load.rows(
        "SELECT SUM(cost), SUM(impressions), SUM(clicks), MIN(spend_source), MAX(spend_source) "
        "FROM raw.campaign_costs"
    ) == [(pytest.approx(4146.25), 16337, 332, "google_ads", "google_ads")]
    assert "total rows left out: 4; line 33 matches the sum of the rows (4,156.24)" in (
        notes(outcomes)
    )
    assert "title and notice lines skipped: 2 (" in notes(outcomes)
    reasons = [reason for _, [reason] in load.reasons()]
    assert [reason.split(":")[0] for reason in reasons] == ["date", "cost"]


def test_campaigns_have_names_and_types(load: Loader) -> None:
    load_file(load, "r.csv", REPORT)
    assert load.rows(
        "SELECT campaign_id, campaign_name, media_source, objective FROM raw.campaigns ORDER BY ALL"
    ) == [
        ("111", "Brand", "Google Ads", "Search"),
        ("112", "Total brand", "Google Ads", "Search"),
        ("113", 'Frühling, "Sale"', "Google Ads", "Display"),
        ("114", "EU", "Google Ads", "Performance Max"),
        ("115", "Paused", "Google Ads", "Search"),
        ("No id yet", "No id yet", "Google Ads", "Search"),
    ]


def test_the_same_report_changes_nothing_and_a_restated_one_replaces(load: Loader) -> None:
    load_file(load, "r.csv", REPORT)
    ad_files.changes_nothing(load, "again.csv", REPORT)
    load_file(load, "later.csv", REPORT.replace("$100.00", "$101.00"))
    assert spend(load) == {**SPENT, ("111", "USD"): "454.50"}


def test_a_report_names_no_person(load: Loader) -> None:
    load_file(load, "r.csv", REPORT)
    ad_files.assert_no_person(load)


def test_totals_that_do_not_agree(load: Loader) -> None:
    outcomes = load_file(load, "r.csv", REPORT.replace("$4,156.24", "$4,200.00"))
    said = notes(outcomes)
    assert "line 33 says 4,200.00, the rows add up to 4,156.24. Is the file complete?" in said
    assert spend(load) == SPENT


@pytest.mark.parametrize("first", ["", "sep=\t\r\n"])
def test_utf_16_with_tabs_is_read(load: Loader, first: str) -> None:
    """UTF-16 with its mark, separated by tabs."""
    load_file(
        load, "r.csv", ("\ufeff" + first + ad_files.parted_by(REPORT, "\t")).encode("utf-16-le")
    )
    assert spend(load) == SPENT


@pytest.mark.parametrize(
    ("header", "total"),
    [
        ("Tag;Kampagne;Kampagnen-ID;Währungscode;Kosten;Impr.;Klicks", "Gesamt: Konto"),
        ("Jour;Campagne;ID de campagne;Code de devise;Coût;Impr.;Clics", "Total : compte"),
        ("Día;Campaña;ID de campaña;Código de moneda;Coste;Impr.;Clics", "Total: cuenta"),
        ("Dia;Campanha;ID da campanha;Código da moeda;Custo;Impr.;Cliques", "Total: conta"),
    ],
)
def test_reports_in_other_languages_are_read(load: Loader, header: str, total: str) -> None:
    report = (
        f"sep=;\nCampaigns\n1.9.2025 - 2.9.2025\n{header}\n"
        "2025-09-01;Marke;7;EUR;1.204,10 €;12.345;1.000\n"
        "2025-09-02;Marke;7;EUR;-4,10 €;0;0\n"
        "2025-09-02;Gesamt;8;EUR;3,00 €;1;1\n"
        f"{total}; --; --; --;1.203,00 €;12.346;1.001\n"
    )
    load_file(load, "r.csv", report)
    assert spend(load) == {("7", "EUR"): "1200.00", ("8", "EUR"): "3.00"}
    assert load.rows("SELECT SUM(impressions), SUM(clicks) FROM raw.campaign_costs") == [
        (12346, 1001)
    ]


def test_numbers_in_another_order_of_columns(load: Loader) -> None:
    """Total rows are in an unused column; days are written with dots."""
    report = (
        "Status;Kosten;Kampagne;Tag\nAktiv;1.204,10 €;Marke;13.09.2025\n"
        "Aktiv;5,00 €;Marke;14.09.2025\nGesamt: Kampagnen;1.209,10 €; --; --\n"
    )
    outcomes = load_file(load, "r.csv", report)
    assert spend(load) == {("Marke", "EUR"): "1209.10"}
    assert "matches the sum of the rows (1,209.10)" in notes(outcomes)


@pytest.mark.parametrize(
    ("header", "amount", "currency"),
    [
        ("Cost", "$5.00", ""),
        ("Cost", "5.00", ""),
        ("Cost", "£5.00", "GBP"),
        ("Cost", "CHF 5.00", "CHF"),
        ("Cost (PLN)", "5.00", "PLN"),
        ("Cost (PLN)", "€5.00", "PLN"),
        *[
            ("Cost", f"{mark}5.00", code)
            for mark, code in (
                *(("R$", "BRL"), ("A$", "AUD"), ("AU$", "AUD"), ("C$", "CAD"), ("CA$", "CAD")),
                *(("US$", "USD"), ("-NZ$", "NZD"), ("HK$", "HKD"), ("S$", "SGD"), ("MX$", "MXN")),
                *(("₹", "INR"), ("₩", "KRW"), ("₺", "TRY"), ("₽", "RUB"), ("฿", "THB")),
                *(("₫", "VND"), ("₪", "ILS"), ("₱", "PHP"), ("₴", "UAH"), ("Fr. ", "CHF")),
                *(("¥", ""), ("kr ", ""), ("kr. ", ""), ("-$", "")),
            )
        ],
        *[
            ("Cost", f"5.00\u00a0{mark}", code)
            for mark, code in (
                *(("zł", "PLN"), ("Kč", "CZK"), ("Ft", "HUF"), ("lei", "RON"), ("TL", "TRY")),
                *(("€", "EUR"), ("CHF", "CHF"), ("kr", "")),
            )
        ],
    ],
)
def test_the_currency_is_that_of_the_amount_or_the_header(
    load: Loader, header: str, amount: str, currency: str
) -> None:
    """That of the amount or the header; without either, the base currency."""
    load_file(load, "r.csv", f"Day,Campaign,{header}\n2025-09-01,A,{amount}\n")
    [((_, found), cost)] = spend(load).items()
    assert (found, cost.lstrip("-")) == (currency, "5.00")


def test_a_mark_that_is_not_known(load: Loader) -> None:
    """Never becomes an amount in the base currency."""
    load_file(load, "r.csv", "Day,Campaign,Cost\n2025-09-01,A,₦5.00\n")
    assert spend(load) == {}
    [(_, [reason])] = load.reasons()
    assert reason.startswith("currency: '₦'")


def test_a_report_without_days_is_refused(load: Loader) -> None:
    message = refusal(load_file(load, "r.csv", REPORT.replace("\nDay,", "\nWeek,")))
    assert "which also has Day" in message
    assert "add Segment > Time > Day, and download it again" in message
    again = load_file(load, "r.csv", REPORT.replace("\nDay,", "\nWeek,"), adapter="google_ads")
    assert "add Segment > Time > Day" in refusal(again)


def test_ids_shortened_by_a_spreadsheet_are_refused(load: Loader) -> None:
    report = "Day,Campaign,Campaign ID,Cost\n2025-09-01,A,1.23E+10,5.00\n"
    assert "without saving it in a spreadsheet" in refusal(load_file(load, "r.csv", report))


def test_numbers_that_can_be_two(load: Loader) -> None:
    report = 'Day,Campaign,Cost\n2025-09-01,A,"1,204"\n2025-09-02,A,"2,500"\n'
    message = refusal(load_file(load, "r.csv", report))
    assert "'1,204' in line 2 of Cost can be 1204 or 1.204" in message
    load_file(load, "r.csv", report, "numbers=1,204.50")
    assert spend(load) == {("A", ""): "3704.00"}


def test_impressions_tell_nothing_of_amounts(load: Loader) -> None:
    """They are whole numbers, with any thousands separator."""
    report = "Day;Campaign;Cost;Impr.;Clicks\n2025-09-01;A;1,50;1,234,567;1.200\n"
    load_file(load, "r.csv", report)
    assert spend(load) == {("A", ""): "1.50"}
    assert load.rows("SELECT impressions, clicks FROM raw.campaign_costs") == [(1234567, 1200)]


def test_days_that_can_be_two(load: Loader) -> None:
    report = "Day,Campaign,Cost\n05/09/2025,A,1.50\n"
    assert "5 Sep 2025 or 9 May 2025" in refusal(load_file(load, "r.csv", report))


def test_spend_under_two_names_is_taken_away(load: Loader) -> None:
    """What docs/exports.md says about two reports, one with ids and one without."""
    with_ids = "Day,Campaign,Campaign ID,Cost\n2025-09-01,A,1,5.00\n"
    without = "Day,Campaign,Cost\n2025-09-01,A,5.00\n"
    load_file(load, "ids.csv", with_ids)
    load_file(load, "names.csv", without)
    assert spend(load) == {("1", ""): "5.00", ("A", ""): "5.00"}
    load_file(load, "zero.csv", without.replace("5.00", "0"))
    assert spend(load) == {("1", ""): "5.00", ("A", ""): "0.00"}
