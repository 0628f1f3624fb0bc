"""What is late according to LTV_FRESHNESS_HOURS (operations.md, Data is late)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.published.snapshot import publish
from ltv_platform.scheduling.freshness import Late, late
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph
from ltv_platform_tests.testing import NOW
from ltv_platform_tests.testing.loader import Loader

#: 36 hours before the clock of the tests.
BEFORE = datetime(2026, 1, 14, 0, 0)


def found(
    settings: Settings, watermarks: Mapping[str, str | None], **more: Any
) -> tuple[Late, ...]:
    """What is late of a manifest with these watermarks."""
    return late(settings, {"watermarks": watermarks}, NOW, **more)


def test_a_feed_is_late_when_its_newest_event_is_old(settings: Settings) -> None:
    """To the second; a feed without rows is not expected to bring any."""
    exactly, earlier = BEFORE.isoformat(), (BEFORE - timedelta(seconds=1)).isoformat()
    feeds = {"transactions": earlier, "session_sources": exactly, "conversions": None}
    assert found(settings, feeds) == (Late("transactions", BEFORE - timedelta(seconds=1), 36.0),)
    assert late(settings, None, NOW) == ()
    assert late(settings, {}, NOW) == ()


def test_a_feed_of_days_is_known_to_the_end_of_its_day(tmp_path: Path) -> None:
    """In the reporting zone: that of 13 January in New York is 05:00 UTC of the 14th."""
    feeds = {"campaign_costs": "2026-01-13"}
    assert found(Settings(home=tmp_path), feeds) == ()
    assert found(Settings(home=tmp_path), {"campaign_costs": "2026-01-12"}) == (
        Late("campaign_costs", date(2026, 1, 12), 36.0),
    )
    east = Settings(home=tmp_path, timezone="Asia/Tokyo")
    assert found(east, feeds) == (Late("campaign_costs", date(2026, 1, 13), 36.0),)
    west = Settings(home=tmp_path, timezone="America/New_York")
    assert late(west, {"watermarks": feeds}, NOW + timedelta(hours=5)) == ()
    assert late(west, {"watermarks": feeds}, NOW + timedelta(hours=5, seconds=1)) != ()


def test_hours_are_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """none: nothing is ever late; with LTV_AS_OF, figures end on the requested day."""
    feeds: dict[str, str | None] = {"transactions": "2020-01-01T00:00:00"}
    assert found(Settings(home=tmp_path, freshness_hours=1e4), feeds) != ()
    assert found(Settings(home=tmp_path, as_of=date(2020, 1, 1)), feeds) == ()
    monkeypatch.setenv("LTV_FRESHNESS_HOURS", "none")
    settings = Settings(home=tmp_path)
    assert settings.freshness_hours is None
    assert found(settings, feeds, stale_since=0.0) == ()


def test_a_snapshot_is_late_when_it_shows_less_than_was_loaded(settings: Settings) -> None:
    """By that many hours, counted from when something became stale; published or not."""
    since = BEFORE.replace(tzinfo=UTC).timestamp()
    assert late(settings, None, NOW, since) == ()
    assert late(settings, None, NOW, since - 1) == (
        Late("published_snapshot", BEFORE - timedelta(seconds=1), 36.0),
    )


def test_it_reads_what_is_published(load: Loader, graph: Graph) -> None:
    """The manifest's own watermarks: instants and days, without the warehouse."""
    load("customers", "customer_id,registration_date,country\na,2026-01-01 10:00:00,DE\n")
    load("campaign_costs", "campaign_id,date,cost\nc1,2026-01-14,5\n")
    manifest = publish(load.engine, graph).manifest
    load.engine.settings.warehouse_path.unlink()
    assert late(load.engine.settings, manifest, NOW) == (
        Late("customers", datetime(2026, 1, 1, 10), 36.0),
    )
