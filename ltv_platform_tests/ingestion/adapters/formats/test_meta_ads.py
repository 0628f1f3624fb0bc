"""Exports of Meta Ads.

``meta_ads.csv``, by hand: in five days Prospecting cost (10.10 + 20.20) US + 5.05 DE a day, 151.50
US and 25.25 DE; Retargeting 3.33 US a day, 16.65, nothing in DE, where it did not run, and 0 in
unknown places. That is 193.40, as its first row says, which has no names.

Of 32 records 1 is that total and 5 are of where a campaign did not run: 6 are left out. Of 26 rows
1 is quarantined (``n/a``), 25 accepted.
"""

import pytest

from ltv_platform_tests.ingestion.adapters.formats import ad_files
from ltv_platform_tests.ingestion.adapters.formats.ad_files import load_file, notes, refusal, spend
from ltv_platform_tests.testing.loader import Loader

EXPORT = ad_files.text_of("meta_ads.csv")
FIRST, SECOND = "120210000000000001", "120210000000000002"
SPENT = {(FIRST, "USD"): "176.75", (SECOND, "USD"): "16.65"}


def test_an_export_becomes_spend_and_campaigns(load: Loader) -> None:
    outcomes = load_file(load, "e.csv", "\ufeff" + EXPORT)
    assert ad_files.counts(outcomes) == {
        "campaign_costs": (32, 6, 25, 1),
        "campaigns": (32, 30, 2, 0),
    }
    assert spend(load) == SPENT
    assert load.rows(
        "SELECT country, CAST(SUM(cost) AS VARCHAR), SUM(impressions), SUM(clicks) "
        "FROM raw.campaign_costs GROUP BY 1 ORDER BY 1"
    ) == [
        ("DE", "25.250000", 2000, 40),
        ("US", "168.150000", 10500, 210),
        ("unknown", "0.000000", 0, None),
    ]
    assert "line 2 matches the sum of the rows (193.40)" in notes(outcomes)
    assert load.rows(
        "SELECT campaign_id, campaign_name, media_source FROM raw.campaigns ORDER BY 1"
    ) == [(FIRST, "Prospecting", "Meta Ads"), (SECOND, "Retargeting 🛒", "Meta Ads")]
    assert load.rows("SELECT DISTINCT spend_source FROM raw.campaign_costs") == [("meta_ads",)]


def test_the_same_report_changes_nothing_and_a_restated_one_replaces(load: Loader) -> None:
    load_file(load, "e.csv", EXPORT)
    ad_files.changes_nothing(load, "again.csv", EXPORT)
    load_file(load, "later.csv", EXPORT.replace(",20.2,", ",20.3,"))
    assert spend(load) == {**SPENT, (FIRST, "USD"): "177.25"}


def test_totals_that_do_not_agree(load: Loader) -> None:
    said = notes(load_file(load, "e.csv", EXPORT.replace(",193.4,", ",200.4,")))
    assert "line 2 says 200.40, the rows add up to 193.40" in said


def test_last_row_is_a_total(load: Loader) -> None:
    """It spans all days, and must not pass for a row of several days."""
    first, total, *rows = EXPORT.splitlines()
    outcomes = load_file(load, "e.csv", "\n".join([first, *rows, total]))
    assert spend(load) == SPENT
    assert "line 33 matches the sum of the rows" in notes(outcomes)


def test_rows_of_several_days(load: Loader) -> None:
    export = (
        "Reporting starts,Reporting ends,Campaign name,Amount spent (USD)\n"
        "2025-09-01,2025-09-30,,30.00\n2025-09-01,2025-09-30,A,10.00\n2025-09-01,2025-09-30,B,20\n"
    )
    message = refusal(load_file(load, "e.csv", export))
    assert "line 3 and 1 more records: the row spans several days" in message
    assert "In Meta Ads, choose Breakdown > By time > Day" in message


def test_one_day_without_its_column(load: Loader) -> None:
    """Where each row begins and ends on one day, that is its day; Excel gives it a time."""
    load_file(
        load,
        "e.csv",
        "Reporting starts,Reporting ends,Campaign name,Amount spent (EUR)\n"
        "2025-09-01 00:00:00,2025-09-01,A,10.5\n2025-09-02,2025-09-02,A,-0.5\n",
    )
    assert spend(load) == {("A", "EUR"): "10.00"}
    assert load.rows("SELECT CAST(date AS VARCHAR) FROM raw.campaign_costs ORDER BY 1") == [
        ("2025-09-01",),
        ("2025-09-02",),
    ]


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("Berichtsstart;Berichtsende;Kampagnenname;Kampagnen-ID;Tag;Land;"
         "Ausgegebener Betrag (EUR);Impressionen;Link-Klicks", "EUR"),
        ("Beginn des Berichtszeitraums;Ende des Berichtszeitraums;Kampagnenname;Kampagnen-ID;Tag;"
         "Land;Ausgegebener Betrag (CHF);Impressionen;Link-Klicks", "CHF"),
        ("Début des rapports;Fin des rapports;Nom de la campagne;ID de la campagne;Jour;Pays;"
         "Montant dépensé (EUR);Impressions;Clics sur un lien", "EUR"),
        ("Inicio del informe;Fin del informe;Nombre de la campaña;Identificador de la campaña;Día;"
         "País;Importe gastado (MXN);Impresiones;Clics en el enlace", "MXN"),
        ("Início dos relatórios;Término dos relatórios;Nome da campanha;"
         "Identificação da campanha;Dia;País;Valor usado (BRL);Impressões;Cliques no link", "BRL"),
        ("Início dos relatórios;Encerramento dos relatórios;Nome da campanha;"
         "Identificação da campanha;Dia;País;Montante gasto (EUR);Impressões;Cliques no link",
         "EUR"),
    ],
)  # fmt: skip
def test_reports_in_other_languages_are_read(load: Loader, header: str, currency: str) -> None:
    load_file(
        load,
        "e.csv",
        f"{header}\n2025-09-01;2025-09-02;;;;;1.208,60;12.400;110\n"
        "2025-09-01;2025-09-01;Marke;7;2025-09-01;DE;1.204,10;12.345;100\n"
        "2025-09-02;2025-09-02;Marke;7;2025-09-02;AT;4,50;55;10\n",
    )
    assert spend(load) == {("7", currency): "1208.60"}
    assert load.rows(
        "SELECT SUM(impressions), SUM(clicks), MIN(country) FROM raw.campaign_costs"
    ) == [(12400, 110, "AT")]


def test_ids_shortened_by_a_spreadsheet_are_refused(load: Loader) -> None:
    message = refusal(load_file(load, "e.csv", EXPORT.replace(FIRST, "1.2021E+17")))
    assert "without saving it in a spreadsheet" in message


def test_numbers_that_can_be_two(load: Loader) -> None:
    export = (
        "Reporting starts,Reporting ends,Campaign name,Amount spent (JPY)\n"
        '2025-09-01,2025-09-01,A,"1,204"\n'
    )
    message = refusal(load_file(load, "e.csv", export))
    assert "'1,204' in line 2 of Amount spent (JPY) can be 1204 or 1.204" in message
    load_file(load, "e.csv", export, "numbers=1,204.50")
    assert spend(load) == {("A", "JPY"): "1204.00"}
