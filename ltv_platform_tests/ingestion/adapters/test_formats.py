"""What an adapter declares about its file: columns, titles, totals, forms, tables, persons."""

from decimal import Decimal
from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.files import bundled_adapters, load_adapters
from ltv_platform.ingestion.adapters.parsing import parse_adapter
from ltv_platform.ingestion.adapters.person_ids import person_id
from ltv_platform.ingestion.adapters.recognition import known_formats
from ltv_platform.ingestion.explaining import explain
from ltv_platform.ingestion.landing import ingest_landing, make_landing
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform_tests.ingestion.adapters.own_formats import (
    FILE,
    SHOP,
    ingest_export,
    load_costs,
    total_cost,
)
from ltv_platform_tests.testing.loader import Loader


@pytest.fixture
def shop(load: Loader) -> str:
    """The path of an adapter of the user's own."""
    return str(
        load.write("shop.sql", SHOP.replace("FROM file, (VALUES", "FROM file CROSS JOIN (VALUES"))
    )


def test_one_file_feeds_several_tables(load: Loader, shop: str) -> None:
    """Titles and totals are left out and counted; the currency is that of the header.

    By hand: two lines are Ann's, one is a guest's; each order makes two rows of its amount. The
    rows of the file add up to 1204.10 - 4.10 + 50.00 = 1250.00, as its last line says. A negative
    amount is not a number, so four of the six rows are accepted.
    """
    customers, transactions = ingest_export(load, FILE, "may.csv", shop)
    assert customers.counts is not None
    assert transactions.counts is not None
    # 2 titles, 3 orders and a total; what of them makes no row of the table is skipped.
    assert (customers.counts.rows_in_file, customers.counts.rows_skipped) == (6, 5)
    assert (transactions.counts.rows_accepted, transactions.counts.rows_quarantined) == (4, 2)
    ann = person_id(load.engine.settings, "ann@example.com")
    assert load.rows(
        "SELECT customer_id, CAST(registration_date AS VARCHAR) FROM raw.customers"
    ) == [(ann, "2025-05-05 00:00:00")]
    assert load.rows(
        "SELECT transaction_id, customer_id, amount, currency FROM raw.transactions ORDER BY 1"
    ) == [
        ("1-a", ann, Decimal("1204.10"), "EUR"),
        ("1-b", ann, Decimal("1204.10"), "EUR"),
        ("3-a", "(guest)", Decimal(50), "EUR"),
        ("3-b", "(guest)", Decimal(50), "EUR"),
    ]
    assert any("title and notice lines skipped: 2" in note for note in customers.notes)
    again = ingest_export(load, FILE, "may.csv", shop)
    assert [outcome.repeated for outcome in again] == [True, True]


def test_nothing_of_a_person_is_kept(load: Loader, shop: str) -> None:
    """Neither the address nor columns that are not declared, in good rows, bad ones and records."""
    broken = FILE.replace("2,05/05/2025", "9,torn ann@example.com\n2,soon")
    ingest_export(load, broken, "may.csv", shop)
    assert load.rows("SELECT COUNT(*) FROM raw.quarantine") == [(3,)]
    for table in ("customers", "transactions", "quarantine"):
        text = str(load.rows(f"SELECT * FROM raw.{table}")).lower()
        assert "example.com" not in text
        assert "call ann" not in text


def test_a_person_is_the_same_in_every_file(load: Loader) -> None:
    """The key is made once, readable by nobody else; another key gives another id."""
    settings = load.engine.settings
    first = person_id(settings, " Ann@Example.com")
    assert first == person_id(settings, "ann@example.com")
    assert len(first) == len("person-") + 32
    assert settings.id_salt_path.stat().st_mode & 0o077 == 0
    settings.id_salt_path.unlink()
    assert person_id(settings, "ann@example.com") != first


