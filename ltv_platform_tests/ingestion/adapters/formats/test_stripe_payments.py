"""Stripe's export of payments, by its header of today and the one before it.

By hand, of the payments in :data:`PAYMENTS`:

    ch_01 usd  1,200.50                    ch_02 usd 50.00, refunded 50.00
    ch_03 usd 80.00, refunded 30.00        ch_04 eur 20.00 (converted: usd 22.00)
    ch_05 jpy 1500 (converted: usd 10.00)  ch_06 usd 0.00
    ch_07 usd 60.00, dispute lost: 60.00   ch_08 usd 45.00, dispute won
    ch_09 usd 90.00, refunded 40.00, dispute over 90.00 lost: the other 50.00
    ch_10 usd 12.00, a guest               ch_11 eur 10.00, refunded 5.00 (converted: usd 11.00)

Purchases: USD 1,537.50 (1200.50 + 50 + 80 + 0 + 60 + 45 + 90 + 12), EUR 30.00, JPY 1,500.
Refunds: USD 120.00 (50 + 30 + 40), EUR 5.00. Disputes: USD 110.00.
Converted purchases: USD 1,580.50 (1537.50 + 22 + 10 + 11); refunds: USD 125.50 (120 + 5.50).
"""

from collections.abc import Callable, Sequence
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

NEW = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,"
    "Converted Amount Refunded,Converted Currency,Decline Reason,Description,Fee,Is Link,Mode,"
    "Payment Source Type,Refunded date (UTC),Statement Descriptor,Status,Seller Message,"
    "Taxes On Fee,Customer ID,Customer Email,Disputed Amount,Dispute Status,Dispute Date (UTC)"
)
OLD = (
    "id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,"
    "Converted Amount Refunded,Fee,Tax,Converted Currency,Mode,Status,Statement Descriptor,"
    "Customer ID,Customer Description,Customer Email,Captured,Card ID,Card Last4,Card Brand,"
    "Card Name,Card Address Line1,Card Address Country,Card Issue Country,Disputed Amount,"
    "Dispute Status,Dispute Reason,Dispute Date (UTC),Dispute Evidence Due (UTC),Invoice ID,"
    "PaymentIntent ID,order_email (metadata)"
)
SECRETS = ("example.com", "Zoë Müller", "Order for", "4242")


def payment(number: int, amount: str, status: str = "Paid", **more: str) -> Row:
    """A payment as the old header has it; names of further columns have blanks for underscores."""
    given = {name.replace("_", " "): value for name, value in more.items()}
    usual = {
        "id": f"ch_{number:02}",
        "Created (UTC)": f"2025-03-{number:02} 10:15",
        "Amount": amount,
        "Amount Refunded": "0.00",
        "Currency": "usd",
        "Converted Amount": amount,
        "Converted Amount Refunded": "0.00",
        "Converted Currency": "usd",
        "Captured": "true",
        "Mode": "Live",
        "Status": status,
        "Customer ID": f"cus_{number}",
        "Customer Email": f"buyer{number}@example.com",
        "Description": "Order for Zoë Müller,\nthe second",
        "Card Name": "Zoë Müller",
        "Card Last4": "4242",
        "Card Issue Country": "US",
    }
    row = {**usual, **given}
    if "Amount Refunded" in given and "Converted Amount Refunded" not in given:
        row["Converted Amount Refunded"] = row["Amount Refunded"]
    return row


FAILED = [
    payment(20, "500.00", "Failed", Captured="false"),
    payment(21, "500.00", "Canceled", Captured="false"),
    payment(22, "500.00", "Requires payment method", Captured="false"),
    payment(23, "500.00", "requires_capture", Captured=""),
    payment(24, "500.00", "Uncaptured", Captured="false"),
    payment(25, "500.00", "Refunded", Captured="false", Amount_Refunded="500.00"),
    payment(26, "500.00", "Pending"),
    payment(27, "500.00", "Failed", Captured="true", Customer_ID=""),
]
UNREADABLE = [
    payment(28, "twelve"),
    payment(29, "10.00", "Surprise"),
    payment(30, "10.00", **{"Created (UTC)": "soon"}, Amount_Refunded="10.00"),
]
PAYMENTS = [
    payment(1, "1,200.50", Customer_ID="cus_ana"),
    payment(2, "50.00", "Refunded", Amount_Refunded="50.00", Customer_ID="cus_ana"),
    payment(3, "80.00", "Partially refunded", Amount_Refunded="30.00", Customer_ID=""),
    payment(4, "20.00", Currency="eur", Converted_Amount="22.00"),
    payment(5, "1500", Currency="jpy", Converted_Amount="10.00"),
    payment(6, "0.00", "succeeded"),
    payment(
        7,
        "60.00",
        "Disputed",
        Disputed_Amount="60.00",
        Dispute_Status="lost",
        **{"Dispute Date (UTC)": "2025-04-02 08:00"},
    ),
    payment(8, "45.00", Disputed_Amount="45.00", Dispute_Status="won"),
    payment(
        9,
        "90.00",
        "Disputed",
        Amount_Refunded="40.00",
        Disputed_Amount="90.00",
        Dispute_Status="lost",
    ),
    payment(10, "12.00", Customer_ID="", Customer_Email=""),
    payment(
        *(11, "10.00", "Partially refunded"),
        Currency="eur",
        Amount_Refunded="5.00",
        Converted_Amount="11.00",
        Converted_Amount_Refunded="",
        Customer_ID="",
        Customer_Email="BUYER3@example.com",
    ),
    *FAILED,
    *UNREADABLE,
]
CHARGED = {
    ("USD", "purchase"): Decimal("1537.50"),
    ("USD", "refund"): Decimal("120.00"),
    ("USD", "dispute"): Decimal("110.00"),
    ("EUR", "purchase"): Decimal("30.00"),
    ("EUR", "refund"): Decimal("5.00"),
    ("JPY", "purchase"): Decimal("1500"),
}
CONVERTED = {
    ("USD", "purchase"): Decimal("1580.50"),
    ("USD", "refund"): Decimal("125.50"),
    ("USD", "dispute"): Decimal("110.00"),
}


