"""Shopify's order export.

Revenue is Total - Taxes - Shipping. By hand, of the orders in :data:`ORDERS`:

    1001 EUR 125.00 - 20.00 - 5.00 = 100.00
    1002 EUR 101.00 - 16.00 - 5.00 =  80.00, refunded 50.50 of 101.00: 80.00 x 0.5    = 40.00
    1003 EUR  60.00 - 10.00        =  50.00, refunded all                             = 50.00
    1011 EUR  24.00 -  4.00        =  20.00, a guest
    1012 EUR 120.00 - 20.00        = 100.00, half of it paid: 50.00
    1013 EUR   0.00
    1014 EUR  11.90 -  1.90 - 11.90 <  0: 0.00, for only shipping was paid
    1015 USD  30.00
    1016 JPY  12000 - 1200 - 800   = 10000
    1020 EUR 100.00 - 20.00        =  80.00, refunded 33.33 of 100.00: 80.00 x 0.3333 = 26.664
    1021 EUR  40.00
    1023 EUR  70.00, refunded, but by no amount: all of it                            = 70.00

Purchases: EUR 490.00 (100 + 80 + 50 + 20 + 50 + 0 + 0 + 80 + 40 + 70), USD 30.00, JPY 10,000.
Refunds: EUR 186.664 (40 + 50 + 26.664 + 70).
"""

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
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,"
    "Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,"
    "Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,"
    "Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,"
    "Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,"
    "Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,"
    "Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,"
    "Payment Terms Name,Next Payment Due At,Payment References"
)
ANA, BEN, CEM, DORA = "Ana@Example.com", "ben@example.com", "cem@example.com", "dora@example.com"
SECRETS = ("example.com", "Zoë Müller", "Hauptstr", "+49 170", "10115", "call me", "PAY-REF")


def order(number: int, status: str, *amounts: str, **more: str) -> Row:
    """The first line of an order; names of further columns have blanks for underscores.

    The amounts are total, subtotal, shipping and taxes.
    """
    total, subtotal, shipping, taxes = amounts
    given = {name.replace("_", " "): value for name, value in more.items()}
    created = f"2025-03-{number - 1000:02} 10:00:00 -0500"
    return {
        "Name": f"#{number}",
        "Financial Status": status,
        "Created at": created,
        "Paid at": created.replace("10:00", "10:05"),
        "Currency": "EUR",
        "Total": total,
        "Subtotal": subtotal,
        "Shipping": shipping,
        "Taxes": taxes,
        "Refunded Amount": "0.00",
        "Outstanding Balance": "0.00",
        "Payment Method": "Shopify Payments",
        "Vendor": "Acme",
        "Id": f"450789{number}",
        "Accepts Marketing": "no",
        "Lineitem name": "Tee, large",
        "Source": "web",
        "Billing Name": "Zoë Müller",
        "Billing Street": "Hauptstr. 1",
        "Billing Zip": "'10115",
        "Billing Country": "DE",
        "Billing Phone": "'+49 170 1",
        "Phone": "+49 170 1",
        "Notes": 'call me\n"after" six, please',
        "Payment Reference": "PAY-REF",
        **given,
    }


def item(number: int, vendor: str = "Acme") -> Row:
    """A further line of an order."""
    return {
        "Name": f"#{number}",
        "Email": ANA,
        "Created at": f"2025-03-{number - 1000:02} 10:00:00 -0500",
        "Lineitem quantity": "2",
        "Lineitem name": "Café mug",
        "Lineitem price": "9.90",
        "Vendor": vendor,
    }


