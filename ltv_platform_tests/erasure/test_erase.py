"""Erasing: no trace of her remains, and everybody else's data are as if she had never existed."""

import shutil
import stat
from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.export.sqlite_database import export_sqlite
from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.quarantine.listing import list_quarantine
from ltv_platform.ingestion.quarantine.replaying import replay
from ltv_platform_tests.erasure.worlds import (
    ADA,
    NOT_ADA,
    SETTINGS,
    drop_files,
    erased,
    hers_in,
    is_not_hers,
    loaded,
    looked_for,
)
from ltv_platform_tests.testing.home import Home

#: A later load, so that there are two snapshots, which share files.
_LATER = "tx-c-7,carl,2025-12-20 10:00:00,3,0"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A published home, with an export, that has her everywhere."""
    home = loaded(tmp_path_factory.mktemp("before") / "home")
    home.publish()
    home.load("transactions", _LATER)
    home.publish()
    home.settings.reports_path.mkdir()
    export_sqlite(home.settings, home.settings.reports_path / "ours.db")
    drop_files(home.settings.home)  # delivered again, and not loaded yet
    return home


@pytest.fixture(scope="module")
def after(before: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same home once she is erased."""
    folder = tmp_path_factory.mktemp("after") / "home"
    home = Home(shutil.copytree(before.settings.home, folder), **SETTINGS)
    done = erased(home)
    assert done.errors == []
    assert [Path(note.split(": ")[0]).name for note in done.notes] == [
        "e.xlsx is e.xlsx.csv now"
    ] * 2
    return home


@pytest.fixture
def home(after: Home, tmp_path: Path) -> Home:
    """A copy of it to be changed, with an empty landing folder."""
    home = Home(shutil.copytree(after.settings.home, tmp_path / "home"), **SETTINGS)
    for path in list(home.settings.landing_path.rglob("*.*")):
        path.unlink()
    return home


def test_no_byte_of_hers_is_left(before: Home, after: Home) -> None:
    """docs/operations.md, Erasing a person: nothing under LTV_HOME names her any more.

    Earlier findings are listed, so that a format that is no longer searched is noticed.
    """
    found = hers_in(before.settings.home)
    assert {name for name in found if not name.startswith(("loaded/", "published/"))} == {
        "landing/customers/customers.csv",
        "landing/customer_interactions/i.csv",
        "landing/transactions/a.csv.gz",
        "landing/transactions/b.ndjson",
        "landing/transactions/c.json",
        "landing/transactions/d.parquet",
        "landing/transactions/e.xlsx",
        "landing/transactions@leadtech_purchases/p.tsv",
        "landing/session_sources/s.db",
        "landing/session_costs/costs.csv",
        "landing/conversions/v.jsonl.gz",
        "reports/ours.db",
        "warehouse.duckdb",
    }
    assert sum(name.startswith("loaded/") for name in found) == 11
    assert len({name.split("/")[1] for name in found if name.startswith("published/")}) == 2
    folder = after.settings.home
    assert hers_in(folder) == {}
    assert [path.name for path in folder.glob("erasure*")] == ["erasure.key"]
    assert stat.S_IMODE(after.settings.erasure_key_path.stat().st_mode) == 0o600
    assert not [path for path in folder.rglob("*") if path.name.endswith((".part", ".new"))]


def test_all_others_are_as_if_she_had_never_been(after: Home, tmp_path: Path) -> None:
    """Every core and mart table equals that of a fresh home which has never seen her."""
    fresh = loaded(tmp_path / "fresh", is_not_hers)
    fresh.load("transactions", _LATER)
    fresh.publish()
    expected, seen = fresh.tables(), after.tables()
    assert sum(map(len, expected.values())) > 100
    assert {name for name in expected if expected[name] != seen[name]} == set()
    for sql in (
        "SELECT customer_id, registration_date, city, version FROM raw.customers ORDER BY ALL",
        "SELECT table_name, reasons, raw FROM raw.quarantine ORDER BY ALL",
    ):
        assert after.engine.rows(sql) == fresh.engine.rows(sql)
    assert len(list_quarantine(after.engine)[1]) == 2


