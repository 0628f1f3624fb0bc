"""Adapters: what they may do, which line their rows have, and what they may not."""

from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.database import AdapterDatabase, open_adapter_database
from ltv_platform.ingestion.adapters.files import bundled_adapters, load_adapter
from ltv_platform.ingestion.adapters.parsing import parse_adapter
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform_tests.testing.loader import Loader

ORDERS = "order,user,when,cents\n1,u1,2025-06-01,150\n2,u1,2025-06-02,x\n3,,2025-06-03,300\n"


def adapter(select: str, table: str = "transactions", header: str = "") -> str:
    """The text of an adapter."""
    return f"-- table: {table}\n{header}{select}\n"


ROW_WISE = """SELECT "order" AS transaction_id, user AS customer_id, "when" AS transaction_date,
  TRY_CAST(cents AS DECIMAL(18,2)) / 100 AS amount FROM file"""


def test_rows_and_quarantine_of_a_row_wise_adapter(load: Loader) -> None:
    """`raw` is the adapter's input record; a WHERE skips rows, and they are counted."""
    path = load.write("orders.sql", adapter(ROW_WISE + " WHERE cents <> '300'"))
    counts = load("transactions", ORDERS, "orders.csv", str(path))
    assert (counts.rows_in_file, counts.rows_skipped) == (3, 1)
    assert (counts.rows_accepted, counts.rows_quarantined) == (1, 1)
    assert counts.adapter == str(path)
    assert load.rows("SELECT transaction_id, line FROM raw.transactions") == [("1", 2)]
    assert load.rows("SELECT line, raw FROM raw.quarantine") == [
        (3, '{"order":"2","user":"u1","when":"2025-06-02","cents":"x"}')
    ]


def test_malformed_records_are_counted_before_the_adapter(load: Loader) -> None:
    """`_line` is the record number over accepted and rejected records, in adapters too."""
    path = load.write(
        "lines.sql",
        adapter("SELECT id || '-' || _line AS campaign_id FROM file", "campaigns"),
    )
    counts = load("campaigns", "id,b\na,1\nb\nc,3\n", "x.csv", str(path))
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (3, 2, 1)
    assert load.rows("SELECT campaign_id, line FROM raw.campaigns ORDER BY line") == [
        ("a-2", 2),
        ("c-4", 4),
    ]


@pytest.mark.parametrize(
    ("select", "lines"),
    [
        ("SELECT user AS customer_id, MIN(day) AS registration_date FROM file GROUP BY 1", [2, 4]),
        (
            "SELECT user AS customer_id, MIN(day) AS registration_date, MAX(_line) AS _line "
            "FROM file GROUP BY user",
            [3, 4],
        ),
        # Merged without a record of their own: numbered in the order of their values.
        (
            "SELECT DISTINCT user AS customer_id, '2025-01-01' AS registration_date FROM file",
            [1, 2],
        ),
        (
            "WITH firsts AS (SELECT user, MIN(day) AS day FROM file GROUP BY user) "
            "SELECT user AS customer_id, day AS registration_date FROM firsts",
            [1, 2],
        ),
        (
            "SELECT user AS customer_id, day AS registration_date FROM file "
            "QUALIFY ROW_NUMBER() OVER (PARTITION BY user ORDER BY day) = 1",
            [2, 4],
        ),
    ],
)
def test_lines_of_merged_records(load: Loader, select: str, lines: list[int]) -> None:
    """rows_in_file = rows_skipped + rows_received where an adapter merges, too."""
    path = load.write("merge.sql", adapter(select, "customers"))
    counts = load(
        "customers", "user,day\na,2025-01-01\na,2025-01-02\nb,2025-01-03\n", "x.csv", str(path)
    )
    assert (counts.rows_in_file, counts.rows_skipped, counts.rows_accepted) == (3, 1, 2)
    assert load.rows("SELECT line FROM raw.customers ORDER BY customer_id") == [
        (line,) for line in lines
    ]


