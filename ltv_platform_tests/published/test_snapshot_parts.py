"""The files of a snapshot: the same rows in the same bytes, and linked while unchanged."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from ltv_platform.published import parts
from ltv_platform.published.current import require_snapshot
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.small_home import ROWS, filled, is_stale


def test_same_rows_give_the_same_bytes(published: Home, tmp_path: Path) -> None:
    """Same accepted rows in, identical tables out, for any order of the files."""
    other = filled(tmp_path / "other", backwards=True)
    other.publish()
    for table in published.graph.catalog.derived:
        assert _digests(published, table.name) == _digests(other, table.name), table.name


def _digests(home: Home, table: str) -> list[str]:
    files = require_snapshot(home.settings).files(table)
    return [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files]


def _inodes(home: Home, table: str) -> list[int]:
    return [Path(file).stat().st_ino for file in require_snapshot(home.settings).files(table)]


def _small_parts(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Tables with more rows than that count as large ones."""
    monkeypatch.setattr(parts, "_SMALL", rows)
    monkeypatch.setattr(parts, "_LARGE", 0)


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


def test_rows_that_depend_on_more_stand_in_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New paths move markov_path of all days, and no other model of another month."""
    _small_parts(monkeypatch, 1)
    home = Home(tmp_path, start_date="2025-03-01", as_of="2025-04-30", horizons=(1, 7))
    home.load(
        "session_sources",
        "s1,u,Search,2025-03-01,10:00:00,1,1",
        "s2,u,Mail,2025-03-02,10:00:00,1,1",
        "s3,v,Search,2025-04-01,10:00:00,1,1",
    )
    home.load("conversions", "c1,u,2025-03-03,10:00:00,5", "c2,v,2025-04-02,10:00:00,5")
    home.publish()
    files = ["2025-03", "2025-04", "markov_path/2025-03", "markov_path/2025-04"]
    before = dict(zip(files, _inodes(home, "attribution"), strict=True))
    moved = "SELECT channel_name, credit FROM attribution WHERE model = 'markov_path' "
    moved += "AND conv_id = 'c1' ORDER BY channel_name"
    [*old] = home.values(moved)
    home.load("session_sources", "s4,w,Mail,2025-04-03,10:00:00,1,1")
    home.publish()
    after = dict(zip(files, _inodes(home, "attribution"), strict=True))
    assert [file for file in files if after[file] == before[file]] == ["2025-03"]
    assert home.values(moved) != old, "a Mail path that leads nowhere makes Mail worth less"


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
    monkeypatch.setattr(parts, "_SMALL", 1)
    home.publish()
    assert _parts(home) == ["2025"]
    assert home.values("SELECT COUNT(*) FROM interactions") == [4]


def _parts(home: Home) -> list[str]:
    return [Path(file).stem for file in require_snapshot(home.settings).files("interactions")]


def test_settled_months_are_linked_when_as_of_moves(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A month whose windows are all mature and whose costs are complete never changes.

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
    anew = filled(tmp_path / "anew").under(as_of="2025-05-10")
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
    """A recreated warehouse counts from 1 again: equal numbers, other rows.

    As the hint for a damaged file tells people to: move it away and load again.
    """
    home.settings.warehouse_path.unlink()
    anew = home.under()
    assert is_stale(anew)
    for table, rows in ROWS.items():
        anew.load(table, *(row.replace("2025-03", "2025-04") for row in rows))
    anew.publish()
    expected = anew.engine.rows("SELECT * FROM core.interactions ORDER BY ALL")
    assert anew.values("SELECT * FROM interactions ORDER BY ALL") == expected
    assert {row[3] for row in expected} == {date(2025, 4, 10), date(2025, 4, 20)}


def test_a_damaged_part_is_not_linked(home: Home) -> None:
    """A part that was cut off is written again, not carried into the next snapshot."""
    part = Path(require_snapshot(home.settings).files("customers")[0])
    whole = part.read_bytes()
    part.chmod(0o600)
    part.write_bytes(whole[:-1])
    home.load("campaigns", "c1,Name")
    home.publish()
    assert Path(require_snapshot(home.settings).files("customers")[0]).read_bytes() == whole
    assert part.read_bytes() == whole[:-1]
