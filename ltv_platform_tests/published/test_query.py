"""Queries over the published snapshot: plain names, plain errors, and nothing else within reach."""

from pathlib import Path

import duckdb
import pytest

from ltv_platform.errors import UserError
from ltv_platform.published.current import require_snapshot
from ltv_platform.published.query import open_snapshot, query
from ltv_platform_tests.testing.home import Home


def test_nothing_published_is_said(tmp_path: Path) -> None:
    """Before the first publish: what to run."""
    with pytest.raises(UserError, match="Nothing is published") as caught:
        query(Home(tmp_path).settings, "SELECT 1")
    assert "ltv run" in caught.value.hint


def test_queries_see_plain_names(published: Home) -> None:
    """Core and marts by plain name, quarantine, loads, built; with parameters."""
    columns, rows = query(
        published.settings,
        "WITH c AS (FROM customers) SELECT country FROM c WHERE customer_id = $customer",
        {"customer": "b"},
    )
    assert (columns, rows) == (["country"], [("DE",)])
    for sql in ("FROM loads", "DESCRIBE built", "SUMMARIZE quarantine", "SHOW TABLES"):
        query(published.settings, sql)
    query(published.settings, "PIVOT campaign_ltv ON country USING SUM(installs)")


def test_a_wrong_table_name_suggests_near_ones(published: Home) -> None:
    """The engine's message and the near name; not all 45 tables."""
    with pytest.raises(UserError, match="custmers") as caught:
        query(published.settings, "SELECT * FROM custmers")
    assert caught.value.hint.startswith("Did you mean customers, customer_ltv, ")
    assert caught.value.hint.endswith("?\n`ltv tables` lists the tables.")
    with pytest.raises(UserError) as caught:
        query(published.settings, "SELECT * FROM zzzzzz")
    assert caught.value.hint == "`ltv tables` lists the tables."
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT contry FROM customers",
        "SELECT c.contry FROM customers AS c JOIN built ON TRUE",
        "WITH c AS (FROM customers) SELECT contry FROM c",
    ],
)
def test_a_wrong_column_name_lists_those_of_the_tables_named(published: Home, sql: str) -> None:
    """It listed all tables instead."""
    with pytest.raises(UserError, match="contry") as caught:
        query(published.settings, sql)
    assert caught.value.hint.startswith("Did you mean country")
    assert "customers has customer_id, " in caught.value.hint
    assert "campaign_ltv" not in str(caught.value)


def test_what_is_not_near_is_not_suggested(published: Home) -> None:
    """The engine suggests something in any case, as Country for amount."""
    with pytest.raises(UserError) as caught:
        query(published.settings, "SELECT zzz FROM customers")
    assert "Did you mean" not in str(caught.value)
    assert "Candidate" not in str(caught.value)
    assert "customers has customer_id, " in caught.value.hint


def test_a_snapshot_older_than_a_table_says_so(published: Home) -> None:
    """After an upgrade, reports of what is not published yet were a defect of ours."""
    snapshot = require_snapshot(published.settings)
    del snapshot.manifest["tables"]["rfm_segments"]
    with (
        pytest.raises(UserError, match="has no rfm_segments") as caught,
        open_snapshot(published.settings, snapshot) as connection,
    ):
        connection.execute("SELECT * FROM rfm_segments")
    assert "ltv run" in caught.value.hint
    with (
        pytest.raises(duckdb.CatalogException, match="custmers"),
        open_snapshot(published.settings, snapshot) as connection,
    ):
        connection.execute("SELECT * FROM custmers")


def test_a_snapshot_of_other_settings_says_so(published: Home) -> None:
    """A horizon that is set, and not published yet."""
    settings = published.settings.model_copy(update={"forecast_horizons": (45,)})
    with pytest.raises(UserError, match="has no expected_revenue_d45") as caught:
        query(settings, "SELECT expected_revenue_d45 FROM ltv_forecast")
    assert "ltv run" in caught.value.hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM glob('{home}/*')",
        "COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
        "PREPARE p AS COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
        "SELECT 1; COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
        "COPY customers TO '{home}/stolen.csv'",
        "ATTACH '{home}/warehouse.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD '{secret}'",
        "EXPORT DATABASE '{home}/export'",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW customers",
        "",
    ],
)
def test_queries_reach_nothing_else(published: Home, tmp_path: Path, sql: str) -> None:
    """No other file can be read, and none written, those of the snapshot included."""
    secret = tmp_path / "secret.csv"
    secret.write_text("password\n", "utf-8")
    [part] = require_snapshot(published.settings).files("customers")
    before = Path(part).read_bytes()
    folder = published.settings.home
    listing = sorted(folder.rglob("*"))
    with pytest.raises(UserError):
        query(published.settings, sql.format(secret=secret, home=folder, part=part))
    assert Path(part).read_bytes() == before
    assert [path for path in sorted(folder.rglob("*")) if path.name != ".used"] == [
        path for path in listing if path.name != ".used"
    ]
