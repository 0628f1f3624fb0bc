"""Answers as JSON, NDJSON, CSV and Parquet."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ltv_platform.pipes.formats import as_csv, as_json, as_ndjson, as_parquet
from ltv_platform.pipes.parameters import read_question
from ltv_platform_tests.pipes.asking import Asking
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Asking:
    """Two customers; one of them is known by little more than an id."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.load(
        "customers",
        "a,2025-03-01 10:00:00,US,1,premium",
        "b,2025-04-05 10:00:00.5,DE,,",
        header="customer_id,registration_date,country,is_active,segment",
    )
    home.load(
        "transactions",
        "t1,a,2025-03-01 11:00:00,12345678901.123456,0",
        "t2,a,2025-03-02 11:00:00,0.000001,1",
        "t3,b,yesterday,1,0",
    )
    home.publish()
    return Asking(home)


def test_json(asking: Asking) -> None:
    """Types of ClickHouse, exact decimals, NULL, flags 0/1, times in seconds."""
    text = as_json(asking.answer("customer_ltv"))
    read = json.loads(text, parse_float=Decimal)
    meta = {column["name"]: column["type"] for column in read["meta"]}
    assert meta["customer_id"] == "String"
    assert meta["registration_date"] == "DateTime"
    assert meta["segment"] == "Nullable(String)"
    assert meta["is_active"] == "Nullable(UInt8)"
    assert meta["total_transactions"] == "UInt64"
    assert meta["ltv"] == "Decimal(38, 6)"
    assert meta["avg_order_value"] == "Nullable(Float64)"
    assert meta["tenure_days"] == "Int32"
    assert list(meta) == list(read["data"][0])
    first, second = read["data"]
    assert first["gross_revenue"] == Decimal("12345678901.123456")
    assert first["ltv"] == Decimal("12345678901.123455")
    assert b'"ltv":12345678901.123455,' in text
    assert (first["is_active"], first["segment"]) == (1, "premium")
    assert first["first_transaction_date"] == "2025-03-01 11:00:00"
    assert second["registration_date"] == "2025-04-05 10:00:00"
    for name in ("is_active", "segment", "avg_order_value", "first_transaction_date"):
        assert second[name] is None
    assert (read["rows"], read["rows_before_limit_at_least"]) == (2, 2)
    assert read["statistics"]["rows_read"] == 2
    assert read["statistics"]["bytes_read"] > 0
    assert read["statistics"]["elapsed"] > 0
    assert read["as_of"] == "2025-04-05"
    assert read["snapshot"].startswith("000001-")


def test_a_remembered_answer_reads_nothing(asking: Asking) -> None:
    """And says so."""
    first = asking.answer("customer_ltv", country="DE")
    again = asking.answer("customer_ltv", country="DE")
    assert (first.rows, first.total) == (again.rows, again.total)
    assert (first.rows_read, again.rows_read, again.bytes_read) == (2, 0, 0)


def test_newest_questions_are_answered_before_they_are_asked_again(tmp_path: Path) -> None:
    """Of the next snapshot, too, and with its figures."""
    home = Home(tmp_path)
    home.load("customers", "a,2025-03-01 10:00:00,US,,")
    home.publish()
    asking = Asking(home)
    first = asking.answer("customer_ltv", country="US")
    home.load("customers", "b,2025-03-01 11:00:00,US,,")
    home.publish()
    second = asking.answer("customer_ltv", country="US")
    assert [len(first.rows), len(second.rows)] == [1, 2]
    assert (first.rows_read, second.rows_read) == (1, 0)
    assert first.snapshot < second.snapshot
    asking.close()


def test_pages(asking: Asking) -> None:
    """The number of all rows is known on each page, and beyond the last one."""
    pages = [asking.answer("customer_ltv", limit=1, offset=offset) for offset in (0, 1, 2)]
    assert [[row[0] for row in page.rows] for page in pages] == [["a"], ["b"], []]
    assert [page.total for page in pages] == [2, 2, 2]


def test_ndjson(asking: Asking) -> None:
    """A row per line, as in JSON."""
    answer = asking.answer("customer_ltv")
    lines = as_ndjson(answer).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(as_json(answer))["data"]


def test_csv(asking: Asking) -> None:
    """The same texts; NULL is empty."""
    rows = list(csv.DictReader(io.StringIO(as_csv(asking.answer("customer_ltv")).decode())))
    assert [row["customer_id"] for row in rows] == ["a", "b"]
    assert rows[0]["ltv"] == "12345678901.123455"
    assert (rows[0]["is_active"], rows[1]["is_active"]) == ("1", "")


def test_parquet(asking: Asking, tmp_path: Path) -> None:
    """The types of the contract, and the rows of the table."""
    pipe = asking.pipe("customer_ltv")
    question = read_question(pipe, [("country", "US")], asking.home.settings)
    file = io.BytesIO(as_parquet(asking.frame(pipe, question)))
    assert pq.read_table(file).to_pylist() == asking.home.published(
        "SELECT * FROM customer_ltv WHERE country = 'US'"
    )


def test_quarantine_under_tinybirds_names(asking: Asking) -> None:
    """The texts of the record, what is wrong, and where."""
    read = json.loads(as_json(asking.answer("transactions_quarantine")))
    meta = {column["name"]: column["type"] for column in read["meta"]}
    assert meta["c__error"] == meta["c__error_column"] == "Array(String)"
    assert meta["insertion_date"] == "DateTime"
    assert meta["amount"] == "Nullable(String)"
    [row] = read["data"]
    assert row["c__error_column"] == ["transaction_date"]
    assert "yesterday" in row["c__error"][0]
    assert (row["transaction_id"], row["amount"]) == ("t3", "1")
    assert row["insertion_date"] == "2026-01-15 12:00:00"
    assert b'"[""transaction_date""]"' in as_csv(asking.answer("transactions_quarantine"))
    [whole] = json.loads(as_json(asking.answer("quarantine", name="transactions")))["data"]
    assert whole["reasons"] == [f"transaction_date: {row['c__error'][0]}"]