FORBIDDEN = (
    ("SELECT a.id AS campaign_id FROM file AS a, file AS b", "returns more rows than the 3"),
    ("SELECT id || UNNEST([1, 2]) AS campaign_id FROM file", "returns more rows than the 3"),
    ("SELECT id AS campaign_id FROM file UNION ALL SELECT id FROM file", "returns more rows"),
    ("SELECT MAX(id) AS campaign_id, 7 AS _line FROM file GROUP BY id", "the same _line"),
    ("SELECT MAX(id) AS campaign_id, NULL AS _line FROM file GROUP BY id", "the same _line"),
    ("SELECT missing AS campaign_id FROM file", "does not fit adapter wrong"),
    ("SELECT CAST(name AS INTEGER) AS campaign_id FROM file", "does not fit"),
    ("SELECT SUM(CAST(name AS INTEGER)) AS campaign_id FROM file", "does not fit"),
    ("SELECT name AS campaign_name FROM file", "lacks campaign_id"),
    ("SELECT id AS campaign_id FROM 'other.csv'", "may only read `file`"),
    ("SELECT id AS campaign_id FROM read_csv('other.csv')", "may only read `file`"),
    ("SELECT id AS campaign_id FROM raw.loads", "may only read `file`"),
    ("SELECT id AS campaign_id FROM file; SELECT 1", "exactly one SELECT"),
    ("DELETE FROM file", "exactly one SELECT"),
    ("COPY (SELECT 1) TO 'x'", "exactly one SELECT"),
    ("SELECT FROM WHERE", "not valid SQL"),
)


def test_what_an_adapter_may_not_do(load: Loader) -> None:
    """Refused with its name and what to do; nothing is loaded."""
    path = load.write("x.csv", "id,name\n1,a\n2,b\n3,c\n")
    requests = [
        Request("campaigns", path, str(load.write(f"wrong{i}.sql", adapter(select, "campaigns"))))
        for i, (select, _) in enumerate(FORBIDDEN)
    ]
    outcomes = ingest(load.engine, requests)
    for (select, message), outcome in zip(FORBIDDEN, outcomes, strict=True):
        assert outcome.counts is None, select
        assert outcome.error is not None
        assert message in outcome.error.message
        assert "wrong" in outcome.error.message
        assert outcome.error.hint
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(0,)]


SHOP = """Order,Buyer,Placed,Total,Currency,Is_Refund
A1,c1,2025-05-02 10:00:00,100.00,EUR,0
A2,c1,2025-05-03 10:00:00,30.00,EUR,1
"""


def test_names_of_columns_are_those_of_the_aliases(load: Loader) -> None:
    """Regression: an alias that differs from the file's column in case only was not seen."""
    select = """SELECT "Order" AS transaction_id, Buyer AS customer_id, Placed AS transaction_date,
      Total AS amount, Currency AS currency, Is_Refund AS is_refund FROM file"""
    path = load.write("shop.sql", adapter(select))
    outcome = load.outcome("transactions", SHOP, "orders.csv", str(path))
    assert (outcome.error, outcome.notes) == (None, ())
    assert load.rows("SELECT currency, is_refund FROM raw.transactions ORDER BY line") == [
        ("EUR", False),
        ("EUR", True),
    ]


def test_names_of_columns_of_merged_records_are_those_of_the_aliases(load: Loader) -> None:
    """An adapter that looks at several records, and a column that is required."""
    select = """SELECT Campaign AS campaign_id, Date AS date, SUM(CAST(Cost AS DECIMAL(18, 2)))
      AS cost FROM file GROUP BY ALL"""
    path = load.write("spend.sql", adapter(select, "campaign_costs"))
    text = "Campaign,Date,Cost\nc1,2025-05-02,1.50\nc1,2025-05-02,2\n"
    assert load("campaign_costs", text, "spend.csv", str(path)).rows_accepted == 1
    assert load.rows("SELECT CAST(cost AS DOUBLE) FROM raw.campaign_costs") == [(3.5,)]


@pytest.mark.parametrize("name", ["Segment", "SEGMENT", '" segment"', "segmenT "])
def test_a_column_of_ours_in_another_spelling_is_refused(load: Loader, name: str) -> None:
    """Left out with a note, as it was before, it makes wrong figures."""
    path = load.write(
        "spelled.sql",
        adapter(
            f'SELECT id AS customer_id, day AS registration_date, s AS "{name.strip(chr(34))}" '
            "FROM file",
            "customers",
        ),
    )
    outcome = load.outcome("customers", "id,day,s\n1,2025-01-01,new\n", "x.csv", str(path))
    assert outcome.error is not None
    assert f"{name.strip(chr(34))!r} is not segment" in outcome.error.message
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(0,)]


