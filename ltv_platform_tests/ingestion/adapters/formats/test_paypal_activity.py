"""PayPal's activity download.

By hand, of the lines in :data:`ACTIVITY` (gross; fee):

    P1 USD 100.00; -3.20      R1 of P1: -40.00; 1.16         B1 reversal of P5: -30.00; 0.00
    P2 EUR  50.00; -1.50      R2 of P9, which is in another file: EUR -25.00; 0.00
    P3 USD   1,204.50; -35.00 C1 chargeback of P3: -1,204.50; 0.00
    P4 JPY 1500; -60          W1 the chargeback is reversed: +1,204.50; 0.00
    P5 USD  30.00; -1.00      P6 USD 0.20; -0.31             P7 USD 10.00; -0.50 (status Refunded)

Gross: purchases USD 1,344.70 (100 + 1204.50 + 30 + 0.20 + 10), EUR 50.00, JPY 1,500; refunds
USD 1,274.50 (40 + 30 + 1204.50), EUR 25.00; reversals canceled USD 1,204.50.
Net: purchases USD 1,304.80 (96.80 + 1169.50 + 29 + 0 + 9.50), EUR 48.50, JPY 1,440; refunds USD
1,273.34 (38.84 + 30 + 1204.50), EUR 25.00; reversals canceled USD 1,204.50.
"""

import csv
from collections.abc import Sequence
from decimal import Decimal

import pytest

from ltv_platform_tests.ingestion.adapters.formats.shop_files import (
    Row,
    assert_not_kept,
    counts,
    export_of,
    outcomes,
    revenue,
)
from ltv_platform_tests.testing.loader import Loader

HEADER = (
    "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,"
    "To Email Address,Transaction ID,Shipping Address,Address Status,Item Title,Item ID,"
    "Shipping and Handling Amount,Insurance Amount,Sales Tax,Option 1 Name,Option 1 Value,"
    "Reference Txn ID,Invoice Number,Custom Number,Quantity,Receipt ID,Balance,Address Line 1,"
    "Town/City,State/Province/Region/County/Territory/Prefecture/Republic,Zip/Postal Code,Country,"
    "Contact Phone Number,Subject,Note,Country Code,Balance Impact"
)
_NO_TIMESTAMP = "is not a timestamp such as 2023-01-15 10:30:00"
SHOP = "shop@example.com"
SECRETS = ("example.com", "Zoë Müller", "Hauptstr", "+49 170", "thank you")


def line(
    name: str, kind: str, gross: str, fee: str = "0.00", status: str = "Completed", **more: str
) -> Row:
    """A movement; names of further columns have blanks for underscores."""
    given = {column.replace("_", " "): value for column, value in more.items()}
    sent = gross.startswith("-")
    return {
        "Date": "03/15/2025",
        "Time": "10:15:22",
        "TimeZone": "PDT",
        "Name": "Zoë Müller",
        "Type": kind,
        "Status": status,
        "Currency": "USD",
        "Gross": gross,
        "Fee": fee,
        "Net": str(_money(gross) + _money(fee)) if _money(gross) else gross,
        "From Email Address": SHOP if sent else "ana@example.com",
        "To Email Address": "Ana@example.com" if sent else SHOP,
        "Transaction ID": name,
        "Shipping Address": "Zoë Müller,\nHauptstr. 1",
        "Contact Phone Number": "+49 170 1",
        "Note": 'thank "you"',
        "Country Code": "DE",
        "Balance Impact": "Debit" if sent else "Credit",
        **given,
    }


def _money(text: str) -> Decimal:
    return Decimal(text.replace(",", "")) if text[-1:].isdigit() else Decimal(0)


