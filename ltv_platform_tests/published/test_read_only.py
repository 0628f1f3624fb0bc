"""SQL from outside only reads: whatever it contains, no file changes and none appears."""

import contextlib
import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ltv_platform.errors import UserError
from ltv_platform.published.current import require_snapshot
from ltv_platform.published.query import open_snapshot, query
from ltv_platform.published.read_only import reading_only
from ltv_platform_tests.testing.home import Home

_PIVOT = "(PIVOT (SELECT 1 AS a) ON a USING COUNT(*))"
_PARQUET = "(FORMAT parquet, USE_TMP_FILE false)"
_RUN = "json_execute_serialized_sql"


def _writes(file: str, folder: str) -> Iterator[str]:
    """Statements that write: into a file of the snapshot, next to it, or into the database."""
    rows = (
        "SELECT 1 AS z",
        f"SELECT * FROM {_PIVOT}",
        f"SELECT 1 AS z WHERE (SELECT COUNT(*) FROM {_PIVOT}) > 0",
    )
    for target, of in itertools.product((file, f"{folder}/new.parquet"), rows):
        yield f"COPY ({of}) TO '{target}' {_PARQUET}"
        yield f"COPY ({of}) TO '{target}' (FORMAT csv, USE_TMP_FILE false)"
        yield f"COPY ({of}) TO '{target}' (FORMAT json)"
    yield f"COPY customers TO '{file}' {_PARQUET}"
    yield f"COPY customers FROM '{file}'"
    yield f"COPY FROM DATABASE memory TO '{folder}/new.duckdb'"
    yield f"EXPORT DATABASE '{folder}/export'"
    yield f"IMPORT DATABASE '{folder}'"
    yield f"ATTACH '{folder}/new.duckdb' AS other"
    yield f"ATTACH '{file}' AS other"
    yield f"CREATE TABLE made AS SELECT * FROM {_PIVOT}"
    yield "CREATE OR REPLACE VIEW customers AS SELECT 1 AS forged"
    yield "CREATE MACRO made() AS 1"
    yield "CREATE SECRET (TYPE s3)"
    yield "DROP VIEW customers"
    yield "INSERT INTO customers VALUES (1)"
    yield "UPDATE customers SET country = 'XX'"
    yield "DELETE FROM customers"
    for name in ("httpfs", f"'{folder}/x.duckdb_extension'"):
        yield f"INSTALL {name}"
        yield f"LOAD {name}"
    for setting in (
        "enable_external_access = true",
        "lock_configuration = false",
        f"allowed_paths = ['{folder}']",
        f"allowed_directories = ['{folder}']",
        f"temp_directory = '{folder}'",
        f"log_query_path = '{folder}/log'",
        f"profiling_output = '{folder}/profile'",
        "enable_profiling = 'json'",
    ):
        yield f"SET {setting}"
        yield f"PRAGMA {setting}"
        yield f"RESET {setting.partition(' ')[0]}"
    for call in (
        f"enable_logging('QueryLog', storage := 'file', storage_path := '{folder}/log')",
        f"enable_logging('QueryLog', storage := 'file', storage_path := '{file}')",
        f"enable_profiling(format := 'json', save_location := '{folder}/profile')",
        f"enable_profiling(format := 'json', save_location := '{file}')",
        "checkpoint()",
        "force_checkpoint()",
        "truncate_duckdb_logs()",
        "create_external_resource('x')",
    ):
        yield f"CALL {call}"
        yield f"FROM {call}"


def _wrapped(write: str) -> Iterator[str]:
    """A statement that writes, in the places where something may let it through."""
    text = write.replace("'", "''")
    halves = f"'{text[:3]}' || '{text[3:]}'"
    with_it = f"WITH x AS ({write}) FROM x"
    text_with_it = with_it.replace("'", "''")
    yield write
    yield f"/* ' */ {write} -- )"
    yield f"SELECT 1; {write}"
    yield f"{write}; SELECT 1"
    yield f"SELECT 1) ; {write} ; FROM (SELECT 1"
    yield f"\ufeff{write}"
    yield f"\u00a0{write}\u2028;"
    yield f"EXPLAIN ANALYZE {write}"
    yield f"EXPLAIN (ANALYZE, FORMAT json) {write}"
    yield f"ANALYZE {write}"
    yield f"DESCRIBE {write}"
    yield f"PREPARE p AS {write}"
    yield f"FROM ({write})"
    yield with_it
    yield f"WITH x AS MATERIALIZED ({write}), y AS (FROM x) SELECT * FROM y -- ;"
    yield f"FROM customers WHERE EXISTS ({with_it})"
    yield f'PIVOT ({with_it}) ON "Count" USING COUNT(*)'
    yield f"SELECT * FROM {_PIVOT} UNION ALL ({with_it})"
    with_x = f"WITH x AS ({write})"
    yield f'{with_x} PIVOT x ON "Count" USING COUNT(*)'
    yield f'{with_x} SELECT * FROM (PIVOT x ON "Count" USING COUNT(*))'
    yield f'{with_x}, y AS (PIVOT x ON "Count" USING COUNT(*)) FROM y'
    yield f"{with_x} PIVOT customers ON country USING COUNT(*)"
    yield f"{with_x} SELECT * FROM (PIVOT customers ON country USING COUNT(*))"
    yield f"SELECT * FROM ({with_x} SELECT * FROM (PIVOT customers ON country USING COUNT(*)))"
    yield f"WITH c AS (FROM customers), x /**/ AS NOT MATERIALIZED\t({write}) PIVOT c ON country"
    yield f"PIVOT customers ON country IN ({with_it}) USING COUNT(*)"
    yield f"PIVOT customers ON country USING COUNT(*) ORDER BY ({with_it})"
    yield f"UNPIVOT ({with_it}) ON COLUMNS(*) INTO NAME n VALUE v"
    yield f"FROM query('{text}')"
    yield f"FROM query({halves})"
    yield f"FROM query('{text_with_it}')"
    yield f"FROM {_RUN}(json_serialize_sql('{text_with_it}'))"
    yield f"FROM \"{_RUN.upper()}\" /**/ (json_serialize_sql('{text_with_it}'))"
    yield f"FROM query('FROM {_RUN[:4]}' || '{_RUN[4:]}(json_serialize_sql(''...''))')"
    yield f"PIVOT (FROM {_RUN}(json_serialize_sql('{text_with_it}'))) ON 1 + 1 USING COUNT(*)"
    yield f"PIVOT (FROM {_RUN}(json_serialize_sql('{text_with_it}'))) ON \"Count\" USING COUNT(*)"
    yield f'PIVOT (FROM query({halves})) ON "Count" USING COUNT(*)'
    yield f"PRAGMA {_RUN}('{text_with_it}')"
    yield f"SELECT * FROM {_PIVOT}, {_RUN}(json_serialize_sql('{text_with_it}'))"


