"""JSON, Parquet and SQLite: other types, nested values, and files that are not what they say."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("bad input: other formats")


def parquet(desk: Desk, name: str, columns: Mapping[str, Any]) -> Path:
    """A Parquet file."""
    path = desk.folder / name
    pq.write_table(pa.table(dict(columns)), path)
    return path


@CASES.case(
    "JSON lines of mixed types",
    "6 in file: 2 accepted, 4 quarantined (2: record: is not a JSON object, 4: cost: 'NaN' is not "
    "a number, 5: cost: 'true' is not a number, 6: session_id: is missing); 1 0.5, true 2",
)
def json_lines_of_mixed_types(folder: Path) -> str:
    desk = Desk(folder)
    lines = (
        '{"session_id": 1, "cost": 0.50}',
        "[1, 2]",
        '{"session_id": true, "cost": "2"}',
        '{"session_id": 3, "cost": NaN}',
        '{"session_id": 4, "cost": true}',
        '{"session_id": null, "cost": 1}',
    )
    seen = desk.text("session_costs", "\n".join(lines), "x.ndjson")
    rows = desk.home.engine.rows("SELECT session_id, cost FROM raw.session_costs ORDER BY line")
    return f"{seen}; " + ", ".join(f"{session} {cost.normalize()}" for session, cost in rows)


@CASES.case(
    "JSON with a list and an object for single values, and a nested column that is not ours",
    "3 in file: 1 accepted, 2 quarantined (1: record: campaign_id is a list or an object, not one "
    "value, 2: record: campaign_name is a list or an object, not one value)",
)
def json_with_a_list_where_one_value_is_due(folder: Path) -> str:
    text = (
        '[{"campaign_id": ["c1"]}, {"campaign_id": "c2", "campaign_name": {"en": "Spring"}}, '
        '{"campaign_id": "c3", "tags": [{"a": [1]}]}]'
    )
    return Desk(folder).text("campaigns", text, "x.json")


@CASES.case(
    "JSON nested 100,000 deep: a file, and a value in one line of two",
    "exit 2: x.json is not valid JSON: nested too deep.; "
    "2 in file: 1 accepted, 1 quarantined (1: record: is nested too deep)",
)
def json_nested_100000_deep(folder: Path) -> str:
    desk = Desk(folder)
    deep = "[" * 100_000 + "]" * 100_000
    lines = f'{{"campaign_id": "c1", "x": {deep}}}\n{{"campaign_id": "c2"}}\n'
    return "; ".join(
        [desk.text("campaigns", deep, "x.json"), desk.text("campaigns", lines, "x.ndjson")]
    )


@CASES.case("JSON whose records keep adding keys", "exit 2: x.ndjson has more than 10,000 columns.")
def json_whose_records_have_ever_more_keys(folder: Path) -> str:
    lines = (
        {"campaign_id": f"c{number}", **{f"k{number}_{key}": 1 for key in range(100)}}
        for number in range(101)
    )
    return Desk(folder).text("campaigns", "\n".join(map(json.dumps, lines)), "x.ndjson")


@CASES.case(
    "JSON with an empty name, next to a good file in landing",
    "1 in file: 1 accepted; 2 in file: 1 accepted, 1 quarantined (2: record: names a column twice)",
)
def json_with_a_name_that_is_empty(folder: Path) -> str:
    desk = Desk(folder)
    desk.write("home/landing/campaigns/b.csv", "campaign_id\nc1\n")
    lines = '{"": "x", "campaign_id": "c2"}\n{"": "x", "_unnamed_1": "y", "campaign_id": "c3"}\n'
    desk.write("home/landing/campaigns/c.ndjson", lines)
    return desk.ingest()


@CASES.case(
    "truncated JSON",
    "exit 2: x.json is not valid JSON: Expecting value at line 1, column 30.",
)
def json_that_breaks_off(folder: Path) -> str:
    return Desk(folder).text("campaigns", '[{"campaign_id": "c1"}, {"a":', "x.json")


@CASES.case(
    "Parquet with typed numbers, dates, zones and decimals",
    "3 in file: 3 accepted; 1 2025-06-01 08:30:00 0.1, 2 2025-06-01 10:30:00.123456 12.5, "
    "3 2025-06-01 00:00:00 7",
)
def parquet_with_types_of_its_own(folder: Path) -> str:
    desk = Desk(folder)
    moment = datetime(2025, 6, 1, 10, 30)
    kinds = (
        # 10:30 in Berlin, nanoseconds without a zone, a day.
        pa.array(
            [moment.replace(tzinfo=UTC) - timedelta(hours=2)], pa.timestamp("ms", "Europe/Berlin")
        ),
        pa.array([1748773800123456789], pa.timestamp("ns")),
        pa.array([date(2025, 6, 1)], pa.date32()),
    )
    amounts = (
        pa.array([0.1], pa.float32()),
        pa.array([Decimal("12.5000000000")], pa.decimal128(30, 10)),
        pa.array([7], pa.uint8()),
    )
    for number, (when, amount) in enumerate(zip(kinds, amounts, strict=True), 1):
        parquet(
            desk,
            f"{number}.parquet",
            {
                "transaction_id": pa.array([number], pa.int64()),
                "customer_id": pa.array(["c1"], pa.dictionary(pa.int8(), pa.string())),
                "transaction_date": when,
                "amount": amount,
            },
        )
    seen = [desk.ingest("transactions", folder / f"{number}.parquet") for number in (1, 2, 3)]
    assert seen == ["1 in file: 1 accepted"] * 3, seen
    rows = desk.home.engine.rows(
        "SELECT transaction_id, transaction_date, amount FROM raw.transactions ORDER BY 1"
    )
    shown = ", ".join(f"{key} {when} {amount.normalize()}" for key, when, amount in rows)
    return f"3 in file: {len(rows)} accepted; {shown}"


@CASES.case(
    "Parquet with types that do not fit",
    "2 in file: 2 quarantined (1: transaction_date: '1748773800' is not a timestamp such as "
    "2023-01-15 10:30:00; amount: '1000000000000.0' has more than 12 digits before the point, "
    "2: transaction_date: '1748773800' is not a timestamp such as 2023-01-15 10:30:00; amount: "
    "'inf' is not a number)",
)
def parquet_with_types_that_are_none_of_ours(folder: Path) -> str:
    desk = Desk(folder)
    columns = {
        "transaction_id": ["t1", "t2"],
        "customer_id": ["c1", "c1"],
        "transaction_date": [1748773800, 1748773800],
        "amount": [1e12, float("inf")],
    }
    return desk.ingest("transactions", parquet(desk, "x.parquet", columns))


@CASES.case(
    "Parquet with a column twice, the second time in capitals, and one of structs",
    "exit 2: x.parquet has columns of the same name: COST, cost.",
)
def parquet_with_a_column_twice(folder: Path) -> str:
    desk = Desk(folder)
    nested = pa.array([{"cost": [{"cost": 1}]}])
    columns = {"x": nested, "cost": [1], "y": nested, "session_id": ["s1"], "COST": [2]}
    return desk.ingest("session_costs", parquet(desk, "x.parquet", columns))


@CASES.case(
    "Parquet with lists instead of single values",
    "exit 2: x.parquet: campaign_id holds lists or objects, not single values.",
)
def parquet_with_lists_where_single_values_are_due(folder: Path) -> str:
    desk = Desk(folder)
    return desk.ingest("campaigns", parquet(desk, "x.parquet", {"campaign_id": [["c1"], ["c2"]]}))


@CASES.case(
    "text with the extension .parquet",
    "exit 2: x.parquet is not a Parquet file, or a damaged one (Invalid Input Error: No magic "
    "bytes found at end of file 'x.parquet').",
)
def text_with_the_ending_parquet(folder: Path) -> str:
    return Desk(folder).text("campaigns", "campaign_id\nc1\n" * 100, "x.parquet")


@CASES.case(
    "an unsupported extension",
    "exit 2: x.dat has an unsupported extension. It seems to be text.; "
    "exit 2: x.zip has an unsupported extension. It seems to be a ZIP archive, perhaps an Excel "
    "workbook.; "
    "exit 2: x.csv is a web page, perhaps a login page, despite its extension.",
)
def an_ending_that_is_none_of_ours(folder: Path) -> str:
    desk = Desk(folder)
    shown = desk.text("campaigns", "x", "x.dat"), desk.text("campaigns", b"PK\x03\x04", "x.zip")
    return "; ".join((*shown, desk.text("campaigns", "<!DOCTYPE html>", "x.csv")))


def database(desk: Desk, script: str) -> Path:
    """A SQLite database."""
    path = desk.folder / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@CASES.case(
    "SQLite without the table, and without any source table",
    "exit 2: shop.db has no table campaigns; it has other.; "
    "exit 2: shop.db contains none of the source tables; it has other.",
)
def sqlite_without_the_table_and_without_any(folder: Path) -> str:
    desk = Desk(folder)
    path = database(desk, "CREATE TABLE other (a)")
    return f"{desk.ingest('campaigns', path)}; {desk.seen('ingest', '--sqlite', path)}"


@CASES.case(
    "a .db file that is not a database, and a truncated one",
    "exit 2: text.db is not a SQLite database, or a damaged one (file is not a database).; "
    "exit 2: shop.db is not a SQLite database, or a damaged one (database disk image is "
    "malformed).",
)
def a_db_that_is_no_database(folder: Path) -> str:
    desk = Desk(folder)
    text = desk.write("text.db", "no database at all\n" * 100)
    path = database(
        desk,
        "CREATE TABLE campaigns (campaign_id); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
        "SELECT i + 1 FROM n LIMIT 5000) INSERT INTO campaigns SELECT 'campaign ' || i FROM n",
    )
    path.write_bytes(path.read_bytes()[:-8192])
    return f"{desk.ingest('campaigns', text)}; {desk.ingest('campaigns', path)}"


@CASES.case(
    "SQLite with values of mixed types in one column",
    "5 in file: 2 accepted, 3 quarantined (2: cost: 'x' is not a number, 4: cost: 'inf' is not a "
    "number, 5: session_id: is missing)",
)
def sqlite_with_values_of_mixed_types_in_one_column(folder: Path) -> str:
    desk = Desk(folder)
    path = database(
        desk,
        "CREATE TABLE session_costs (session_id, cost);"
        "INSERT INTO session_costs VALUES (1, 0.25), (2, 'x'), ('c', '3'), (4, 9e999), (NULL, 1)",
    )
    return desk.ingest("session_costs", path)


@CASES.case(
    "SQLite with an endless view",
    "exit 2: shop.db took longer than 0.3 seconds to read; perhaps it has an endless view.",
)
def sqlite_with_a_view_that_never_ends(folder: Path) -> str:
    desk = Desk(folder, adapter_timeout=0.3)
    path = database(
        desk,
        "CREATE VIEW campaigns AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT max(i) AS campaign_id FROM n",
    )
    return desk.ingest("campaigns", path)


@CASES.case(
    "SQLite with rows in a write-ahead log next to it",
    "exit 2: shop.db has a write-ahead log next to it, which holds its newest rows.",
)
def sqlite_with_rows_in_a_write_ahead_log(folder: Path) -> str:
    desk = Desk(folder)
    path = database(desk, "CREATE TABLE campaigns (campaign_id); PRAGMA journal_mode = wal")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO campaigns VALUES ('c1')")
        connection.commit()
        return desk.ingest("campaigns", path)


@CASES.case(
    "the same, given as a link in another folder",
    "exit 2: link.db has a write-ahead log next to it, which holds its newest rows.",
)
def a_write_ahead_log_behind_a_link(folder: Path) -> str:
    desk = Desk(folder)
    path = database(desk, "CREATE TABLE campaigns (campaign_id); PRAGMA journal_mode = wal")
    link = folder / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO campaigns VALUES ('c1')")
        connection.commit()
        return desk.ingest("campaigns", link).replace("elsewhere/", "")


@CASES.case(
    "SQLite during a transaction that has begun to overwrite it, then after its end",
    "exit 2: shop.db has the journal of an unfinished transaction next to it, so rows in the file "
    "may be half-written.; 1 in file: 1 accepted",
)
def sqlite_in_the_middle_of_a_transaction(folder: Path) -> str:
    desk = Desk(folder)
    path = database(desk, "CREATE TABLE campaigns (campaign_id); INSERT INTO campaigns VALUES (1)")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = persist")
        connection.execute("PRAGMA cache_size = 1")  # so that it does not stay in memory
        connection.executemany("INSERT INTO campaigns VALUES (?)", [("x" * 1_000,)] * 100)
        seen = desk.ingest("campaigns", path)
        connection.rollback()
        return f"{seen}; {desk.ingest('campaigns', path)}"