TAKEN = [
    line("P1", "Express Checkout Payment", "100.00", "-3.20"),
    line(
        "P2",
        "Website Payment",
        "50.00",
        "-1.50",
        Currency="EUR",
        From_Email_Address="ben@example.com",
    ),
    line("P3", "Mobile Payment", "1,204.50", "-35.00", From_Email_Address="cem@example.com"),
    line("P4", "Subscription Payment", "1500", "-60", Currency="JPY", TimeZone="JST"),
    line("P5", "General Payment", "30.00", "-1.00", From_Email_Address="", TimeZone="PST"),
    line("P6", "Donation Payment", "0.20", "-0.31", TimeZone="Europe/Berlin"),
    line("P7", "PreApproved Payment Bill User Payment", "10.00", "-0.50", "Refunded"),
    line("R1", "Payment Refund", "-40.00", "1.16", Reference_Txn_ID="P1", Date="03/20/2025"),
    line(
        *("R2", "Payment Refund", "-25.00"),
        Currency="EUR",
        Reference_Txn_ID="P9",
        To_Email_Address="BEN@example.com",
    ),
    line("B1", "Payment Reversal", "-30.00", Reference_Txn_ID="P5", To_Email_Address=""),
    line(
        *("C1", "Chargeback", "-1,204.50"),
        Reference_Txn_ID="P3",
        To_Email_Address="disputes@example.com",
    ),
    line("W1", "Chargeback Reversal", "1,204.50", Reference_Txn_ID="P3"),
]
LEFT_OUT = [
    line("X01", "General Currency Conversion", "44.00"),
    line("X02", "General Currency Conversion", "-50.00"),
    line("X03", "Hold on Balance for Dispute Investigation", "-100.00"),
    line("X04", "Cancellation of Hold for Dispute Resolution", "100.00"),
    line("X05", "Payment Hold", "-10.00"),
    line("X06", "Payment Release", "10.00"),
    line("X07", "User Initiated Withdrawal", "-900.00"),
    line("X08", "Bank Deposit to PP Account ", "900.00"),
    line("X09", "General Credit Card Deposit", "20.00"),
    line("X10", "Chargeback Fee", "-20.00"),
    line("X11", "Fee Reversal", "20.00"),
    line("X12", "Website Payment", "-15.00"),
    line("X13", "Payment Refund", "15.00", Reference_Txn_ID="X12"),
    line("X14", "Shopping Cart Item", "100.00"),
    line("X15", "Express Checkout Payment", "77.00", "0.00", "Pending"),
    line("X16", "Express Checkout Payment", "77.00", "0.00", "Denied"),
    line("X17", "Express Checkout Payment", "77.00", "0.00", "Canceled"),
    line("X18", "Authorization", "77.00"),
    line("X19", "Request Sent", "77.00", Balance_Impact="Memo"),
    line("X20", "Express Checkout Payment", "77.00", Balance_Impact="Memo"),
    line("X21", "Website Payment", "0.00"),
    line("X22", "Order", "77.00"),
]
UNREADABLE = [
    line("Q1", "Website Payment", "5.00", TimeZone="XYZ"),
    line("Q2", "Website Payment", "5.00", TimeZone="IST"),
    line("Q3", "Something New", "5.00"),
    line("Q4", "Website Payment", "five"),
    line("Q5", "Website Payment", "5.00", Date="soon"),
    line("Q6", "Website Payment", "5.00", "0.00", "Abgeschlossen"),
]
ACTIVITY = [*TAKEN, *LEFT_OUT, *UNREADABLE]
GROSS = {
    ("USD", "purchase"): Decimal("1344.70"),
    ("EUR", "purchase"): Decimal("50.00"),
    ("JPY", "purchase"): Decimal("1500"),
    ("USD", "refund"): Decimal("1274.50"),
    ("EUR", "refund"): Decimal("25.00"),
    ("USD", "reversal_canceled"): Decimal("1204.50"),
}
NET = {
    ("USD", "purchase"): Decimal("1304.80"),
    ("EUR", "purchase"): Decimal("48.50"),
    ("JPY", "purchase"): Decimal("1440"),
    ("USD", "refund"): Decimal("1273.34"),
    ("EUR", "refund"): Decimal("25.00"),
    ("USD", "reversal_canceled"): Decimal("1204.50"),
}


