"""The published snapshot: complete, switched at once, cheap to repeat, safe to read."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ltv_platform.errors import UserError
from ltv_platform.warehouse import snapshot
from ltv_platform.warehouse.engine import Writer
from ltv_platform.warehouse.query import query, require_snapshot
from ltv_platform_tests.warehouse.homes import Home

SETTINGS = {"start_date": "2025-03-01", "as_of": "2025-04-30", "horizons": (1, 7)}
ROWS = {
    "customers": ("a,2025-03-01 10:00:00,US,ads,c1", "b,2025-04-05 10:00:00,DE,,"),
    "transactions": ("t1,a,2025-03-01 11:00:00,5,0", "t2,b,2025-04-05 11:00:00,3,0"),
    "customer_interactions": (
        *(f"i{day},a,2025-03-{day} 11:00:00,login" for day in (10, 20)),
        *(f"j{day},a,2025-04-{day} 11:00:00,login" for day in (10, 20)),
    ),
    "campaign_costs": ("c1,2025-03-01,US,2",),
}


def _filled(folder: Path, *, backwards: bool = False) -> Home:
    home = Home(folder, **SETTINGS)
    order = reversed(ROWS) if backwards else ROWS
    for table in order:
        home.load(table, *ROWS[table])
    return home


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A published home that is only read."""
    home = _filled(tmp_path_factory.mktemp("published"))
    home.publish()
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Home:
    """A copy of it to do something to."""
    folder = tmp_path / "home"
    shutil.copytree(published.settings.home, folder)
    return Home(folder, **SETTINGS)


def _is_stale(home: Home) -> bool:
    return snapshot.is_stale(home.graph, home.engine.state(), home.settings)


def test_it_holds_every_table_with_its_manifest(published: Home) -> None:
    """Core tables, marts, quarantine, loads and built; raw is not in it."""
    manifest = require_snapshot(published.settings).manifest
    derived = {table.name for table in published.graph.catalog.derived}
    assert set(manifest["tables"]) == derived | {"quarantine", "loads", "built"}
    assert manifest["as_of"] == "2025-04-30"
    for name in derived:
        assert (
            manifest["tables"][name]["rows"]
            == published.one(f"SELECT COUNT(*) AS n FROM {name}")["n"]
        )
    assert manifest["id"] == require_snapshot(published.settings).path.name
    assert {"watermarks", "code", "version", "currency", "timezone"} <= set(manifest)


def test_all_tables_exist_before_any_load(tmp_path: Path) -> None:
    """After any subset of sources, even none, every table is published."""
    home = Home(tmp_path)
    home.publish()
    for table in home.graph.catalog.derived:
        described = home.published(f"DESCRIBE {table.name}")
        assert [row["column_name"] for row in described] == [c.name for c in table.published]


def test_same_rows_give_the_same_bytes(published: Home, tmp_path: Path) -> None:
    """Same accepted rows in, identical tables out, whatever the order of the files."""
    other = _filled(tmp_path / "other", backwards=True)
    other.publish()
    for table in published.graph.catalog.derived:
        assert _digests(published, table.name) == _digests(other, table.name), table.name


def _digests(home: Home, table: str) -> list[str]:
    files = require_snapshot(home.settings).files(table)
    return [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files]


def _inodes(home: Home, table: str) -> list[int]:
    return [Path(file).stat().st_ino for file in require_snapshot(home.settings).files(table)]