def test_files_hold_what_a_delivery_without_her_would_hold(after: Home, tmp_path: Path) -> None:
    """All other records in the rewritten files are unchanged, byte for byte in text."""
    drop_files(tmp_path, is_not_hers)
    for table, name in (
        ("customers", "customers.csv"),
        ("transactions@leadtech_purchases", "p.tsv"),
        ("customer_interactions", "i.csv"),
        ("transactions", "b.ndjson"),
        ("session_costs", "costs.csv"),
    ):
        expected = (tmp_path / "landing" / table / name).read_bytes()
        assert (after.settings.landing_path / table / name).read_bytes() == expected
        copies = list(after.settings.loaded_path.glob(f"*/{name}"))
        assert [copy.read_bytes() for copy in copies] == [expected]


def test_delivered_again_she_stays_out(home: Home) -> None:
    """The same files again bring nothing new; what is kept of them has no data of hers."""
    before = home.tables()
    drop_files(home.settings.home)
    outcomes = ingest_landing(home.engine)
    assert [outcome.repeated for outcome in outcomes] == [True] * 11
    assert hers_in(home.settings.home) == {}
    assert replay(home.engine) == []
    home.refresh()
    assert home.tables() == before


def test_rewritten_files_are_still_the_files_of_their_loads(home: Home) -> None:
    """Loaded again, they change nothing; else old values would count as new versions."""
    for path in home.settings.loaded_path.glob("*/*"):
        [(table, adapter)] = home.engine.rows(
            f"SELECT table_name, adapter FROM raw.loads WHERE load_id = '{path.parent.name}'"
        )
        folder = home.settings.landing_path / (f"{table}@{adapter}" if adapter else table)
        shutil.copy(path, folder / path.name)
    outcomes = ingest_landing(home.engine)
    assert [outcome.repeated for outcome in outcomes] == [True] * 11


def test_looking_changes_nothing(before: Home) -> None:
    """``--dry-run`` leaves every byte as it was, and counts what erasing takes out."""
    folder = before.settings.home
    everything = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    seen = looked_for(before)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == everything
    assert {name: count for name, count in seen.rows.items() if name.startswith("raw.")} == {
        "raw.customers": 2,
        "raw.transactions": 11,
        "raw.customer_interactions": 1,
        "raw.session_sources": 2,
        "raw.conversions": 1,
        "raw.session_costs": 3,
        "raw.ihc_answers": 0,
        "raw.ihc_rejections": 0,
    }
    assert seen.kept.count == 3
    assert sum(seen.files.counts.values()) == 2 * (3 + 3 + 2 + 2 + 2 + 2 + 1 + 1 + 1 + 3 + 7)


def test_twice_is_once(home: Home) -> None:
    """Erased again, nothing is found and nothing changes; another id was not erased."""
    before = home.tables()
    seen = looked_for(home)
    assert seen.listed
    assert not any(seen.rows.values())
    erased(home)
    assert home.tables() == before
    assert not looked_for(home, "ada").is_known
    assert looked_for(home, NOT_ADA).is_known


def test_without_its_key_the_list_lets_nobody_in(home: Home) -> None:
    """A lost key would let erased persons return silently, so nothing is loaded."""
    home.settings.erasure_key_path.unlink()
    path = home.settings.home / "again.csv"
    path.write_text(f"customer_id,registration_date\n{ADA},2025-12-02\n")
    [outcome] = ingest(home.engine, [Request("customers", path)])
    assert outcome.error is not None
    assert "erasure.key is not the key used for past erasures" in outcome.error.message
    with pytest.raises(UserError, match=r"erasure\.key is not the key"):
        looked_for(home)