def of(rows: Sequence[Row], header: str = HEADER, **written: str) -> bytes:
    """A file in which everything has quotes, as PayPal writes it."""
    return export_of(header, rows, quoting=csv.QUOTE_ALL, **written)


def test_what_is_taken(load: Loader) -> None:
    """Twelve movements out of 40; six are rejected."""
    found = counts(load, of(ACTIVITY))["transactions"]
    assert revenue(load) == GROSS
    assert (found.rows_in_file, found.rows_accepted) == (40, 12)
    assert (found.rows_quarantined, found.rows_skipped) == (6, 22)
    assert [reason for _, [reason] in load.reasons() if not reason.startswith("reg")] == [
        "time zone XYZ is not known",
        "time zone IST is India's or Israel's: say --option ist=india or ist=israel",
        "Type 'Something New' is not known",
        "amount: 'five' is not a number",
        f"transaction_date: 'soon 10:15:22' {_NO_TIMESTAMP}",
        "Status 'Abgeschlossen' is not known",
    ]
    assert load.rows(
        "SELECT transaction_id, order_id, is_refund, CAST(transaction_date AS VARCHAR) "
        "FROM raw.transactions WHERE transaction_id IN ('P1', 'P4', 'P5', 'P6', 'R1', 'R2', 'W1') "
        "ORDER BY 1"
    ) == [
        ("P1", "P1", False, "2025-03-15 17:15:22"),
        ("P4", "P4", False, "2025-03-15 01:15:22"),
        ("P5", "P5", False, "2025-03-15 18:15:22"),
        ("P6", "P6", False, "2025-03-15 09:15:22"),
        ("R1", "P1", True, "2025-03-20 17:15:22"),
        ("R2", "P9", True, "2025-03-15 17:15:22"),
        ("W1", "P3", False, "2025-03-15 17:15:22"),
    ]


def test_who_a_refund_goes_to(load: Loader) -> None:
    """The buyer of the payment that it names, else who gets the money."""
    counts(load, of(ACTIVITY))
    buyers = dict(load.rows("SELECT transaction_id, customer_id FROM raw.transactions"))
    assert buyers["R1"] == buyers["P1"]
    assert buyers["R2"] == buyers["P2"]  # by the address that it goes to
    assert buyers["C1"] == buyers["W1"] == buyers["P3"] != buyers["P1"]
    assert buyers["B1"] == buyers["P5"] == "(guest)"


def test_customers_are_those_who_paid(load: Loader) -> None:
    """Who paid, from the first payment; nobody else."""
    found = counts(load, of(ACTIVITY))["customers"]
    assert (found.rows_accepted, found.rows_quarantined) == (3, 0)
    # Ana's first is that in yen, of the morning in Tokyo.
    assert load.rows(
        "SELECT CAST(registration_date AS VARCHAR), country FROM raw.customers ORDER BY 1"
    ) == [
        ("2025-03-15 01:15:22", "DE"),
        ("2025-03-15 17:15:22", "DE"),
        ("2025-03-15 17:15:22", "DE"),
    ]


@pytest.mark.parametrize("row", UNREADABLE)
def test_whose_only_payment_is_quarantined(load: Loader, row: Row) -> None:
    """Is not a customer."""
    found = counts(load, of([row]), options=["dates=month first", "numbers=1,204.50"])
    assert found["transactions"].rows_quarantined == 1
    customers = found["customers"]
    assert (customers.rows_accepted, customers.rows_quarantined) == (0, 0)


@pytest.mark.parametrize(
    "kind",
    ["Mass Pay Payment", "Quantum Payment", "Bonus", "Flash Sale", "Bank Payment"],
)
def test_types_that_are_not_known(load: Loader, kind: str) -> None:
    """A word in their name does not make them revenue, nor is their money left out unseen."""
    counts(load, of([line("Q1", kind, "5.00"), line("Q2", kind, "-5.00")]))
    assert revenue(load) == {}
    [(_, [reason])] = load.reasons()
    assert reason == f"Type '{kind}' is not known"


