"""The published snapshot: complete, switched atomically, stale when it must be, pruned."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ltv_platform.attribution.ihc_api.status import other_settings
from ltv_platform.contracts.operations import PUBLISHED_OPERATIONS
from ltv_platform.errors import UserError
from ltv_platform.parameters.attribution import attribution_parameters
from ltv_platform.published import intact, parts, snapshot
from ltv_platform.published.current import Snapshot, require_snapshot, snapshot_before
from ltv_platform.published.intact import changed_files, digest
from ltv_platform.published.query import query
from ltv_platform.reports.channels import write_channel_report
from ltv_platform.warehouse.engine import Writer
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.small_home import is_stale


def test_it_holds_every_table_with_its_manifest(published: Home) -> None:
    """Core tables, marts, quarantine, loads and built; raw is not in it."""
    manifest = require_snapshot(published.settings).manifest
    derived = {table.name for table in published.graph.catalog.derived}
    assert set(manifest["tables"]) == derived | {table.name for table in PUBLISHED_OPERATIONS}
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


def test_a_restored_warehouse_is_published_anew(home: Home) -> None:
    """After a backup was restored the snapshot shows what the warehouse does not know."""
    backup = home.settings.warehouse_path.read_bytes()
    home.load("customer_interactions", "lost,a,2025-04-12 11:00:00,login")
    home.publish()
    home.settings.warehouse_path.write_bytes(backup)
    assert is_stale(home)
    home.load("customer_interactions", "other,a,2025-04-13 11:00:00,login")
    home.publish()
    assert home.values("SELECT 1 FROM interactions WHERE interaction_id = 'lost'") == []
    assert not is_stale(home)


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
    assert is_stale(home)
    snapshot.publish(home.engine, home.graph)
    assert query(home.settings, "SELECT COUNT(*) FROM interactions")[1] == [(5,)]
    assert not is_stale(home)
    left = [path.name for path in home.settings.published_path.iterdir() if path.name[0] == "."]
    assert left == []


def test_nobody_loads_while_it_is_published(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse is held to the end, so what is recorded is what was copied."""
    monkeypatch.setattr(snapshot, "prune", lambda *_: _assert_held(home))
    snapshot.publish(home.engine, home.graph)


def _assert_held(home: Home) -> None:
    code = f"import duckdb; duckdb.connect({str(home.settings.warehouse_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Could not set lock" in done.stderr