def test_totals_are_held_against_the_rows(load: Loader) -> None:
    """They agree to the cent, or a note names both figures."""
    good = "a,2025-05-01,$10.00,1\na,2025-05-02,$5.50,1\nTotal: Account,--,$15.50,2\n"
    assert any(
        "matches the sum of the rows (15.50)" in note for note in load_costs(load, good).notes
    )
    bad = good.replace("$15.50", "$25.50").replace("a,", "b,")
    [note] = [note for note in load_costs(load, bad, name="b.csv").notes if "total rows" in note]
    assert "line 4 says 25.50, the rows add up to 15.50" in note
    assert total_cost(load) == Decimal("31.00")


def test_a_file_is_refused_for_what_it_holds(load: Loader, shop: str) -> None:
    """The message names the line and what to do about it, and nothing is loaded."""
    header, rest = FILE.split("Notes\n")
    text = header + "Notes,Plan\n" + rest.replace("\n", ",trial\n")
    [outcome] = ingest_export(load, text, "may.csv", shop)
    assert outcome.error is not None
    assert outcome.error.message == (
        "may.csv, line 4 and 2 more records: orders of a trial are in it."
    )
    assert outcome.error.hint == "In the shop, choose Export > Paid."
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(0,)]


def test_variables_are_options(load: Loader, shop: str) -> None:
    """Chosen by the call or by LTV_ADAPTER_OPTIONS; another choice is another load."""
    text = FILE.replace("-4,10", "4,10").replace("1.250,00", "1.258,20")
    ingest_export(load, text, "may.csv", shop)
    _, transactions = ingest_export(load, text, "may.csv", shop, "sign=minus")
    assert transactions.counts is not None
    assert transactions.counts.rows_accepted == 6
    assert set(load_adapters(shop, {"shop": {"sign": "minus"}})) == {"customers", "transactions"}
    with pytest.raises(UserError, match="sign cannot be 'both'"):
        load_adapters(shop, {"shop": {"sign": "both"}})
    with pytest.raises(UserError, match="has no option 'signs'"):
        load_adapters(f"{shop}?signs=plus", {})


def test_a_file_of_no_known_format(load: Loader) -> None:
    """What it has, the nearest format with what it lacks, and how to go on; never a guess."""
    [outcome] = ingest_export(load, "Campaign,Day,Impr.\na,2025-05-01,1\n", "x.csv", None)
    message = str(outcome.error)
    assert "It has Campaign, Day, Impr." in message
    assert "The closest is a Google Ads report by day, which also has Cost" in message
    assert "adapter" in message
    [outcome] = ingest_export(load, "a,b\n1,2\n", "y.csv", None)
    assert "is not a known export" in str(outcome.error)


def test_files_with_the_columns_of_a_table_need_no_table(load: Loader) -> None:
    """Their columns say which it is."""
    [outcome] = ingest_export(load, "campaign_id,campaign_name\nc1,One\n", "c.csv", None)
    assert outcome.request.table == "campaigns"
    assert outcome.counts is not None
    assert outcome.counts.rows_accepted == 1


def test_no_two_formats_are_taken_for_one_another() -> None:
    """The usual header of each, with all its columns, is that of no other."""
    formats = known_formats()
    for name, layout in formats.items():
        header = [each.spellings[0].replace("{currency}", "USD") for each in layout.columns]
        found = [
            other
            for other, of_other in formats.items()
            if all(any(c.read(h) is not None for h in header) for c in of_other.needed)
        ]
        assert found == [name]


def test_an_explanation_loads_nothing(load: Loader, shop: str) -> None:
    """It shows what columns are made of, the first rows, and what is left out."""
    path = load.write("may.csv", FILE)
    customers, transactions = explain(load.engine, [Request(None, path, shop)])
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(0,)]
    assert ("transaction_date", "Day", ["2025-05-13 00:00:00", "2025-05-13 00:00:00"]) in [
        (column, made_of, values[:2]) for column, made_of, values in transactions.values
    ]
    assert any("ignored columns: Notes" in note for note in customers.notes)
    assert any("read numbers as 1.204,50 and dates day first" in note for note in customers.notes)
    assert any(
        "transactions: accepted 4, quarantined 2, left out 0 of 6" in note
        for note in transactions.notes
    )