def test_a_column_in_another_spelling_of_a_file_is_refused(load: Loader) -> None:
    """Required or not, with or without an adapter; all of them in one message."""
    outcome = load.outcome(
        "transactions",
        "transaction_id,customer_id,transaction_date,Amount,Is_Refund\n1,c,2025-01-01,5,1\n",
    )
    assert outcome.error is not None
    assert "'Amount' is not amount; 'Is_Refund' is not is_refund" in outcome.error.message


def test_a_column_that_is_given_twice_is_refused(load: Loader) -> None:
    """Regression: the second one got a number and was left out, so the first one counted."""
    path = load.write(
        "twice.sql", adapter("SELECT *, upper(campaign_id) AS Campaign_ID FROM file", "campaigns")
    )
    outcome = load.outcome("campaigns", "campaign_id\nc1\n", "x.csv", str(path))
    assert outcome.error is not None
    assert "gives Campaign_ID, campaign_id more than once" in outcome.error.message
    assert "REPLACE" in outcome.error.hint


@pytest.mark.parametrize(
    "relation",
    [
        "file, LATERAL query('SELECT customer_id AS x FROM raw.customers') AS t",
        "file, LATERAL query_table('raw.customers') AS t",
        "file, LATERAL (SELECT content AS x FROM read_text('{folder}/secret.txt')) AS t",
        "file, LATERAL query('SELECT content AS x FROM read_text(''{folder}/secret.txt'')') AS t",
        "file, LATERAL query('FROM duckdb_tables() SELECT table_name AS x') AS t",
    ],
)
def test_an_adapter_sees_the_file_and_nothing_else(load: Loader, relation: str) -> None:
    """Regression: a table function read other people's rows from the warehouse."""
    load("customers", "customer_id,registration_date\nother,2025-01-01\n")
    load.write("secret.txt", "of somebody else")
    select = f"SELECT id || COALESCE(x, '') AS campaign_id FROM {relation}".replace(
        "{folder}", str(load.folder)
    )
    path = load.write("curious.sql", adapter(select, "campaigns"))
    load.outcome("campaigns", "id\n1\n", "x.csv", str(path))
    seen = load.rows("SELECT campaign_id FROM raw.campaigns")
    assert not any("other" in name or "somebody" in name or "raw" in name for (name,) in seen)


@pytest.mark.parametrize("name", ["_record", "_rounded", "_reasons"])
def test_names_of_the_platforms_own_are_refused(load: Loader, name: str) -> None:
    """Regression: a BinderException of forty lines."""
    path = load.write("own.sql", adapter(f"SELECT *, 'a' AS {name} FROM file", "campaigns"))
    outcome = load.outcome("campaigns", "campaign_id\nc1\n", "x.csv", str(path))
    assert outcome.error is not None
    assert f"gives a column {name}, a name that the platform reserves" in outcome.error.message


def test_what_does_not_fit_into_memory_is_spilled_beside_the_copy(
    load: Loader, tmp_path: Path
) -> None:
    """Regression: it was spilled into the working directory, and then nothing could be loaded."""
    with open_adapter_database(load.engine.settings, tmp_path) as connection:
        connection.execute("CREATE TABLE file AS SELECT 1 AS id")
        AdapterDatabase(connection, load.engine.settings, tmp_path, "x.csv", ["campaigns"])
        [(folder,)] = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    assert folder == str(tmp_path / "spill")