def test_a_load_after_the_state_was_read_is_not_lost(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a publish records is the newest number that it has seen, not the newest there is."""
    original = parts.derived_parts

    def touching(*arguments: Any) -> Any:
        home.engine.rows(
            "UPDATE raw.touched SET seq = (SELECT 1 + MAX(seq) FROM raw.built) "
            "WHERE table_name = 'loads'"
        )
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "derived_parts", touching)
        snapshot.publish(home.engine, home.graph)
    assert is_stale(home)


def test_staleness_of_the_snapshot(home: Home) -> None:
    """A load, a write, another as_of or other code make it stale; publishing fixes it."""
    assert not is_stale(home)
    home.load("campaigns", "c1,Name")
    assert is_stale(home)
    home.publish()
    assert not is_stale(home)
    for settings in ({"as_of": "2025-05-01"}, {"organic_sources": ("seo",)}):
        assert is_stale(home.under(**settings))
    assert not is_stale(home)


def _names(home: Home) -> list[str]:
    return sorted(path.name for path in home.settings.published_path.iterdir() if path.is_dir())


def test_old_snapshots_are_pruned_when_unused(home: Home) -> None:
    """Pruned when LTV_SNAPSHOTS newer exist and it has been unused for ten minutes.

    Who reads by latest.duckdb leaves no mark, so those count that have just been superseded.
    """
    few = home.under(snapshots=2)
    for _ in range(3):
        snapshot.publish(few.engine, few.graph)
    one, two, three, four = _names(few)
    _age(few, one, seconds=3_600)
    _age(few, two, seconds=3_600)
    _age(few, three, seconds=3_600)
    Snapshot(few.settings.published_path / two, {}).mark_used()
    five = snapshot.publish(few.engine, few.graph).path.name
    assert _names(few) == [two, three, four, five], "one is in use, one superseded just now"
    _age(few, two, seconds=601)
    _age(few, four, seconds=601)
    six = snapshot.publish(few.engine, few.graph).path.name
    assert _names(few) == [four, five, six], "the fourth was superseded just now"


def test_the_last_snapshot_of_an_earlier_day_is_kept(home: Home) -> None:
    """Pages say what has changed since then, however often somebody publishes."""
    first, second = (home.under(snapshots=1, as_of=f"2025-05-0{day}") for day in (1, 2))
    yesterday = [snapshot.publish(first.engine, first.graph).path.name for _ in range(2)][-1]
    for _ in range(3):
        for name in _names(second):
            _age(second, name, seconds=3_600)
        last = snapshot.publish(second.engine, second.graph)
    for name in _names(second):
        _age(second, name, seconds=3_600)
    snapshot.prune(second.settings)
    assert _names(second) == [yesterday, last.path.name]
    before = snapshot_before(second.settings, last)
    assert before is not None
    assert before.path.name == yesterday


def _age(home: Home, name: str, *, seconds: int) -> None:
    folder = home.settings.published_path / name
    then = time.time() - seconds
    for path in (folder / "manifest.json", folder, folder / ".used"):
        if path.exists():
            os.utime(path, (then, then))


def test_a_damaged_pointer_is_said_and_fixed(home: Home) -> None:
    """The message says what to run, and that fixes it."""
    pointer = home.settings.published_path / "current"
    pointer.write_text("000999-deadbeef\n", "utf-8")
    with pytest.raises(UserError, match="000999-deadbeef") as caught:
        require_snapshot(home.settings)
    assert "ltv run" in caught.value.hint
    assert is_stale(home)
    home.publish()
    assert not is_stale(home)
    require_snapshot(home.settings)


@pytest.mark.parametrize("damage", ["part", "manifest"])
def test_a_damaged_snapshot_is_stale(home: Home, damage: str) -> None:
    """A file of the snapshot that is gone or unreadable is written again."""
    current = require_snapshot(home.settings)
    if damage == "part":
        Path(current.files("customers")[0]).unlink()
    else:
        (current.path / "manifest.json").write_text("{", "utf-8")
    assert is_stale(home)
    home.publish()
    assert home.values("SELECT COUNT(*) FROM customers") == [2]


def test_the_manifest_is_plain_json(published: Home) -> None:
    """People without DuckDB read the folder: names of files, rows, columns with types."""
    folder = require_snapshot(published.settings).path
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    customers = manifest["tables"]["customers"]
    contract = published.graph.catalog["core.customers"]
    assert customers["columns"] == {column.name: column.type for column in contract.published}
    rows = duckdb.read_parquet(str(folder / customers["parts"][0]["file"])).fetchall()
    assert len(rows) == customers["rows"] == 2


def test_files_follow_the_snapshot(home: Home) -> None:
    """A file that failed, or was killed, after publishing is made by the next run; no other is."""
    published = require_snapshot(home.settings)
    assert snapshot.outdated_files(home.engine.state()) == snapshot.MADE_OF_IT
    for number, asset in enumerate(snapshot.MADE_OF_IT, start=1):
        state = home.engine.state()
        home.engine.record([Writer(asset, published.path.name, state.as_of)], state.newest)
        assert snapshot.outdated_files(home.engine.state()) == snapshot.MADE_OF_IT[number:]
    assert not is_stale(home)
    snapshot.publish(home.engine, home.graph)
    assert snapshot.outdated_files(home.engine.state()) == snapshot.MADE_OF_IT


def test_the_manifest_says_how_journeys_are_computed(home: Home) -> None:
    """Other settings are published again, and so is a manifest of an earlier version."""
    home.publish()
    current = require_snapshot(home.settings)
    expected = {
        "lookback_days": 90,
        "boundary": "at_or_before",
        "break_at_conversion": False,
        "engine": "local",
        "preset": "published",
        "request_hash": attribution_parameters(home.settings).request_hash,
    }
    assert current.manifest["attribution"] == expected
    assert not is_stale(home)
    assert is_stale(home.under(ihc_conversion_type="shop"))  # no table depends on it here

    manifest = {key: value for key, value in current.manifest.items() if key != "attribution"}
    _republish(home, manifest)
    assert "attribution" not in require_snapshot(home.settings).manifest
    write_channel_report(home.settings)  # says nothing of the lookback
    assert "Lookback" not in (home.settings.reports_path / "channels.html").read_text("utf-8")
    assert "does not say how it was scored" in other_settings(home.settings)
    assert is_stale(home)
    snapshot.publish(home.engine, home.graph)
    assert require_snapshot(home.settings).manifest["attribution"] == expected


def _republish(home: Home, manifest: dict[str, Any]) -> None:
    """Put another manifest into the current snapshot, named and recorded as its own."""
    old = require_snapshot(home.settings).path
    content = {key: value for key, value in manifest.items() if key != "id"}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    new = old.with_name(f"{old.name.partition('-')[0]}-{digest[:8]}")
    old.rename(new)
    (new / "manifest.json").write_text(json.dumps({"id": new.name, **content}), "utf-8")
    (new.parent / "current").write_text(new.name + "\n", "utf-8")
    state = home.engine.state()
    home.engine.record([Writer(snapshot.ASSET, new.name, state.as_of)], state.newest)


def _forge(path: Path) -> None:
    """Other bytes of the same length and time, as somebody would who wants them to be taken."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    before = path.stat()
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def test_files_are_written_once_and_read_only(home: Home) -> None:
    """Those that older snapshots share are the same files."""
    home.load("campaigns", "c1,Name")
    home.publish()
    for folder in home.settings.published_path.iterdir():
        if folder.is_dir() and folder.name == require_snapshot(home.settings).path.name:
            written = [*folder.rglob("*.parquet"), folder / "manifest.json"]
            assert {path.stat().st_mode & 0o222 for path in written} == {0}


def test_forged_bytes_of_the_same_length_are_published_again(home: Home) -> None:
    """Sizes and ends did not reveal them: `ltv run` said that nothing is stale."""
    home.publish()
    assert not is_stale(home)
    [file] = require_snapshot(home.settings).files("customers")
    rows = query(home.settings, "FROM customers")
    _forge(Path(file))
    assert changed_files(require_snapshot(home.settings)) == ["customers.parquet"]
    assert is_stale(home)
    home.publish()
    assert not is_stale(home)
    assert changed_files(require_snapshot(home.settings)) == []
    assert query(home.settings, "FROM customers") == rows


def test_files_are_hashed_again_only_if_they_were_touched(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at a large snapshot takes no longer than at a small one."""
    home.publish()
    read = []
    monkeypatch.setattr(intact, "digest", lambda path: read.append(path) or digest(path))
    assert not is_stale(home)
    assert read == []
    [file] = require_snapshot(home.settings).files("customers")
    os.utime(file)
    assert not is_stale(home)
    assert read == [Path(file)]
    assert not is_stale(home)
    assert len(read) == 1
    (home.settings.home / "cache" / "snapshot_files").unlink()
    assert not is_stale(home)
    assert len(read) > 10
