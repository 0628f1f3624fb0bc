"""Version 3: the reporting zone of loads is a column, and watermarks have their own names.

Nothing becomes stale by the upgrade, and what another zone makes stale still is.
"""

from pathlib import Path

import duckdb
import pytest

from ltv_platform.published import snapshot
from ltv_platform_tests.testing.home import CAMPAIGNS, Home
from ltv_platform_tests.warehouse.duckdb.old_warehouses import FILES, SETTINGS

#: From version 3 back to what version 2 kept.
_BACK = """
    INSERT INTO raw.touched
    SELECT MAX(seq), 'loads', NULL, NULL FROM raw.touched WHERE zone IS NOT NULL;
    UPDATE raw.touched SET table_name = 'days in ' || zone WHERE zone IS NOT NULL;
    ALTER TABLE raw.touched DROP COLUMN zone;
    UPDATE raw.built SET watermarks = format(
      '{{"revenue": {}, "cost": {}, "conversions": {}, "interactions": {}, "sessions": {}}}',
      COALESCE(CAST(watermarks -> 'revenue' AS VARCHAR), 'null'),
      COALESCE(CAST(watermarks -> 'cost' AS VARCHAR), 'null'),
      COALESCE(CAST(watermarks -> 'conversion' AS VARCHAR), 'null'),
      COALESCE(CAST(watermarks -> 'interaction' AS VARCHAR), 'null'),
      COALESCE(CAST(watermarks -> 'session' AS VARCHAR), 'null'));
    DELETE FROM raw.warehouse_version;
    INSERT INTO raw.warehouse_version VALUES (2, TIMESTAMP '2026-01-04', '0.1.0');
"""


def _of_version_2(folder: Path, files: tuple[tuple[str, tuple[str, ...]], ...]) -> Home:
    """A home that is up to date, with the warehouse as the release of version 2 left it."""
    home = Home(folder, groups=CAMPAIGNS, **SETTINGS)
    for table, rows in files:
        home.load(table, *rows)
    home.publish()
    with duckdb.connect(str(home.settings.warehouse_path)) as connection:
        connection.execute(_BACK)
    return home.under()


@pytest.mark.parametrize(
    "files",
    [FILES, FILES[:1]],
    ids=["all sources", "sources without a row have no watermark"],
)
def test_nothing_becomes_stale(
    tmp_path: Path, files: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    """operations.md, Upgrading: an upgraded home that was up to date is up to date."""
    home = _of_version_2(tmp_path / "home", files)
    assert home.plan().assets == ()
    assert home.engine.rows(
        "SELECT table_name, day, zone FROM raw.touched WHERE table_name = 'loads'"
    ) == [("loads", None, "UTC")]
    assert not snapshot.is_stale(home.graph, home.engine.state(), home.settings)


def test_another_zone_makes_all_days_stale(tmp_path: Path) -> None:
    """A load counted its days in another zone: they may be others here, after the upgrade too."""
    home = _of_version_2(tmp_path / "home", FILES)
    with duckdb.connect(str(home.settings.warehouse_path)) as connection:
        connection.execute("INSERT INTO raw.touched VALUES (9999, 'days in Asia/Tokyo', NULL)")
    state = home.engine.state(("raw.transactions", "raw.fx_rates"))
    assert set(state.touched) == {"raw.transactions", "raw.fx_rates"}
    assert all(days[None] == 9999 for days in state.touched.values())
    assert set(home.plan().assets) == {transform.name for transform in home.graph.transforms}
    assert home.under(timezone="Asia/Tokyo").engine.state().touched["raw.campaigns"][None] < 9999


def test_days_of_a_load_in_another_zone(tmp_path: Path) -> None:
    """The same without an upgrade: the newest load of each zone is remembered."""
    home = Home(tmp_path / "home", groups=CAMPAIGNS, **SETTINGS)
    home.load("customers", "a,2026-01-01 20:00:00,US,ads,c1")
    home.publish()
    tokyo = home.under(timezone="Asia/Tokyo")
    tokyo.load("customers", "b,2026-01-02 20:00:00,US,ads,c1")
    zones = "SELECT zone FROM raw.touched WHERE table_name = 'loads' ORDER BY seq"
    assert home.engine.rows(zones) == [("UTC",), ("Asia/Tokyo",)]
    assert "core.customers" in home.plan().days
    home.refresh()
    assert home.plan().assets == ()