UNPAID = [
    order(1004, "pending", "10.00", "10.00", "0.00", "0.00", Email=DORA, Paid_at=""),
    order(1005, "authorized", "10.00", "10.00", "0.00", "0.00", Email=DORA, Paid_at=""),
    order(
        1006,
        *("voided", "10.00", "10.00", "0.00", "0.00"),
        Email="never@example.com",
        Paid_at="",
        Cancelled_at="2025-03-07 09:00:00 -0500",
    ),
    order(1007, "expired", "10.00", "10.00", "0.00", "0.00", Email=DORA, Paid_at=""),
    order(
        1008,
        *("paid", "10.00", "10.00", "0.00", "0.00"),
        Email="never@example.com",
        Paid_at="",
        Cancelled_at="2025-03-09 09:00:00 -0500",
    ),
    order(1009, "paid", "999.00", "999.00", "0.00", "0.00", Email=DORA, Tags="vip, Test"),
    order(
        1010,
        *("paid", "999.00", "999.00", "0.00", "0.00"),
        Email="never@example.com",
        Payment_Method="(for testing) Bogus Gateway",
    ),
]
UNREADABLE = [
    order(1017, "paid", "abc", "10.00", "0.00", "0.00", Email=BEN),
    order(1018, "surprise", "10.00", "10.00", "0.00", "0.00", Email=BEN),
    order(1019, "paid", "10.00", "10.00", "0.00", "0.00", Email=BEN, Paid_at="soon"),
    order(1022, "partially_paid", "9.00", "9.00", "0.00", "0.00", Outstanding_Balance=""),
]
ORDERS = [
    order(1001, "paid", "125.00", "100.00", "5.00", "20.00", Email=ANA, Shipping_Country="FR"),
    item(1001),
    item(1001),
    order(
        1002,
        *("partially_refunded", "101.00", "80.00", "5.00", "16.00"),
        Email=ANA,
        Refunded_Amount="50.50",
        Fulfilled_at="2025-03-04 08:00:00 -0500",
    ),
    item(1002, "Bolt"),
    order(
        1003,
        *("refunded", "60.00", "50.00", "0.00", "10.00"),
        Email=BEN,
        Refunded_Amount="60.00",
        Cancelled_at="2025-03-06 23:30:00 -0500",
    ),
    *UNPAID,
    order(1011, "paid", "24.00", "20.00", "0.00", "4.00", Source="pos", Billing_Country=""),
    order(
        1012,
        *("partially_paid", "120.00", "100.00", "0.00", "20.00"),
        Email=CEM,
        Outstanding_Balance="60.00",
    ),
    order(1013, "paid", "0.00", "0.00", "0.00", "0.00", Email=DORA, Payment_Method=""),
    order(1014, "paid", "11.90", "0.00", "11.90", "1.90", Email=DORA),
    order(1015, "paid", "30.00", "30.00", "0.00", "0.00", Email=f" {ANA.upper()} ", Currency="USD"),
    order(1016, "paid", "12000", "10000", "800", "1200", Email=CEM, Currency="JPY"),
    *UNREADABLE,
    order(
        1020,
        *("partially_refunded", "100.00", "80.00", "0.00", "20.00"),
        Email=CEM,
        Refunded_Amount="33.33",
    ),
    order(1021, "paid", "40.00", "40.00", "0.00", "0.00", Email="zoë@example.com"),
    order(1023, "refunded", "70.00", "70.00", "0.00", "0.00", Email="n/a"),
]
NET = {
    ("EUR", "purchase"): Decimal("490.00"),
    ("EUR", "refund"): Decimal("186.664"),
    ("USD", "purchase"): Decimal("30.00"),
    ("JPY", "purchase"): Decimal("10000"),
}


def test_what_is_taken(load: Loader) -> None:
    """Twelve purchases, and the refund of each order if any; four rejected."""
    found = counts(load, export_of(HEADER, ORDERS))
    assert revenue(load) == NET
    transactions = found["transactions"]
    assert (transactions.rows_accepted, transactions.rows_quarantined) == (24, 4)
    reasons = [reason for _, [reason] in load.reasons()]
    assert sorted(reasons) == [
        "Financial Status 'surprise' is not known",
        "Outstanding Balance is empty on a partially paid order",
        "amount: 'abc' is not a number",
        "transaction_date: 'soon' is not a timestamp such as 2023-01-15 10:30:00",
    ]
    assert load.rows(
        "SELECT transaction_id, order_id, is_refund, CAST(transaction_date AS VARCHAR), "
        "product_category, payment_method FROM raw.transactions "
        "WHERE order_id IN ('4507891002', '4507891003') ORDER BY transaction_id"
    ) == [
        ("4507891002", "4507891002", False, "2025-03-02 15:05:00", None, "Shopify Payments"),
        ("4507891002-refund", "4507891002", True, "2025-03-04 13:00:00", None, "Shopify Payments"),
        ("4507891003", "4507891003", False, "2025-03-03 15:05:00", "Acme", "Shopify Payments"),
        (
            *("4507891003-refund", "4507891003", True),
            *("2025-03-07 04:30:00", "Acme", "Shopify Payments"),
        ),
    ]


