"""``ltv export --sqlite``: its content, what it replaces, and that it can be loaded again."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.errors import UserError
from ltv_platform.export.channel_csv import write_channel_csv
from ltv_platform.export.sqlite_database import APPLICATION_ID, export_sqlite
from ltv_platform.ingestion.load import ingest, sqlite_requests
from ltv_platform_tests.testing.home import ATTRIBUTION, Home

#: Names that a file format may trip over, and that a spreadsheet takes for formulas.
NAMES = ('say "hi"', "two\nlines", "back\rslash \\", "💸 ads, paid", "=1+1", "'; DROP TABLE x; --")


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Sessions of odd channels, one with half a second, one without cost, one of no conversion."""
    home = Home(
        tmp_path_factory.mktemp("export") / "home", groups=ATTRIBUTION, timezone="Europe/Berlin"
    )
    home.load(
        "session_sources",
        *(
            f"s{number},u1,{_cell(name)},2025-11-{1 + number:02d},23:30:00{fraction},1,0"
            for number, (name, fraction) in enumerate(zip(NAMES, ["", ".5"] * 3, strict=True))
        ),
        "idle,u2,mail,2025-11-01,10:00:00,0,1",
    )
    home.load("session_costs", "s0,0.1", "s1,", "idle,7.000001")
    home.load(
        "conversions", "v1,u1,2025-11-20,10:00:00,99.99", "v2,u3,2025-11-20,10:00:00.000001,1"
    )
    home.publish()
    return home


def rows(path: Path, sql: str) -> list[Any]:
    """Rows of a query on the export."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_it_holds_the_tables_of_other_pipelines(home: Home, tmp_path: Path) -> None:
    """Names, columns and keys as the seed has them; times in UTC, numbers as numbers."""
    path = tmp_path / "out.db"
    assert export_sqlite(home.settings, path) == {
        "session_sources": 7,
        "conversions": 2,
        "session_costs": 7,
        "attribution_customer_journey": 6,
        "channel_reporting": 8,
    }
    assert rows(path, "SELECT * FROM session_sources WHERE session_id IN ('s0', 's1')") == [
        ("s0", "u1", NAMES[0], "2025-11-01", "23:30:00", 1, 0, 0),
        ("s1", "u1", NAMES[1], "2025-11-02", "23:30:00.5", 1, 0, 0),
    ]
    assert rows(path, "SELECT * FROM conversions") == [
        ("v1", "u1", "2025-11-20", "10:00:00", 99.99),
        ("v2", "u3", "2025-11-20", "10:00:00.000001", 1.0),
    ]
    assert rows(path, "SELECT * FROM session_costs WHERE cost > 0") == [
        ("idle", 7.000001),
        ("s0", 0.1),
    ]
    assert rows(path, "SELECT ROUND(SUM(ihc), 9), COUNT(*) FROM attribution_customer_journey") == [
        (1.0, 6)
    ]
    report = "SELECT * FROM channel_reporting WHERE channel_name IN ('mail', '(not attributed)')"
    assert rows(path, report) == [
        ("(not attributed)", "2025-11-20", 0.0, 1.0, 1.0, None, None),
        ("mail", "2025-11-01", 7.000001, 0.0, 0.0, None, 0.0),
    ]
    keys = "SELECT m.name, group_concat(i.name) FROM sqlite_master m, pragma_table_info(m.name) i "
    assert dict(rows(path, f"{keys} WHERE m.type = 'table' AND i.pk GROUP BY m.name")) == {
        "session_sources": "session_id",
        "conversions": "conv_id",
        "session_costs": "session_id",
        "attribution_customer_journey": "conv_id,session_id",
        "channel_reporting": "channel_name,date",
    }
    assert rows(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_one_snapshot_gives_one_file(home: Home, tmp_path: Path) -> None:
    """Byte for byte, also over an older export; no other file is left."""
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    export_sqlite(home.settings, one)
    export_sqlite(home.settings, other)
    export_sqlite(home.settings, other)
    assert one.read_bytes() == other.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.db", "other.db"]


def test_it_comes_back_the_same(home: Home, tmp_path: Path) -> None:
    """Exported, loaded into a fresh LTV_HOME and built: the same figures, then the same file.

    Whatever characters stand in the names of channels.
    """
    path = tmp_path / "out.db"
    export_sqlite(home.settings, path)
    fresh = Home(tmp_path / "home", groups=ATTRIBUTION, timezone="Europe/Berlin")
    outcomes = ingest(fresh.engine, sqlite_requests(fresh.engine, path))
    assert [outcome.error for outcome in outcomes] == [None] * 3
    fresh.publish()
    sql = "SELECT * FROM channel_reporting ORDER BY ALL"
    assert fresh.values(sql) == home.values(sql)
    assert {row[0] for row in fresh.values(sql)} == {*NAMES, "mail", "(not attributed)"}
    again = tmp_path / "again.db"
    export_sqlite(fresh.settings, again)
    assert again.read_bytes() == path.read_bytes()


def test_csv_keeps_names_as_they_are(home: Home) -> None:
    """Quotes, both kinds of line end, characters beyond ASCII, what looks like a formula."""
    with write_channel_csv(home.settings).open(encoding="utf-8", newline="") as file:
        names = [row["channel_name"] for row in csv.DictReader(file)]
    assert names == sorted([*NAMES, "mail", "(not attributed)"])


def test_it_replaces_nothing_but_an_export(home: Home, tmp_path: Path) -> None:
    """Another database, a text and an empty file are left alone unless overwriting is requested."""
    database, text, empty = (tmp_path / name for name in ("mine.db", "mine.txt", "empty"))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE precious (a)")
    text.write_text("precious", "utf-8")
    empty.touch()
    for path in (database, text, empty):
        before = path.read_bytes()
        with pytest.raises(UserError, match="not exported by this platform"):
            export_sqlite(home.settings, path)
        assert path.read_bytes() == before
    export_sqlite(home.settings, text, overwrite=True)
    assert rows(text, "SELECT COUNT(*) FROM conversions") == [(2,)]


def test_places_that_take_no_file(home: Home, tmp_path: Path) -> None:
    """A folder, a missing folder, the files of LTV_HOME, a database that somebody has open."""
    with pytest.raises(UserError, match="is not a file"):
        export_sqlite(home.settings, tmp_path)
    with pytest.raises(UserError, match="cannot be written"):
        export_sqlite(home.settings, tmp_path / "missing" / "out.db")
    with pytest.raises(UserError, match="is inside LTV_HOME"):
        export_sqlite(home.settings, home.settings.warehouse_path, overwrite=True)
    path = tmp_path / "open.db"
    export_sqlite(home.settings, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("DELETE FROM conversions")
        connection.commit()
        with pytest.raises(UserError, match=r"is in use: .*-wal is next to it"):
            export_sqlite(home.settings, path, overwrite=True)


def test_a_link_stays_a_link(home: Home, tmp_path: Path) -> None:
    """What it leads to is written."""
    target, link = tmp_path / "target.db", tmp_path / "link.db"
    link.symlink_to(target)
    export_sqlite(home.settings, link)
    assert link.is_symlink()
    assert rows(target, "SELECT COUNT(*) FROM conversions") == [(2,)]


def test_nothing_is_published(tmp_path: Path) -> None:
    """Says what to do, and leaves no file."""
    with pytest.raises(UserError, match="Nothing is published"):
        export_sqlite(Home(tmp_path / "home").settings, tmp_path / "out.db")
    assert not (tmp_path / "out.db").exists()