def test_landing_takes_known_files_without_a_folder(load: Loader) -> None:
    """Loaded files move away; unrecognized ones stay, with an error."""
    settings = load.engine.settings
    make_landing(settings, list(load.engine.catalog.sources))
    (settings.landing_path / "ads.csv").write_text("Campaign,Day,Cost\na,2025-05-01,1.5\n")
    (settings.landing_path / "other.csv").write_text("a,b\n1,2\n")
    outcomes = ingest_landing(load.engine)
    assert [(o.request.table, o.error is None) for o in outcomes] == [
        ("campaign_costs", True),
        ("campaigns", True),
        (None, False),
    ]
    assert [path.name for path in settings.landing_path.iterdir() if path.is_file()] == [
        "other.csv"
    ]
    assert total_cost(load) == Decimal("1.5")


REJECTS = """\
-- needs: c
-- needs: s
-- view: states
SELECT c, s FROM file
-- table: campaigns
SELECT c AS campaign_id, CASE WHEN s <> 'on' THEN 'state ' || s || ' is not known' END AS _rejected
FROM states
"""


def test_two_currencies_in_one_header_are_refused(load: Loader) -> None:
    """Regression: the column that stood first gave the amounts, or the last one the currency."""
    [outcome] = ingest_export(
        load, "Campaign,Day,Cost (USD),Cost (EUR)\na,2025-05-01,1,2\n", "x.csv", None
    )
    assert "name several currencies: Cost (USD), Cost (EUR)" in str(outcome.error)


def test_a_slip_in_the_condition_of_totals_is_the_adapters(load: Loader, shop: str) -> None:
    """Regression: it passed for a defect, and stopped every other file of the call."""
    slip = load.write("slip.sql", SHOP.replace("starts_with(number,", "starts_with(numbre,"))
    path = load.write("may.csv", FILE)
    first, *others = ingest(
        load.engine, [Request(None, path, str(slip)), Request(None, path, shop)]
    )
    assert "does not fit its adapter" in str(first.error)
    assert [other.error for other in others] == [None, None]


def test_an_adapter_says_why_it_rejects_a_row(load: Loader) -> None:
    """Its reason is in quarantine, and a replay does not accept the row."""
    own = str(load.write("own.sql", REJECTS))
    [outcome] = ingest_export(load, "c,s\na,on\nb,odd\n", "own.csv", own)
    assert outcome.counts is not None
    assert (outcome.counts.rows_accepted, outcome.counts.rows_quarantined) == (1, 1)
    assert load.reasons() == [(2, ["state odd is not known"])]
    assert replay(load.engine) == []
    assert load.rows("SELECT COUNT(*) FROM raw.campaigns") == [(1,)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-- needs: Day first", "declares no column"),
        ("-- needs: day (when) = Day", "declares no column"),
        ("-- skip: two lines", "skip is 'two lines'"),
        ("-- numbers: 1.204", "numbers is '1.204'"),
        ("-- dates: American", "dates is 'American'"),
        ("-- refuse: a = 1", "refuses files without saying why"),
        ("-- totals: SELECT 1", "is not valid SQL"),
        ("-- totals: (SELECT MAX(x) FROM read_csv('/etc/passwd'))", "it may only read `file`"),
        ("-- variable: revenue", "is not a variable"),
        (
            "-- variable: x TO 1; COPY (SELECT 1) TO 'x.csv'; SET VARIABLE y = a",
            "is not a variable",
        ),
        ("-- variable: base_currency = EUR", "is not a variable"),
        ("-- needs: rowid = Order", "cannot call a column rowid"),
        ("-- needs: cost = Cost ({Currency})", "has unknown braces"),
        ("-- format: Things", "which columns identify its files"),
    ],
)
def test_lines_that_make_no_sense(line: str, message: str) -> None:
    """Said before any file is read."""
    text = f"{line}\n-- table: campaigns\nSELECT 1 AS campaign_id FROM file"
    with pytest.raises(UserError, match="(?i)" + message.replace("(", r"\(").replace("'", ".")):
        parse_adapter("odd", text, "odd")


def test_every_bundled_adapter_says_what_it_is(tmp_path: Path) -> None:
    """Its first line informs readers; formats list their tables in an order that loads."""
    for text in bundled_adapters().values():
        assert text.startswith("-- ")
