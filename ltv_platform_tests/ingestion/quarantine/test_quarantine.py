"""Quarantine: listing, and replay with the current settings without loss or doubling."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.quarantine.listing import count_quarantine, list_quarantine
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform.warehouse.duckdb.transaction import DuckDBTransaction
from ltv_platform_tests.testing import NOW
from ltv_platform_tests.testing.loader import Loader, assert_adds_up

LATER = datetime(2026, 6, 1, tzinfo=UTC)
OLD = "2024-05-05"


def customers(*rows: str) -> str:
    """A file of customers with a segment."""
    return "\n".join(["customer_id,registration_date,segment", *rows]) + "\n"


@pytest.fixture
def load(loader_with: Callable[..., Loader]) -> Loader:
    """A loader that keeps 2024 out."""
    return loader_with(start_date="2025-01-01")


@pytest.fixture
def later(loader_with: Callable[..., Loader]) -> Loader:
    """The same warehouse, months later and with an earlier start."""
    return loader_with(start_date="2024-01-01", now=LATER)


def test_quarantine_is_listed_in_the_order_of_the_file(load: Loader) -> None:
    """By table and up to a limit, in the order of the file."""
    load("customers", customers("c1,never,a", ",2025-01-01,b"))
    load("campaigns", "campaign_id\n\n \n")
    columns, rows = list_quarantine(load.engine, "customers")
    assert [dict(zip(columns, row, strict=True)) for row in rows] == [
        {
            "table_name": "customers",
            "source_file": "customers.csv",
            "line": line,
            "reasons": [reason],
            "raw": raw,
            "adapter": None,
            "quarantined_at": NOW.replace(tzinfo=None),
            "load_id": rows[0][-1],
        }
        for line, reason, raw in (
            (
                2,
                "registration_date: 'never' is not a timestamp such as 2023-01-15 10:30:00",
                '{"customer_id":"c1","registration_date":"never","segment":"a"}',
            ),
            (
                3,
                "customer_id: is missing",
                '{"customer_id":null,"registration_date":"2025-01-01","segment":"b"}',
            ),
        )
    ]
    assert len(list_quarantine(load.engine)[1]) == 3
    assert len(list_quarantine(load.engine, limit=1)[1]) == 1
    with pytest.raises(UserError, match="no source table 'customer'"):
        list_quarantine(load.engine, "customer")


def test_the_newest_load_is_listed_first(load: Loader, later: Loader) -> None:
    """A row rejected just now is on a list that a limit cuts off; all that wait are counted."""
    load("customers", customers("c1,never,a", "c2,never,a"))
    later("customers", customers("c3,never,a", "c4,never,a"))
    later("campaigns", "campaign_id\n\n \n")
    columns, rows = list_quarantine(later.engine, "customers", 3)
    raw = columns.index("raw")
    assert [row[raw][16:18] for row in rows] == ["c3", "c4", "c1"]
    assert count_quarantine(later.engine, "customers") == 4
    assert count_quarantine(later.engine) == len(list_quarantine(later.engine)[1])
    with pytest.raises(UserError, match="no source table 'customer'"):
        count_quarantine(later.engine, "customer")


def test_rows_that_pass_now_enter_under_their_own_name_and_line(
    load: Loader, later: Loader
) -> None:
    """Rows that still fail, and records that could not be split, stay as they are."""
    first = load(
        "customers",
        customers(f"c1,{OLD},a", "c2,2025-02-02,b", "c3,never,c", "c4,2026-03-03,d", "c5,x"),
    )
    assert (first.rows_accepted, first.rows_quarantined) == (1, 4)
    [counts] = replay(later.engine)
    assert_adds_up(counts)
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (2, 2, 0)
    assert counts.load_id != first.load_id
    assert (counts.source_file, counts.loaded_at) == ("customers.csv", LATER.replace(tzinfo=None))
    assert later.rows(
        "SELECT customer_id, line, source_file, version FROM raw.customers ORDER BY line"
    ) == [
        ("c1", 2, "customers.csv", 1),
        ("c2", 3, "customers.csv", 1),
        ("c4", 5, "customers.csv", 1),
    ]
    assert later.rows("SELECT line, replayed_at FROM raw.quarantine ORDER BY line") == [
        (2, LATER.replace(tzinfo=None)),
        (4, None),
        (5, LATER.replace(tzinfo=None)),
        (6, None),
    ]
    assert [line for line, _ in later.reasons()] == [4, 6]
    before = later.rows("FROM raw.loads ORDER BY ALL")
    assert replay(later.engine) == []
    assert later.rows("FROM raw.loads ORDER BY ALL") == before
    assert later.rows(
        "SELECT CAST(day AS VARCHAR) FROM raw.touched WHERE table_name = 'customers' ORDER BY day"
    ) == [(OLD,), ("2025-02-02",), ("2026-03-03",)]


def test_only_the_named_table(load: Loader, later: Loader) -> None:
    """The others wait."""
    load("customers", customers(f"c1,{OLD},a"))
    load("campaign_costs", f"campaign_id,date,cost\nc1,{OLD},5\n")
    assert [counts.table_name for counts in replay(later.engine, "campaign_costs")] == [
        "campaign_costs"
    ]
    assert later.rows("SELECT COUNT(*) FROM raw.customers") == [(0,)]
    with pytest.raises(UserError, match="Did you mean customers"):
        replay(later.engine, "customer")


def test_a_replayed_row_does_not_overrule_what_came_later(load: Loader, later: Loader) -> None:
    """It takes the position that its file had: as if everything were loaded again."""
    load("customers", customers(f"c1,{OLD},early"), "1.csv")
    load("customers", customers("c1,2025-01-01,late"), "2.csv")
    replay(later.engine)
    assert later.rows(
        "SELECT segment, load_sequence, version FROM raw.customers ORDER BY load_sequence"
    ) == [("early", 1, 2), ("late", 2, 1)]


def test_replayed_spend_stands_beside_the_lines_of_its_file(load: Loader, later: Loader) -> None:
    """A load replaces the (campaign, day)s that it contains: a replay must not do that."""
    head = "campaign_id,date,country,cost\n"
    load("campaign_costs", f"{head}c1,2025-03-01,US,100\nc1,2025-03-01,CA,1\n", "0.csv")
    load("campaign_costs", f"{head}c1,2025-03-01,US,5\nc1,2025-03-01,CA,euro\n", "1.csv")
    load("campaign_costs", f"{head}c1,{OLD},US,1\n", "2.csv")
    load("campaign_costs", f"{head}c1,{OLD},US,2\n", "3.csv")
    load("campaign_costs", f"{head}c1,2025-03-02,US,7\n", "4.csv")
    with later.engine.session() as connection:
        connection.execute("UPDATE raw.quarantine SET raw = replace(raw, 'euro', '6')")
    assert len(replay(later.engine)) == 3
    newest = later.rows(
        "SELECT CAST(date AS VARCHAR), country, cost FROM raw.campaign_costs "
        "QUALIFY load_sequence = MAX(load_sequence) OVER (PARTITION BY campaign_id, date) "
        "ORDER BY ALL"
    )
    assert newest == [
        (OLD, "US", Decimal(2)),
        ("2025-03-01", "CA", Decimal(6)),
        ("2025-03-01", "US", Decimal(5)),
        ("2025-03-02", "US", Decimal(7)),
    ]


def test_a_row_that_came_in_meanwhile_is_repeated(load: Loader, later: Loader) -> None:
    """Whether its duplicate is before or after it, it leaves quarantine uncounted."""
    load("customers", customers(f"c1,{OLD},a"), "1.csv")
    load("customers", customers(f"c2,{OLD},b", "c1,2025-01-01,later"), "2.csv")
    load("customers", customers(f"c2,{OLD},b", "c3,2025-01-01,c"), "3.csv")
    # The like of what waits from the first file, behind its place.
    later("customers", "segment,customer_id,registration_date\na,c1,2024-05-05\n", "4.csv")
    later("customers", "segment,customer_id,registration_date\nb,c2,2024-05-05\n", "5.csv")
    counts = replay(later.engine)
    assert [(each.rows_accepted, each.rows_repeated) for each in counts] == [
        # Another version of c1 came between, so this one is a version of its own.
        (1, 0),
        (0, 1),
        (0, 1),
    ]
    assert later.reasons() == []
    assert later.rows(
        "SELECT customer_id, segment, load_sequence FROM raw.customers ORDER BY ALL"
    ) == [("c1", "a", 1), ("c1", "a", 4), ("c1", "later", 2), ("c2", "b", 5), ("c3", "c", 3)]


ADAPTER = """-- table: transactions
SELECT id AS transaction_id, user AS customer_id, day AS transaction_date, CENTS AS amount
FROM file
"""
ORDERS = f"id,user,day,cents\n1,u1,{OLD},150\n2,u1,2025-02-02,x50\n3,u1,2025-02-03,50\n"


def test_rows_go_again_through_the_adapter_as_it_is_now(load: Loader, later: Loader) -> None:
    """A record is kept as the file had it, so a fixed adapter fixes it."""
    path = load.write("orders.sql", ADAPTER.replace("CENTS", "cents"))
    load("transactions", ORDERS, "orders.csv", str(path))
    path.write_text(ADAPTER.replace("CENTS", "CAST(ltrim(cents, 'x') AS INTEGER) / 100"))
    [counts] = replay(later.engine)
    assert counts.adapter == str(path)
    assert later.rows("SELECT line, amount FROM raw.transactions ORDER BY line") == [
        (2, Decimal("1.5")),
        (3, Decimal("0.5")),
        (4, Decimal(50)),
    ]


def test_an_adapter_that_is_gone_is_told(load: Loader, later: Loader) -> None:
    """Nothing changes, other tables can be replayed by name."""
    path = load.write("orders.sql", ADAPTER.replace("CENTS", "cents"))
    load("transactions", ORDERS, "orders.csv", str(path))
    load("customers", customers(f"c1,{OLD},a"))
    path.unlink()
    with pytest.raises(UserError, match=r"orders\.sql does not exist") as raised:
        replay(later.engine)
    assert "Restore the adapter file" in raised.value.hint
    assert len(later.reasons()) == 3
    assert [counts.table_name for counts in replay(later.engine, "customers")] == ["customers"]
    path.write_text(ADAPTER.replace("CENTS", "eurocents"))
    with pytest.raises(UserError, match="does not fit adapter orders"):
        replay(later.engine)


def test_output_of_an_adapter_goes_in_without_it(load: Loader, later: Loader) -> None:
    """An ordinal within the file means nothing for a record that comes alone."""
    select = ADAPTER.replace("CENTS", "cents").replace(
        "SELECT id", "SELECT user || '-' || ROW_NUMBER() OVER (PARTITION BY user ORDER BY _line)"
    )
    path = load.write("windowed.sql", select)
    load("transactions", ORDERS, "orders.csv", str(path))
    assert load.rows("SELECT raw FROM raw.quarantine WHERE line = 2") == [
        (
            f'{{"transaction_id":"u1-1","customer_id":"u1","transaction_date":"{OLD}",'
            '"amount":"150"}',
        )
    ]
    replay(later.engine)
    assert later.rows("SELECT line, transaction_id FROM raw.transactions ORDER BY line") == [
        (2, "u1-1"),
        (4, "u1-3"),
    ]
    assert [line for line, _ in later.reasons()] == [3]


def test_records_of_a_file_do_not_pass_for_output(load: Loader, later: Loader) -> None:
    """An adapter rewritten to look at several records: what is kept was not made by it."""
    select = "-- table: transactions\nSELECT * REPLACE (%s AS amount) FROM file\n"
    path = load.write("cents.sql", select % "CAST(amount AS INTEGER) / 100")
    text = f"transaction_id,customer_id,transaction_date,amount,unit\n1,u1,{OLD},150,cents\n"
    load("transactions", text, "orders.csv", str(path))
    path.write_text(select % "SUM(CAST(amount AS INTEGER)) OVER () / 100")
    assert replay(later.engine) == []
    assert [line for line, _ in later.reasons()] == [2]


def test_all_of_a_replay_or_nothing(
    load: Loader, later: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two files, it leaves the log and quarantine as they were."""
    load("customers", customers(f"c1,{OLD},a"), "1.csv")
    load("customers", customers(f"c2,{OLD},a"), "2.csv")
    genuine, calls = DuckDBTransaction.append, []

    def fail_second(*arguments: object, **named: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return genuine(*arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(DuckDBTransaction, "append", fail_second)
        with pytest.raises(RuntimeError, match="killed"):
            replay(later.engine)
    assert later.rows("SELECT COUNT(*) FROM raw.customers") == [(0,)]
    assert len(later.reasons()) == 2
    assert len(replay(later.engine)) == 2