def test_net_of_fees(load: Loader) -> None:
    """A fee above the payment leaves nothing; with a refund, fees come back."""
    counts(load, of(ACTIVITY), options=["amount=net"])
    assert revenue(load) == NET


def test_a_second_time_nothing_changes(load: Loader) -> None:
    """The same file is known; what was pending is completed in a later one."""
    counts(load, of(ACTIVITY))
    assert all(each.repeated for each in outcomes(load, of(ACTIVITY), "again.csv"))
    paid = [
        {**row, "Status": "Completed"} if row["Transaction ID"] == "X15" else row
        for row in ACTIVITY
    ]
    found = counts(load, of(paid), "later.csv")["transactions"]
    assert (found.rows_accepted, found.rows_repeated) == (1, 12)
    assert revenue(load) == {**GROSS, ("USD", "purchase"): Decimal("1421.70")}


def test_dates_that_can_be_read_in_two_ways(load: Loader) -> None:
    """Nothing is guessed; the option says it."""
    content = of([line("P1", "Website Payment", "1.00", Date="3/5/2025", Time="9:05:00 PM")])
    [outcome] = outcomes(load, content)
    assert outcome.error is not None
    assert "3 May 2025 or 5 Mar 2025" in str(outcome.error)
    counts(load, content, options=["dates=day first"])
    assert load.rows("SELECT CAST(transaction_date AS VARCHAR) FROM raw.transactions") == [
        ("2025-05-04 04:05:00",)
    ]


@pytest.mark.parametrize(("choice", "instant"), [("india", "04:45:22"), ("israel", "08:15:22")])
def test_a_zone_that_stands_for_several(load: Loader, choice: str, instant: str) -> None:
    """IST is what the user says."""
    rows = [line("P1", "Website Payment", "1.00", TimeZone="IST")]
    counts(load, of(rows), options=[f"ist={choice}"])
    assert load.rows("SELECT CAST(transaction_date AS VARCHAR) FROM raw.transactions") == [
        (f"2025-03-15 {instant}",)
    ]


def test_an_account_with_other_formats_gives_the_same_rows(load: Loader) -> None:
    """Days first, decimal commas, semicolons, and `Time zone`: it is the same file."""
    header = HEADER.replace("TimeZone", "Time zone").replace("Date,Time,", "Time,Date,")
    rows = [
        {
            ("Time zone" if name == "TimeZone" else name): _european(name, value)
            for name, value in row.items()
        }
        for row in ACTIVITY
    ]
    counts(load, of(rows, header, encoding="utf-16", delimiter=";"))
    assert revenue(load) == GROSS


def _european(name: str, value: str) -> str:
    if name == "Date" and value[2:3] == "/":
        return f"{value[3:5]}/{value[:2]}/{value[6:]}"
    if name in ("Gross", "Fee", "Net"):
        return value.translate(str.maketrans(",.", ".,"))
    return value


def test_only_the_columns_that_are_needed(load: Loader) -> None:
    """Without addresses everybody is a guest."""
    header = "Date,Time,TimeZone,Type,Status,Currency,Gross,Transaction ID"
    rows = [
        {name: value for name, value in row.items() if name in header.split(",")} for row in TAKEN
    ]
    assert counts(load, of(rows, header))["customers"].rows_accepted == 0
    assert revenue(load) == GROSS


def test_nothing_of_a_person_is_kept(load: Loader) -> None:
    """Addresses, names, phones and notes are in no table, not even in quarantine."""
    counts(load, of(ACTIVITY))
    assert_not_kept(load, SECRETS)


def test_a_sep_line_before_the_header_is_skipped(load: Loader) -> None:
    """``sep=,`` before the header is not a record."""
    counts(load, b"sep=,\r\n" + of(ACTIVITY, encoding="utf-8"))
    assert revenue(load) == GROSS