def _statements(file: str, folder: str) -> list[str]:
    return [one for write in _writes(file, folder) for one in _wrapped(write)]


def _files(*folders: Path) -> dict[str, tuple[int, int, int]]:
    """Each file below, with what changes when it is written; a reader's mark is none."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns, path.stat().st_ino)
        for folder in folders
        for path in folder.rglob("*")
        if path.name != ".used" and path.is_file()
    }


def _hashes(files: dict[str, tuple[int, int, int]]) -> dict[str, str]:
    return {file: hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files}


def test_sql_from_outside_changes_no_file(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of statements that write, in every place: each is refused, with words for people.

    A COPY around a PIVOT, or in a WITH, overwrote files of the snapshot.
    """
    snapshot = require_snapshot(home.settings)
    [file] = snapshot.files("customers")
    work, outside = tmp_path / "work", tmp_path / "outside"
    for folder in (work, outside):
        folder.mkdir()
    monkeypatch.chdir(work)
    statements = _statements(file, str(outside))
    assert len(statements) > 500
    customers = query(home.settings, "FROM customers")[1]
    before = _files(tmp_path)
    contents = _hashes(before)
    for start in range(0, len(statements), 100):
        with open_snapshot(home.settings, snapshot) as connection:
            for sql in statements[start : start + 100]:
                with contextlib.suppress(UserError, duckdb.Error):
                    connection.execute(reading_only(connection, sql)).fetchall()
                assert _files(tmp_path) == before, sql
            assert connection.execute("FROM customers").fetchall() == customers
    assert _hashes(_files(tmp_path)) == contents
    assert list(work.iterdir()) == []


def test_a_write_is_refused_with_what_a_query_is(published: Home) -> None:
    """What a user sees, however the statement is dressed; exit 2, for it is a UserError."""
    [file] = require_snapshot(published.settings).files("customers")
    copy = f"COPY (SELECT * FROM {_PIVOT}) TO '{file}' {_PARQUET}"
    for sql in (copy, f"WITH x AS ({copy.replace(_PIVOT, 'customers')}) FROM x", "", "CHECKPOINT"):
        with pytest.raises(UserError, match="exactly one SELECT"):
            query(published.settings, sql)
    with pytest.raises(UserError, match=f"{_RUN} may change data"):
        query(published.settings, f"FROM {_RUN}(json_serialize_sql('SELECT 1'))")
    with pytest.raises(UserError, match="The word query is not allowed"):
        query(published.settings, "PIVOT (FROM query('SELECT 1 AS a')) ON a USING COUNT(*)")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT customer_id FROM customers ORDER BY customer_id DESC;",
        "SELECT customer_id FROM customers ORDER BY customer_id DESC -- the newest; first",
        "/* ; */ SELECT customer_id FROM customers ORDER BY customer_id DESC ; -- ; ';",
        "SELECT x FROM (SELECT customer_id AS x, ';' AS y FROM customers) ORDER BY x DESC;;",
    ],
)
def test_what_runs_gives_the_rows_of_the_text(published: Home, sql: str) -> None:
    """In its order, with any ending."""
    assert query(published.settings, sql)[1] == [("b",), ("a",)]


def test_a_pivot_still_works_wherever_it_stands(published: Home) -> None:
    """Alone, in a WITH, in a subquery, joined; with its columns found or named."""
    pivot = "PIVOT customers ON country USING COUNT(*) GROUP BY campaign_id"
    columns, rows = query(published.settings, pivot)
    assert "DE" in columns
    for sql in (
        f"WITH p AS ({pivot}) FROM p",
        f"SELECT p.* FROM ({pivot}) AS p JOIN (SELECT 1) ON TRUE",
        f"{pivot};",
    ):
        again = query(published.settings, sql)
        assert (again[0][: len(columns)], sorted(map(str, again[1]))) == (
            columns,
            sorted(map(str, rows)),
        )
    assert query(published.settings, "PIVOT customers ON platform USING COUNT(*)")[1]
    named = "FROM customers PIVOT (COUNT(*) FOR country IN ('DE')) SELECT DE"
    assert query(published.settings, f"SELECT * FROM ({named})")[0] == ["DE"]


def test_errors_show_the_text_as_it_came(published: Home) -> None:
    """Not the statement that was made of it."""
    with pytest.raises(UserError) as caught:
        query(published.settings, "SELECT nothing FROM customers")
    lines = str(caught.value).splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("LINE 1"))
    assert lines[at] == "LINE 1: SELECT nothing FROM customers"
    assert lines[at + 1].index("^") == lines[at].index("nothing")
