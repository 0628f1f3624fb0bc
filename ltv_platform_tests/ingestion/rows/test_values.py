"""Rules for values, line by line of tables.md."""

import csv
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest

from ltv_platform_tests.testing.loader import Loader

#: The end of a reason.
ROUND_IT = "round it where it is made, or in an adapter"
TRANSACTIONS = "transaction_id,customer_id,transaction_date,amount"


def transactions(*rows: dict[str, str]) -> str:
    """A file of transactions that are valid except for the given columns."""
    whole = [
        {
            "transaction_id": f"t{ordinal}",
            "customer_id": "c1",
            "transaction_date": "2025-06-01 10:00:00",
            "amount": "9.99",
            "updated_at": "",
            "transaction_type": "",
            "is_refund": "",
            **row,
        }
        for ordinal, row in enumerate(rows)
    ]
    text = StringIO()
    writer = csv.DictWriter(text, list(whole[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(whole)
    return text.getvalue()


def test_amounts_are_kept_exactly(load: Loader) -> None:
    """Money is DECIMAL(18,6); exponents are fine, and so are zeros after the sixth decimal."""
    amounts = {
        "9.99": "9.99",
        "+1.5": "1.5",
        ".5": "0.5",
        "1.": "1",
        "0.123456": "0.123456",
        "1.50000000": "1.5",
        "12.340000000000002": "12.34",
        "118.22999999999999": "118.23",
        "1.1834e2": "118.34",
        "1e3": "1000",
        "12E-1": "1.2",
        "999999999999.999999": "999999999999.999999",
    }
    counts = load("transactions", transactions(*({"amount": text} for text in amounts)))
    assert counts.rows_accepted == len(amounts)
    assert load.rows("SELECT amount FROM raw.transactions ORDER BY line") == [
        (Decimal(expected),) for expected in amounts.values()
    ]


def test_bad_amounts_are_reasons_not_roundings(load: Loader) -> None:
    """No infinity, NaN, underscores, thousands separators, or more decimals than the scale."""
    no_number, too_fine = "is not a number", "has more than 6 decimals; " + ROUND_IT
    too_large = "has more than 12 digits before the point"
    amounts = {
        "NaN": no_number,
        "inf": no_number,
        "-Infinity": no_number,
        "1_000": no_number,
        "1,000.00": no_number,
        "twelve": no_number,
        "0.1234567": too_fine,
        "1.2345675e0": too_fine,
        "0.0000005": too_fine,
        "1e-7": too_fine,
        "1000000000000": too_large,
        "-1000000000000.1234567": too_large,
        "1e999": too_large,
        "-0.01": "is below 0",
    }
    counts = load("transactions", transactions(*({"amount": text} for text in (*amounts, ""))))
    assert counts.rows_quarantined == counts.rows_in_file == len(amounts) + 1
    assert load.reasons() == [
        *((line, [f"amount: '{t}' {why}"]) for line, (t, why) in enumerate(amounts.items(), 2)),
        (len(amounts) + 2, ["amount: is missing"]),
    ]


def test_a_refund_without_its_flag_is_rejected(load: Loader) -> None:
    """The sign of money depends only on is_refund."""
    words = (
        *("refund", "Chargeback", "Refunded", "RETURN", "returned", "reversal", "partial refund"),
        *("Partial-Refund", "void", "voided", "authorization", "cancelled", "Canceled"),
    )
    rows = [
        {"transaction_type": kind, "is_refund": flag}
        for kind in (*words, "purchase", "sale")
        for flag in ("0", "1")
    ]
    load("transactions", transactions(*rows))
    assert [line for line, _ in load.reasons()] == [2 * n + 2 for n in range(len(words))]
    assert all(
        "is 0, but this is not a purchase (LTV_REFUND" in reason for _, [reason] in load.reasons()
    )


def test_words_of_refunds_are_a_setting(loader_with: Callable[..., Loader]) -> None:
    """LTV_REFUND_TYPES replaces the list; if empty, no word means a refund."""
    rows = [{"transaction_type": kind} for kind in ("refund", "storno")]
    load = loader_with(refund_types="storno")
    load("transactions", transactions(*rows))
    assert [line for line, _ in load.reasons()] == [3]
    assert (
        loader_with(refund_types="")("transactions", transactions(*rows) + "\n").rows_in_file == 2
    )


def test_an_attribute_that_cannot_be_read_costs_nobody_their_row(load: Loader) -> None:
    """Regression: an install and its revenue were quarantined for the sake of an age."""
    outcome = load.outcome(
        "customers",
        "customer_id,registration_date,age,is_active\n"
        "c1,2025-01-01,12.5,\nc2,2025-01-01,131,\nc3,2025-01-01,-1,\n"
        "c4,2025-01-01,99999999999,\nc5,2025-01-01,,maybe\nc6,2025-01-01,25-34,2\n"
        "c7,2025-01-01,130,1\nc8,2025-01-01,0,FALSE\nc9,2025-01-01,4.0,0\nc0,soon,x,\n",
    )
    assert outcome.counts is not None
    assert (outcome.counts.rows_accepted, outcome.counts.rows_quarantined) == (9, 1)
    assert outcome.counts.attributes_unread == '{"age": 5, "is_active": 2}'
    assert outcome.notes == (
        "unreadable attributes left empty: age (5), is_active (2); their rows are loaded",
    )
    assert load.rows("SELECT age, is_active FROM raw.customers WHERE line > 7 ORDER BY line") == [
        (130, True),
        (0, False),
        (4, False),
    ]
    assert load.rows("SELECT COUNT(age), COUNT(is_active) FROM raw.customers") == [(3, 3)]


@pytest.mark.parametrize(
    ("table", "header", "row", "column"),
    [
        ("customer_interactions", "interaction_id,customer_id,interaction_date,interaction_type",
         "i1,c1,2025-05-01,login", "duration_seconds"),
        ("customer_interactions", "interaction_id,customer_id,interaction_date,interaction_type",
         "i1,c1,2025-05-01,login", "satisfaction_score"),
        ("campaign_costs", "campaign_id,date,cost", "c1,2025-05-01,5", "impressions"),
        ("campaign_costs", "campaign_id,date,cost", "c1,2025-05-01,5", "clicks"),
    ],
)  # fmt: skip
def test_attributes_of_other_tables(
    load: Loader, table: str, header: str, row: str, column: str
) -> None:
    """Out of bounds means unread, too."""
    counts = load(table, f"{header},{column}\n{row},-7\n")
    assert counts.attributes_unread == f'{{"{column}": 1}}'
    assert load.rows(f"SELECT {column} FROM raw.{table}") == [(None,)]


FLAGS = {"1": True, "TRUE": True, "t": True, "Yes": True, "y": True, "1.0": True,
         "0": False, "False": False, "F": False, "no": False, "N": False}  # fmt: skip


def test_flags_are_read_in_every_usual_spelling(load: Loader) -> None:
    """A flag that decides money is read or is a reason."""
    counts = load(
        "transactions", transactions(*({"is_refund": text} for text in (*FLAGS, "maybe")))
    )
    assert load.rows("SELECT is_refund FROM raw.transactions ORDER BY line") == [
        (flag,) for flag in FLAGS.values()
    ]
    assert counts.rows_quarantined == 1
    assert load.reasons()[0][1] == ["is_refund: 'maybe' is not 0 or 1"]


def test_currencies_are_read_in_any_case(load: Loader) -> None:
    """`usd` is USD, of rates too; a word is a reason."""
    load(
        "transactions", TRANSACTIONS + ",currency\nt1,c,2025-01-01,1,usd\nt2,c,2025-01-01,1,euro\n"
    )
    load("fx_rates", "date,currency,rate\n2025-01-01, eur ,1.1\n")
    assert load.rows("SELECT currency FROM raw.transactions") == [("USD",)]
    assert load.rows("SELECT currency FROM raw.fx_rates") == [("EUR",)]
    assert load.reasons() == [(3, ["currency: 'euro' is not an ISO 4217 code such as EUR"])]


def test_noise_of_doubles_is_rounded_and_counted(load: Loader) -> None:
    """Within 1e-9 of its rounding, relatively; anything farther off was intended."""
    outcome = load.outcome(
        "transactions",
        transactions(
            *({"amount": text} for text in ("12.340000000000002", "7", "0.1", "0.0000005"))
        ),
    )
    assert outcome.counts is not None
    assert (outcome.counts.rounded, outcome.counts.rows_quarantined) == (1, 1)
    assert "1 numbers had more decimals than" in outcome.notes[0]


def test_doubles_that_an_adapter_makes_are_rounded_and_counted(load: Loader) -> None:
    """Regression: CAST(price AS DOUBLE) was quarantined, a double of Parquet was not."""
    path = load.write(
        "shop.sql",
        "-- table: fx_rates\nSELECT d AS date, 'EUR' AS currency, 1 / CAST(x AS DOUBLE) AS rate "
        "FROM file",
    )
    counts = load("fx_rates", "d,x\n2025-01-01,0.9\n2025-01-02,0.8\n", "x.csv", str(path))
    assert (counts.rows_accepted, counts.rounded) == (2, 1)
    assert load.rows("SELECT CAST(rate AS VARCHAR) FROM raw.fx_rates ORDER BY line") == [
        ("1.11111111",),
        ("1.25000000",),
    ]


def test_negative_spend_is_a_correction(load: Loader) -> None:
    """Ad platforms write it; a negative purchase stays a reason."""
    assert load("campaign_costs", "campaign_id,date,cost\nc1,2025-05-01,-5\n").rows_accepted == 1
    assert load("session_costs", "session_id,cost\ns1,-0.5\n").rows_accepted == 1
    assert load("transactions", transactions({"amount": "-5"})).rows_quarantined == 1


def test_a_purchase_without_a_customer_is_a_guests(load: Loader) -> None:
    """Its revenue stays; but the column must be there."""
    load("transactions", TRANSACTIONS + "\nt1,,2025-05-01,5\n")
    assert load.rows("SELECT customer_id FROM raw.transactions") == [("(guest)",)]
    outcome = load.outcome(
        "transactions", "transaction_id,transaction_date,amount\nt1,2025-05-01,5\n"
    )
    assert outcome.error is not None
    assert "lacks customer_id" in outcome.error.message
    load("customers", "customer_id,registration_date\n(guest),2025-01-01\n")
    assert load.reasons()[0][1][0].startswith("customer_id: (guest) is what the platform itself")


def test_text_is_trimmed_and_empty_is_null(load: Loader) -> None:
    """A required NULL is a reason; optional columns get their defaults."""
    counts = load(
        "transactions",
        TRANSACTIONS + ",transaction_type,is_refund,currency\n"
        "  t1 ,\u00a0c1\t, 2025-06-01 , 1 ,,, \n"
        "   ,c1,2025-06-01,1,,,\n",
    )
    assert (counts.rows_accepted, counts.rows_quarantined) == (1, 1)
    assert load.rows(
        "SELECT transaction_id, customer_id, transaction_type, is_refund, currency "
        "FROM raw.transactions"
    ) == [("t1", "c1", "purchase", False, None)]
    assert load.reasons() == [(3, ["transaction_id: is missing"])]


def test_every_broken_rule_of_a_row_is_a_reason(load: Loader) -> None:
    """One round of fixing is enough."""
    load("transactions", TRANSACTIONS + ",currency\n,c1,soon,-1,euro\n")
    [(_, reasons)] = load.reasons()
    assert [reason.split(":")[0] for reason in reasons] == [
        "transaction_id",
        "transaction_date",
        "amount",
        "currency",
    ]


def test_unknown_columns_are_left_out_and_told_once(load: Loader) -> None:
    """Unknown columns are warned of once per file and kept out."""
    outcome = load.outcome("campaigns", "campaign_id,color\nc1,red\nc2,blue\n")
    assert outcome.notes == ("campaigns.csv: unknown columns ignored: color",)
    assert load.rows("SELECT COUNT(*) FROM raw.campaigns") == [(2,)]


def test_a_missing_required_column_rejects_the_file(load: Loader) -> None:
    """With the columns it has, the nearest names, and a hint at adapters."""
    outcome = load.outcome("customers", "customerid,registration_date\nc1,2025-01-01\n")
    assert outcome.counts is None
    assert outcome.error is not None
    assert "lacks customer_id" in outcome.error.message
    assert "It has customerid, registration_date." in outcome.error.message
    assert "Should customerid be customer_id?" in outcome.error.message
    assert "--adapter" in outcome.error.hint
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(0,)]


def test_odd_countries_are_kept_and_told(load: Loader) -> None:
    """A text that is neither a code nor an English name becomes a separate group."""
    outcome = load.outcome(
        "customers",
        "customer_id,registration_date,country\nc1,2025-01-01,UK\nc2,2025-01-01,Frankreich\n"
        "c3,2025-01-01,US\nc4,2025-01-01,\nc5,2025-01-01,UK\n",
    )
    assert outcome.notes == (
        "country: 1 rows have no ISO 3166-1 code or English country name: Frankreich; kept as "
        "given",
    )
    assert load.rows("SELECT country FROM raw.customers ORDER BY customer_id") == [
        ("UK",),
        ("Frankreich",),
        ("US",),
        (None,),
        ("UK",),
    ]


@pytest.mark.parametrize(
    ("table", "text", "row"),
    [
        (
            "session_sources",
            "session_id,user_id,channel_name,event_date,event_time,holder_engagement,"
            "closer_engagement\ns1,u1,Email,2025-03-01,09:30:00,1,0\n",
            ("SELECT session_ts, impression_interaction", (datetime(2025, 3, 1, 9, 30), False)),
        ),
        (
            "conversions",
            "conv_id,user_id,conv_date,conv_time,revenue\nv1,u1,2025-03-01,23:59:59,5\n",
            (
                "SELECT conversion_ts, conv_date",
                (datetime(2025, 3, 1, 23, 59, 59), date(2025, 3, 1)),
            ),
        ),
        (
            "session_costs",
            "session_id,cost\ns1,\n",
            ("SELECT session_id, cost", ("s1", Decimal(0))),
        ),
        (
            "fx_rates",
            "date,currency,rate\n2025-03-01,EUR,1.08123456\n",
            ("SELECT rate", (Decimal("1.08123456"),)),
        ),
    ],
)
def test_computed_and_default_values(
    load: Loader, table: str, text: str, row: tuple[str, tuple[Any, ...]]
) -> None:
    """session_ts = event_date + event_time; a missing cost is 0; rates have eight decimals."""
    load(table, text)
    select, values = row
    assert load.rows(f"{select} FROM raw.{table}") == [values]