def test_customers_are_those_who_paid(load: Loader) -> None:
    """Those who paid, from the first order that counts; guests are not customers."""
    found = counts(load, export_of(HEADER, ORDERS))["customers"]
    # Ana, Ben, Cem, Dora and Zoë; Dora's order of the 4th is not paid, that of the 9th a test.
    assert (found.rows_accepted, found.rows_quarantined) == (5, 0)
    assert load.rows(
        "SELECT CAST(registration_date AS VARCHAR), country FROM raw.customers ORDER BY 1"
    ) == [
        ("2025-03-01 15:00:00", "FR"),
        ("2025-03-03 15:00:00", "DE"),
        ("2025-03-12 15:00:00", "DE"),
        ("2025-03-13 15:00:00", "DE"),
        ("2025-03-21 15:00:00", "DE"),
    ]
    # Ana is one customer, however her address is written; the guests are nobody's.
    assert load.rows(
        "SELECT COUNT(*) FILTER (WHERE customer_id = '(guest)'), COUNT(DISTINCT customer_id) "
        "FROM raw.transactions WHERE NOT is_refund"
    ) == [(2, 6)]


def test_a_second_time_nothing_changes(load: Loader) -> None:
    """The same file is known; with one more order only that is new."""
    content = export_of(HEADER, ORDERS)
    counts(load, content)
    assert all(each.repeated for each in outcomes(load, content, "again.csv"))
    more = order(1024, "paid", "1.00", "1.00", "0.00", "0.00", Email=BEN)
    found = counts(load, export_of(HEADER, [*ORDERS, more]), "more.csv")["transactions"]
    assert (found.rows_accepted, found.rows_repeated) == (2, 24)
    assert revenue(load) == {**NET, ("EUR", "purchase"): Decimal("491.00")}


def test_a_later_export_restates(load: Loader) -> None:
    """A refund comes, is raised and goes: what the last file says is what counts."""

    def total(**more: str) -> dict[str, Decimal]:
        status = "partially_refunded" if more else "paid"
        rows = [order(1001, status, "125.00", "100.00", "5.00", "20.00", Email=ANA, **more)]
        counts(load, export_of(HEADER, rows), f"{len(load.rows('FROM raw.loads'))}.csv")
        return {kind: amount for (_, kind), amount in revenue(load).items()}

    assert total() == {"purchase": 100}
    assert total(Refunded_Amount="25.00") == {"purchase": 100, "refund": 20}
    assert total(Refunded_Amount="125.00") == {"purchase": 100, "refund": 100}
    assert total(Notes="it did not go through", Refunded_Amount="0.00") == {"purchase": 100}


@pytest.mark.parametrize("newest_first", [False, True])
def test_two_exports_in_one_file(load: Loader, newest_first: bool) -> None:
    """If an order occurs twice, the larger refund counts, then the later line."""
    amounts = ("125.00", "100.00", "5.00", "20.00")
    states = [
        order(1001, "paid", *amounts, Email=ANA),
        order(1001, "partially_refunded", *amounts, Email=ANA, Refunded_Amount="25.00"),
        order(1001, "refunded", *amounts, Email=ANA, Refunded_Amount="125.00"),
    ]
    twice = [order(1002, "paid", *amounts, Email=BEN), item(1002)] * 2
    rows = [*(reversed(states) if newest_first else states), *twice]
    found = counts(load, export_of(HEADER, rows))
    assert found["transactions"].rows_quarantined == 0
    assert (found["transactions"].rows_accepted, found["customers"].rows_accepted) == (4, 2)
    assert revenue(load) == {("EUR", "purchase"): Decimal(200), ("EUR", "refund"): Decimal(100)}


def test_a_line_that_cannot_be_read_hides_no_other(load: Loader) -> None:
    """The order is taken from the readable line; the other one is quarantined."""
    rows = [
        order(1001, "paid", "10.00", "10.00", "0.00", "0.00", Email=ANA),
        order(1001, "refunded", "ten", "10.00", "0.00", "0.00", Email=ANA, Refunded_Amount="10"),
    ]
    assert counts(load, export_of(HEADER, rows))["transactions"].rows_quarantined == 1
    assert revenue(load) == {("EUR", "purchase"): Decimal(10)}