def _small_parts(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Tables of more than so many rows count as large ones."""
    monkeypatch.setattr(snapshot, "_SMALL", rows)
    monkeypatch.setattr(snapshot, "_LARGE", 0)


def test_unchanged_parts_are_linked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large tables in monthly parts; unchanged parts hard-linked from the last snapshot."""
    _small_parts(monkeypatch, 3)
    home.publish()
    before = {name: _inodes(home, name) for name in ("interactions", "customers", "campaign_ltv")}
    assert len(before["interactions"]) == 2
    home.load("customer_interactions", "late,a,2025-04-12 11:00:00,login")
    home.publish()
    march, april = _inodes(home, "interactions")
    assert march == before["interactions"][0]
    assert april != before["interactions"][1]
    assert _inodes(home, "customers") == before["customers"]
    assert home.values("SELECT COUNT(*) FROM interactions") == [5]
    later = home.under(as_of="2025-05-01")
    later.publish()
    assert _inodes(later, "interactions")[:2] == [march, april]
    assert _inodes(later, "campaign_ltv") != before["campaign_ltv"], "its readings depend on as_of"


def test_the_newest_month_of_a_large_table_is_in_daily_parts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new day writes one of them; when the month is over they become one."""
    _small_parts(monkeypatch, 1)
    home.publish()
    before = dict(zip(_parts(home), _inodes(home, "interactions"), strict=True))
    assert list(before) == ["2025-03", *(f"2025-04-{day:02d}" for day in range(1, 31))]
    home.load("customer_interactions", "late,a,2025-04-12 11:00:00,login")
    home.publish()
    after = dict(zip(_parts(home), _inodes(home, "interactions"), strict=True))
    assert {part for part in after if after[part] != before[part]} == {"2025-04-12"}
    assert home.values("SELECT COUNT(*) FROM interactions") == [5]
    later = home.under(as_of="2025-05-01")
    later.publish()
    assert _parts(later) == ["2025-03", "2025-04", "2025-05"]
    assert later.values("SELECT COUNT(*) FROM interactions") == [5]


def test_a_table_of_middling_size_is_in_yearly_parts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many small files would cost more than their rows."""
    monkeypatch.setattr(snapshot, "_SMALL", 1)
    home.publish()
    assert _parts(home) == ["2025"]
    assert home.values("SELECT COUNT(*) FROM interactions") == [4]


def _parts(home: Home) -> list[str]:
    return [Path(file).stem for file in require_snapshot(home.settings).files("interactions")]


def test_settled_months_are_linked_when_as_of_moves(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A month whose windows are all mature and whose costs are complete says the same for ever.

    And what it says is what a rebuild publishes under the later as_of.
    """
    _small_parts(monkeypatch, 0)
    tables = ("user_revenue", "campaign_ltv", "campaign_roas", "campaign_cohort_curve")
    home.publish()
    before = {table: _inodes(home, table) for table in tables}
    later = home.under(as_of="2025-05-10")
    later.publish()
    for table in tables:
        march, april, may = _inodes(later, table)
        assert march == before[table][0], table
        assert may not in before[table]
        # The last cohorts of April had no seven days by the end of April.
        assert april != before[table][1], table
    anew = _filled(tmp_path / "anew").under(as_of="2025-05-10")
    anew.publish()
    for table in tables:
        assert _digests(later, table) == _digests(anew, table), table


def test_a_month_is_written_when_the_watermark_matures_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next purchase of all comes weeks later: no day of April is stale, yet it matures."""
    _small_parts(monkeypatch, 0)
    home = Home(tmp_path, start_date="2025-04-01", horizons=(1, 7))
    home.load("customers", *(f"c{day},2025-04-{day} 10:00:00,US,ads,c1" for day in (20, 30)))
    home.load("campaign_costs", "c1,2025-05-25,US,2")
    home.load("transactions", "t1,c20,2025-05-03 11:00:00,5,0")
    home.publish()
    mature = (
        "SELECT revenue_d7 FROM user_revenue ORDER BY customer_id",
        "SELECT ltv_d7_per_user FROM campaign_ltv ORDER BY install_date",
        "SELECT revenue_d7 FROM campaign_roas ORDER BY install_date",
    )
    assert [home.values(sql)[:2] for sql in mature] == [[0, None]] * 3
    home.load("transactions", "t2,c20,2025-05-20 11:00:00,5,0")
    home.publish()
    assert [home.values(sql)[:2] for sql in mature] == [[0, 0]] * 3
    april = "FROM campaign_cohort_curve WHERE install_date <= DATE '2025-04-30'"
    assert home.values(f"SELECT DISTINCT mature {april}") == [True]


def test_a_month_is_written_when_another_table_says_otherwise(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer who comes in April has bought in March: it is known now where that belongs."""
    _small_parts(monkeypatch, 0)
    home.load("transactions", "t3,x,2025-03-10 11:00:00,7,0")
    home.publish()
    march = "SELECT bucket FROM revenue_reconciliation WHERE event_date = DATE '2025-03-10'"
    assert home.values(march) == ["(unknown) customer"]
    home.load("customers", "x,2025-04-20 10:00:00,US,ads,c1")
    home.publish()
    assert home.values(march) == ["(before install)"]


def test_another_warehouse_is_never_linked_to(home: Home) -> None:
    """A warehouse made anew counts from 1 again: equal numbers, other rows.

    As the hint for a damaged file tells people to: move it away and load again.
    """
    home.settings.warehouse_path.unlink()
    anew = home.under()
    assert _is_stale(anew)
    for table, rows in ROWS.items():
        anew.load(table, *(row.replace("2025-03", "2025-04") for row in rows))
    anew.publish()
    expected = anew.engine.rows("SELECT * FROM core.interactions ORDER BY ALL")
    assert anew.values("SELECT * FROM interactions ORDER BY ALL") == expected
    assert {row[3] for row in expected} == {date(2025, 4, 10), date(2025, 4, 20)}


def test_a_restored_warehouse_is_published_anew(home: Home) -> None:
    """After a backup was restored the snapshot shows what the warehouse does not know."""
    backup = home.settings.warehouse_path.read_bytes()
    home.load("customer_interactions", "lost,a,2025-04-12 11:00:00,login")
    home.publish()
    home.settings.warehouse_path.write_bytes(backup)
    assert _is_stale(home)
    home.load("customer_interactions", "other,a,2025-04-13 11:00:00,login")
    home.publish()
    assert home.values("SELECT 1 FROM interactions WHERE interaction_id = 'lost'") == []
    assert not _is_stale(home)


@pytest.mark.parametrize("when", ["tables", "manifest", "pointer"])
def test_a_kill_leaves_the_last_snapshot(
    home: Home, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The pointer is replaced last; until then the old snapshot is read, afterwards it heals."""
    home.load("customer_interactions", "late,a,2025-04-12 11:00:00,login")
    home.refresh()

    def killed(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    def killed_at_pointer(source: Path, target: Path) -> None:
        if target.name == "current":
            raise KeyboardInterrupt
        source.rename(target)

    with monkeypatch.context() as patch:
        if when == "tables":
            patch.setattr(home.engine, "copy_to_parquet", killed)
        elif when == "manifest":
            patch.setattr(snapshot, "_next_number", killed)
        else:
            patch.setattr(snapshot.os, "replace", killed_at_pointer)  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            snapshot.publish(home.engine, home.graph)
    assert query(home.settings, "SELECT COUNT(*) FROM interactions")[1] == [(4,)]
    assert _is_stale(home)
    snapshot.publish(home.engine, home.graph)
    assert query(home.settings, "SELECT COUNT(*) FROM interactions")[1] == [(5,)]
    assert not _is_stale(home)
    left = [path.name for path in home.settings.published_path.iterdir() if path.name[0] == "."]
    assert left == []


def test_nobody_loads_while_it_is_published(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse is held to the end, so what is recorded is what was copied."""
    monkeypatch.setattr(snapshot, "_prune", lambda *_: _assert_held(home))
    snapshot.publish(home.engine, home.graph)


def _assert_held(home: Home) -> None:
    code = f"import duckdb; duckdb.connect({str(home.settings.warehouse_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Could not set lock" in done.stderr


def test_a_load_after_the_state_was_read_is_not_lost(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a publish records is the newest number that it has seen, not the newest there is."""
    original = snapshot._derived_parts

    def touching(*arguments: Any) -> Any:
        home.engine.rows(
            "UPDATE raw.touched SET seq = (SELECT 1 + MAX(seq) FROM raw.built) "
            "WHERE table_name = 'loads'"
        )
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "_derived_parts", touching)
        snapshot.publish(home.engine, home.graph)
    assert _is_stale(home)


def test_staleness_of_the_snapshot(home: Home) -> None:
    """A load, a write, another as_of or other code make it stale; publishing mends it."""
    assert not _is_stale(home)
    home.load("campaigns", "c1,Name")
    assert _is_stale(home)
    home.publish()
    assert not _is_stale(home)
    for settings in ({"as_of": "2025-05-01"}, {"organic_sources": ("seo",)}):
        assert _is_stale(home.under(**settings))
    assert not _is_stale(home)


def _names(home: Home) -> list[str]:
    return sorted(path.name for path in home.settings.published_path.iterdir() if path.is_dir())


def test_old_snapshots_are_pruned_when_unused(home: Home) -> None:
    """Pruned when LTV_SNAPSHOTS newer exist and it has been unused for ten minutes."""
    few = home.under(snapshots=2)
    for _ in range(3):
        snapshot.publish(few.engine, few.graph)
    one, two, three, four = _names(few)
    _age(few, one, seconds=3_600)
    _age(few, two, seconds=3_600)
    _age(few, three, seconds=3_600)
    snapshot.Snapshot(few.settings.published_path / two, {}).mark_used()
    five = snapshot.publish(few.engine, few.graph).path.name
    assert _names(few) == [two, four, five], "two newer ones exist of each; one of them is in use"
    _age(few, two, seconds=601)
    six = snapshot.publish(few.engine, few.graph).path.name
    assert _names(few) == [four, five, six], "the fourth was written just now"


def _age(home: Home, name: str, *, seconds: int) -> None:
    folder = home.settings.published_path / name
    then = time.time() - seconds
    for path in (folder, folder / ".used"):
        if path.exists():
            os.utime(path, (then, then))


def test_a_damaged_pointer_is_said_and_mended(home: Home) -> None:
    """The message says what to run, and that does mend it."""
    pointer = home.settings.published_path / "current"
    pointer.write_text("000999-deadbeef\n", "utf-8")
    with pytest.raises(UserError, match="000999-deadbeef") as caught:
        require_snapshot(home.settings)
    assert "ltv run" in caught.value.hint
    assert _is_stale(home)
    home.publish()
    assert not _is_stale(home)
    require_snapshot(home.settings)


@pytest.mark.parametrize("damage", ["part", "manifest"])
def test_a_damaged_snapshot_is_stale(home: Home, damage: str) -> None:
    """A file of it that is gone or unreadable is written anew."""
    current = require_snapshot(home.settings)
    if damage == "part":
        Path(current.files("customers")[0]).unlink()
    else:
        (current.path / "manifest.json").write_text("{", "utf-8")
    assert _is_stale(home)
    home.publish()
    assert home.values("SELECT COUNT(*) FROM customers") == [2]


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


def test_a_query_that_fails_says_where(published: Home) -> None:
    """The engine's message, and which tables there are."""
    with pytest.raises(UserError, match="custmers") as caught:
        query(published.settings, "SELECT * FROM custmers")
    assert "campaign_ltv" in caught.value.hint


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


def test_the_manifest_is_plain_json(published: Home) -> None:
    """Whoever has no DuckDB reads the folder: names of files, rows, columns with types."""
    folder = require_snapshot(published.settings).path
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    customers = manifest["tables"]["customers"]
    contract = published.graph.catalog["core.customers"]
    assert customers["columns"] == {column.name: column.type for column in contract.published}
    rows = duckdb.read_parquet(str(folder / customers["parts"][0]["file"])).fetchall()
    assert len(rows) == customers["rows"] == 2


def test_the_report_follows_the_snapshot(home: Home) -> None:
    """A report that failed, or was killed, after publishing is made by the next run."""
    published = require_snapshot(home.settings)
    assert snapshot.report_is_stale(home.engine.state())
    state = home.engine.state()
    home.engine.record(Writer(snapshot.REPORT, published.path.name, state.as_of), state.newest)
    assert not snapshot.report_is_stale(home.engine.state())
    assert not _is_stale(home)
    snapshot.publish(home.engine, home.graph)
    assert snapshot.report_is_stale(home.engine.state())


def test_a_damaged_part_is_not_linked(home: Home) -> None:
    """A part that was cut off is written anew, not carried into the next snapshot."""
    part = Path(require_snapshot(home.settings).files("customers")[0])
    whole = part.read_bytes()
    part.write_bytes(whole[:-1])
    home.load("campaigns", "c1,Name")
    home.publish()
    assert Path(require_snapshot(home.settings).files("customers")[0]).read_bytes() == whole
    assert part.read_bytes() == whole[:-1]