def of(header: str, rows: Sequence[Row], **written: str) -> bytes:
    """A file with that header."""
    renamed = [
        {("Created date (UTC)" if n == "Created (UTC)" else n): v for n, v in row.items()}
        if header == NEW
        else row
        for row in rows
    ]
    columns = header.split(",")
    kept = [{n: v for n, v in row.items() if n in columns} for row in renamed]
    return export_of(header, kept, **written)  # type: ignore[arg-type]


@pytest.mark.parametrize("header", [NEW, OLD])
def test_what_is_taken(load: Loader, header: str) -> None:
    """Eleven purchases, with their refunds and disputes if any; four rejected.

    The refund of a payment without a date stays out with it.
    """
    found = counts(load, of(header, PAYMENTS))
    assert revenue(load) == CHARGED
    transactions = found["transactions"]
    assert (transactions.rows_accepted, transactions.rows_quarantined) == (11 + 11 + 3, 4)
    reasons = load.rows(
        "SELECT reasons[1] FROM raw.quarantine WHERE table_name = 'transactions' ORDER BY 1"
    )
    assert [reason for (reason,) in reasons] == [
        "Status 'Surprise' is not known",
        "amount: 'twelve' is not a number",
        "transaction_date: 'soon' is not a timestamp such as 2023-01-15 10:30:00",
        "transaction_date: 'soon' is not a timestamp such as 2023-01-15 10:30:00",
    ]
    assert load.rows(
        "SELECT transaction_id, is_refund, is_deleted, CAST(transaction_date AS VARCHAR) "
        "FROM raw.transactions WHERE order_id IN ('ch_07', 'ch_08') ORDER BY transaction_id"
    ) == [
        ("ch_07", False, False, "2025-03-07 10:15:00"),
        ("ch_07-dispute", True, False, "2025-04-02 08:00:00"),
        ("ch_07-refund", True, True, "2025-03-07 10:15:00"),
        ("ch_08", False, False, "2025-03-08 10:15:00"),
        ("ch_08-dispute", True, True, "2025-03-08 10:15:00"),
        ("ch_08-refund", True, True, "2025-03-08 10:15:00"),
    ]


def test_customers_are_those_who_paid(load: Loader) -> None:
    """Who paid: by Stripe's id, else the address, from the first payment that succeeded."""
    found = counts(load, of(OLD, PAYMENTS))["customers"]
    # cus_ana, buyer3 by address (3 and 11), and 4 to 9; not those whose payments are quarantined.
    assert (found.rows_accepted, found.rows_quarantined) == (8, 0)
    assert load.rows(
        "SELECT CAST(registration_date AS VARCHAR), country FROM raw.customers "
        "WHERE customer_id = 'cus_ana' OR starts_with(customer_id, 'person-') ORDER BY 1"
    ) == [("2025-03-01 10:15:00", "US"), ("2025-03-03 10:15:00", "US")]
    [(buyers,)] = load.rows(
        "SELECT COUNT(DISTINCT customer_id) FROM raw.transactions WHERE order_id IN "
        "('ch_03', 'ch_11')"
    )
    assert buyers == 1


def test_the_clock_is_utc(loader_with: Callable[..., Loader]) -> None:
    """Whatever zone the user's other files have."""
    load = loader_with(source_timezone="America/New_York")
    counts(
        load, of(NEW, [payment(1, "1.00"), payment(2, "1.00", **{"Created (UTC)": "2025-03-02"})])
    )
    assert load.rows(
        "SELECT CAST(transaction_date AS VARCHAR) FROM raw.transactions WHERE NOT is_refund "
        "ORDER BY 1"
    ) == [("2025-03-01 10:15:00",), ("2025-03-02 00:00:00",)]


