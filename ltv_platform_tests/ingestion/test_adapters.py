"""Adapters: what they may do, which line their rows have, and what they may not."""

from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters import bundled_adapters, load_adapter, parse_adapter
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.conftest import Loader

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
    ("SELECT a.id AS campaign_id FROM file AS a, file AS b", "makes more rows than the 3"),
    ("SELECT id || UNNEST([1, 2]) AS campaign_id FROM file", "makes more rows than the 3"),
    ("SELECT id AS campaign_id FROM file UNION ALL SELECT id FROM file", "makes more rows"),
    ("SELECT MAX(id) AS campaign_id, 7 AS _line FROM file GROUP BY id", "one _line"),
    ("SELECT MAX(id) AS campaign_id, NULL AS _line FROM file GROUP BY id", "one _line"),
    ("SELECT missing AS campaign_id FROM file", "does not go through adapter wrong"),
    ("SELECT CAST(name AS INTEGER) AS campaign_id FROM file", "does not go through"),
    ("SELECT SUM(CAST(name AS INTEGER)) AS campaign_id FROM file", "does not go through"),
    ("SELECT name AS campaign_name FROM file", "lacks campaign_id"),
    ("SELECT id AS campaign_id FROM 'other.csv'", "may read only `file`"),
    ("SELECT id AS campaign_id FROM read_csv('other.csv')", "may read only `file`"),
    ("SELECT id AS campaign_id FROM raw.loads", "may read only `file`"),
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


def test_a_join_that_explodes_ends_early(load: Loader) -> None:
    """10,000 records joined three times would be 10^12 rows."""
    path = load.write(
        "wrong.sql",
        adapter("SELECT a.id AS campaign_id FROM file AS a, file AS b, file AS c", "campaigns"),
    )
    rows = "".join(f"{i}\n" for i in range(10_000))
    outcome = load.outcome("campaigns", f"id\n{rows}", "x.csv", str(path))
    assert outcome.error is not None
    assert "makes more rows than the 10000 records" in outcome.error.message


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
    assert outcome.notes == ("x.csv through adapter star: unknown columns left out: name",)


def test_an_adapter_tells_the_delimiter_by_the_columns_that_it_reads(load: Loader) -> None:
    """The contract's names do not stand in such a file's header."""
    path = load.write("semicolon.sql", adapter("SELECT id AS campaign_id FROM file", "campaigns"))
    load("campaigns", "id;a,b,c\n1;x\n", "x.csv", str(path))
    assert load.rows("SELECT campaign_id FROM raw.campaigns") == [("1",)]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("-- delimiter: ;;\n", "is not one character"),
        ("-- quote: ab\n", "is not one ASCII character"),
        ("-- header: perhaps\n", "header is 'perhaps'"),
        ("-- header: no\n", "not which columns"),
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
    assert load_adapter("cdnow", "transactions").reference == "cdnow"


@pytest.mark.parametrize("name", sorted(bundled_adapters()))
def test_bundled_adapters_are_sound(name: str) -> None:
    """Each parses, and reads and feeds what it says."""
    parsed = parse_adapter(name, bundled_adapters()[name], name)
    assert load_adapter(name, parsed.table).name == name


def test_adapters_that_cannot_be_found(load: Loader) -> None:
    """A wrong name lists the bundled ones; a wrong table names the right one."""
    with pytest.raises(UserError, match="Bundled are cdnow, cdnow_customers"):
        load_adapter("nothing", "transactions")
    with pytest.raises(UserError, match=r"missing\.sql does not exist"):
        load_adapter("missing.sql", "transactions")
    with pytest.raises(UserError, match="feeds customers, not transactions"):
        load_adapter("cdnow_customers", "transactions")
    path = load.write("latin.sql", b"-- table: campaigns\nSELECT '\xe4' AS campaign_id FROM file")
    with pytest.raises(UserError, match="cannot be read"):
        load_adapter(str(path), "campaigns")