def test_a_replayed_adapter_sees_the_records_and_nothing_else(load: Loader) -> None:
    """It may have been rewritten since the file was loaded."""
    path = load.write("late.sql", adapter("SELECT id AS campaign_id FROM file", "campaigns"))
    load("campaigns", "id,x\n,1\n", "x.csv", str(path))
    load("customers", "customer_id,registration_date\nother,2025-01-01\n")
    load.write(
        "late.sql",
        adapter(
            "SELECT x || (SELECT string_agg(customer_id, ',') FROM "
            "query('FROM raw.customers')) AS campaign_id FROM file",
            "campaigns",
        ),
    )
    with pytest.raises(UserError, match=r"may only read `file`|does not fit adapter late"):
        replay(load.engine)
    assert load.rows("SELECT COUNT(*) FROM raw.campaigns") == [(0,)]


def test_a_join_that_explodes_ends_early(load: Loader) -> None:
    """10,000 records joined three times would be 10^12 rows."""
    path = load.write(
        "wrong.sql",
        adapter("SELECT a.id AS campaign_id FROM file AS a, file AS b, file AS c", "campaigns"),
    )
    rows = "".join(f"{i}\n" for i in range(10_000))
    outcome = load.outcome("campaigns", f"id\n{rows}", "x.csv", str(path))
    assert outcome.error is not None
    assert "returns more rows than the 10000 records" in outcome.error.message


def test_an_adapter_may_take_all_columns(load: Loader) -> None:
    """`SELECT *` gives what the file has."""
    path = load.write(
        "star.sql", adapter("SELECT *, upper(name) AS campaign_name FROM file", "campaigns")
    )
    outcome = load.outcome("campaigns", "campaign_id,name\nc1,a\n,b\n", "x.csv", str(path))
    assert outcome.error is None
    assert load.rows("SELECT campaign_id, campaign_name, line FROM raw.campaigns") == [
        ("c1", "A", 2)
    ]
    assert outcome.notes == ("x.csv through adapter star: unknown columns ignored: name",)


def test_an_adapter_tells_the_delimiter_by_the_columns_that_it_reads(load: Loader) -> None:
    """The contract's names are not in such a file's header."""
    path = load.write("semicolon.sql", adapter("SELECT id AS campaign_id FROM file", "campaigns"))
    load("campaigns", "id;a,b,c\n1;x\n", "x.csv", str(path))
    assert load.rows("SELECT campaign_id FROM raw.campaigns") == [("1",)]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("-- delimiter: ;;\n", "is not one character"),
        ("-- quote: ab\n", "is not one ASCII character"),
        ("-- header: perhaps\n", "header is 'perhaps'"),
        ("-- header: no\n", "not name the columns"),
        ("-- missing: day = Add it.\n", "a missing: line for 'day'"),
        ("-- takes: day\n-- missing: day = Add it.\n", "a missing: line for 'day'"),
    ],
)
def test_dialects_that_make_no_sense(header: str, message: str) -> None:
    """Said before any file is read."""
    with pytest.raises(UserError, match=message):
        parse_adapter("odd", adapter("SELECT 1 AS campaign_id FROM file", header=header), "odd")


def test_a_bundled_adapter_wins_over_a_file_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: a data file named cdnow in the working directory was read as SQL."""
    (tmp_path / "cdnow").write_text("no SQL")
    monkeypatch.chdir(tmp_path)
    assert load_adapter("cdnow", "transactions", {}).reference == "cdnow"


@pytest.mark.parametrize("name", sorted(bundled_adapters()))
def test_bundled_adapters_are_sound(name: str) -> None:
    """Each parses, and reads and feeds what it says."""
    for table in parse_adapter(name, bundled_adapters()[name], name):
        assert load_adapter(name, table, {}).name == name


def test_adapters_that_cannot_be_found(load: Loader) -> None:
    """A wrong name lists the bundled ones; a wrong table names the right one."""
    with pytest.raises(UserError, match="Bundled adapters: adjust_raw, appsflyer_raw, cdnow"):
        load_adapter("nothing", "transactions", {})
    with pytest.raises(UserError, match=r"missing\.sql does not exist"):
        load_adapter("missing.sql", "transactions", {})
    with pytest.raises(UserError, match="feeds customers, not transactions"):
        load_adapter("cdnow_customers", "transactions", {})
    path = load.write("latin.sql", b"-- table: campaigns\nSELECT '\xe4' AS campaign_id FROM file")
    with pytest.raises(UserError, match="cannot be read"):
        load_adapter(str(path), "campaigns", {})