def test_amounts_are_in_the_currency_of_the_account(load: Loader) -> None:
    """In the currency of the account; an unconverted refund uses the payment's rate."""
    counts(load, of(OLD, PAYMENTS), options=["amount=converted"])
    assert revenue(load) == CONVERTED


def test_a_second_time_nothing_changes(load: Loader) -> None:
    """The same file is known, and the same payments under the other header are the same."""
    counts(load, of(OLD, PAYMENTS))
    assert all(each.repeated for each in outcomes(load, of(OLD, PAYMENTS), "again.csv"))
    counts(load, of(NEW, PAYMENTS), "new.csv")
    assert revenue(load) == CHARGED


def test_a_later_export_restates(load: Loader) -> None:
    """A refund comes and fails, a dispute is lost and won after all."""

    def total(status: str, **more: str) -> dict[str, Decimal]:
        name = f"{len(load.rows('FROM raw.loads'))}.csv"
        counts(load, of(OLD, [payment(1, "100.00", status, **more)]), name)
        return {kind: amount for (_, kind), amount in revenue(load).items()}

    assert total("Paid") == {"purchase": 100}
    refunded = {"purchase": 100, "refund": 100}
    assert total("Refunded", Amount_Refunded="100.00") == refunded
    assert total("Paid", Customer_Description="the refund failed") == {"purchase": 100}
    disputed = {"Disputed_Amount": "100.00", "Dispute_Status": "lost"}
    assert total("Disputed", **disputed) == {"purchase": 100, "dispute": 100}
    assert total("Paid", **{**disputed, "Dispute_Status": "won"}) == {"purchase": 100}


@pytest.mark.parametrize("newest_first", [False, True])
def test_two_exports_in_one_file(load: Loader, newest_first: bool) -> None:
    """If a payment occurs twice, the larger refund counts, then the larger loss."""
    disputed = {"Disputed_Amount": "20.00", "Dispute_Status": "lost"}
    states = [
        payment(1, "100.00"),
        payment(1, "100.00", "Refunded", Amount_Refunded="100.00"),
        payment(2, "20.00", "Disputed", **{**disputed, "Dispute_Status": "under_review"}),
        payment(2, "20.00", "Disputed", **disputed),
    ]
    rows = [*(reversed(states) if newest_first else states), *[payment(3, "5.00")] * 2]
    found = counts(load, of(OLD, rows))["transactions"]
    assert (found.rows_accepted, found.rows_quarantined) == (7, 0)
    assert {kind: amount for (_, kind), amount in revenue(load).items()} == {
        "purchase": 125,
        "refund": 100,
        "dispute": 20,
    }


def test_a_status_that_is_not_known(load: Loader) -> None:
    """A word in it does not make it one that is."""
    counts(load, of(OLD, [payment(1, "100.00", "Unsuccessful"), payment(2, "1.00", "")]))
    assert revenue(load) == {}
    assert [reason for _, [reason] in load.reasons()] == [
        "Status 'Unsuccessful' is not known",
        "Status is empty",
    ]


def test_test_mode_is_refused(load: Loader) -> None:
    """Test mode is not real money: the file is refused."""
    [outcome] = outcomes(load, of(NEW, [*PAYMENTS, payment(31, "1.00", Mode="Test")]))
    assert outcome.error is not None
    assert "the payment is one of test mode" in str(outcome.error)
    assert load.rows("SELECT COUNT(*) FROM raw.transactions") == [(0,)]


def test_nothing_of_a_person_is_kept(load: Loader) -> None:
    """Addresses, names and cards are in no table, not even in quarantine."""
    counts(load, of(OLD, PAYMENTS))
    assert_not_kept(load, SECRETS)


def test_only_the_columns_that_are_needed(load: Loader) -> None:
    """Without customers everybody is a guest."""
    header = "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status"
    rows = [
        {("Created date (UTC)" if n == "Created (UTC)" else n): v for n, v in row.items()}
        for row in PAYMENTS
    ]
    kept = [{n: v for n, v in row.items() if n in header.split(",")} for row in rows]
    found = counts(load, export_of(header, kept, encoding="utf-16", delimiter="\t"))
    assert found["customers"].rows_accepted == 0
    assert revenue(load) == {k: v for k, v in CHARGED.items() if k[1] != "dispute"}


def test_a_sep_line_before_the_header_is_skipped(load: Loader) -> None:
    """``sep=,`` before the header is not a record."""
    counts(load, b"sep=,\r\n" + of(OLD, PAYMENTS, encoding="utf-8"))
    assert revenue(load) == CHARGED
