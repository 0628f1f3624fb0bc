"""docs/operations.md, Erasing a person: users' own tables."""

from pathlib import Path

import duckdb
import pytest

from ltv_platform.published.current import own_files
from ltv_platform.user_tables import OwnTable, Query
from ltv_platform.user_tables.query import ready
from ltv_platform.user_tables.tables import write
from ltv_platform_tests.erasure.worlds import ADA, erased, hers_in, loaded, looked_for
from ltv_platform_tests.testing.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Her home, with a table of revenue by customer and one that says so in words."""
    home = loaded(tmp_path / "home")
    home.publish()
    _write(home, "by_customer", "SELECT customer_id, country FROM customer_ltv")
    _write(home, "words", "SELECT customer_id AS best FROM customer_ltv ORDER BY ALL LIMIT 1")
    return home


def _write(home: Home, name: str, sql: str) -> None:
    write(home.engine, OwnTable("mine", name), ready(home.engine, home.graph, Query(sql)))


def _hers(home: Home) -> set[str]:
    """Own files that have her, and those under LTV_HOME that name her otherwise."""
    files = {
        name
        for name, path in own_files(home.settings).items()
        if repr(ADA) in str(duckdb.read_parquet(str(path)).fetchall())
    }
    return files | {path for path in hers_in(home.settings.home) if "own" not in path}


def test_her_rows_go_from_tables_of_ones_own(home: Home) -> None:
    """Where a column is called as ours; a table that names her otherwise is to be made again."""
    assert {"mine.by_customer", "mine.words"} <= _hers(home)
    [(before,)] = home.engine.rows("SELECT COUNT(*) FROM mine.by_customer")
    assert looked_for(home).rows["mine.by_customer"] == 1
    done = erased(home)
    assert [error.message for error in done.errors] == [
        "Your own table mine.words still contains the person."
    ]
    assert [note for note in done.notes if "e.xlsx" not in note] == []
    [row] = [f for f in done.findings if f.location == "mine.by_customer"]
    assert (row.count, row.becomes) == (1, "deleted")
    assert home.engine.rows("SELECT COUNT(*) FROM mine.by_customer") == [(before - 1,)]
    assert "mine.by_customer" not in _hers(home)
    _write(home, "words", "SELECT customer_id AS best FROM customer_ltv ORDER BY ALL LIMIT 1")
    assert erased(home).errors == []
    assert _hers(home) == set()