def test_paid_after_it_was_cancelled(load: Loader) -> None:
    """Money has come in, in either order of the two dates."""
    late = order(
        *(1001, "paid", "10.00", "10.00", "0.00", "0.00"),
        Paid_at="2025-03-04 10:00:00 -0500",
        Cancelled_at="2025-03-03 10:00:00 -0500",
    )
    counts(load, export_of(HEADER, [late]))
    assert revenue(load) == {("EUR", "purchase"): Decimal(10)}


def test_no_refund_stands_without_its_purchase(load: Loader) -> None:
    """What keeps an order out keeps out what was refunded of it."""
    row = {**UNREADABLE[-1], "Refunded Amount": "1.00"}
    counts(load, export_of(HEADER, [row]))
    assert revenue(load) == {}
    assert {reason for _, [reason] in load.reasons()} == {
        "Outstanding Balance is empty on a partially paid order"
    }


@pytest.mark.parametrize("row", UNREADABLE)
def test_whose_only_order_is_quarantined(load: Loader, row: Row) -> None:
    """Is not a customer."""
    found = counts(load, export_of(HEADER, [{**row, "Email": ANA}]))
    assert found["transactions"].rows_quarantined == 1
    customers = found["customers"]
    assert (customers.rows_accepted, customers.rows_quarantined) == (0, 0)


@pytest.mark.parametrize(
    ("choice", "purchases", "refunds"),
    # total: 125 + 101 + 60 + 24 + 60 + 0 + 11.90 + 100 + 40 + 70; 50.50 + 60 + 33.33 + 70.
    # subtotal: 100 + 80 + 50 + 20 + 50 + 0 + 0 + 80 + 40 + 70; as the net one.
    [("total", "591.90", "213.83"), ("subtotal", "490.00", "186.664")],
)
def test_revenue_is_a_choice(load: Loader, choice: str, purchases: str, refunds: str) -> None:
    """What was charged, or the goods alone."""
    counts(load, export_of(HEADER, ORDERS), options=[f"revenue={choice}"])
    found = revenue(load)
    assert found["EUR", "purchase"] == Decimal(purchases)
    assert found["EUR", "refund"] == Decimal(refunds)


def test_nothing_of_a_person_is_kept(load: Loader) -> None:
    """Names, addresses, phones and notes are in no table, not even in quarantine."""
    counts(load, export_of(HEADER, ORDERS))
    assert_not_kept(load, SECRETS)


def test_a_file_saved_by_a_spreadsheet_gives_the_same_rows(load: Loader) -> None:
    """With semicolons, decimal commas, columns in another order and UTF-16 it is the same file."""
    marks = [
        {name: value.replace(".", ",") if name in _MONEY else value for name, value in row.items()}
        for row in ORDERS
    ]
    header = ",".join(reversed(HEADER.split(",")))
    counts(load, export_of(header, marks, encoding="utf-16", delimiter=";"))
    assert revenue(load) == NET


_MONEY = ("Total", "Subtotal", "Shipping", "Taxes", "Refunded Amount", "Outstanding Balance")


def test_only_the_columns_that_are_needed(load: Loader) -> None:
    """Without ids the name identifies the order, and everybody is a guest."""
    header = "Name,Financial Status,Paid at,Currency,Shipping,Taxes,Total,Created at"
    rows = [
        {name: value for name, value in row.items() if name in header.split(",")}
        for row in ORDERS
        if row.get("Financial Status") in (None, "paid") and row not in (*UNPAID, *UNREADABLE)
    ]
    counts(load, export_of(header, rows))
    # 100 + 20 + 0 + 0 + 40
    assert revenue(load)["EUR", "purchase"] == Decimal("160.00")
    assert load.rows("SELECT COUNT(*) FROM raw.transactions WHERE transaction_id = '#1001'") == [
        (1,)
    ]


def test_ids_that_a_spreadsheet_has_rounded(load: Loader) -> None:
    """They are not ids, and the file is refused."""
    rows = [{**ORDERS[0], "Id": "4.50789E+12"}]
    [outcome] = outcomes(load, export_of(HEADER, rows))
    assert outcome.error is not None
    assert "a spreadsheet has rounded the ids" in str(outcome.error)


def test_a_sep_line_before_the_header_is_skipped(load: Loader) -> None:
    """``sep=,`` before the header is not a record."""
    counts(load, b"sep=,\r\n" + export_of(HEADER, ORDERS, encoding="utf-8"))
    assert revenue(load) == NET
