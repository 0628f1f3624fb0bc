"""What is late: feeds without a new event, and what was loaded and is not published.

It looks at the manifest of the published snapshot alone, so the warehouse stays closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ltv_platform.days import ONE_DAY, day_start
from ltv_platform.settings import Settings


@dataclass(frozen=True)
class Late:
    """Something that is late.

    Attributes:
        what: Name of the feed, or ``published_snapshot``.
        since: The newest event (an instant in UTC or a day), or the instant since which the
            snapshot shows less than was loaded.
        hours: Hours that it may take.
    """

    what: str
    since: datetime | date
    hours: float


def late(
    settings: Settings,
    manifest: Mapping[str, Any] | None,
    now: datetime,
    stale_since: float | None = None,
) -> tuple[Late, ...]:
    """What is late by LTV_FRESHNESS_HOURS.

    A feed that never had a row is expected to bring none. A feed of days is known to the end of
    its newest day. Under LTV_AS_OF figures end on a day that somebody chose, so no feed is late.

    Args:
        settings: The settings.
        manifest: The manifest of the published snapshot; None: nothing is published.
        now: The time, with its zone.
        stale_since: Since when the warehouse has known more than it shows, in seconds since 1970.
    """
    hours = settings.freshness_hours
    if hours is None:
        return ()
    oldest = now - timedelta(hours=hours)
    found: list[Late] = []
    if manifest is not None and settings.as_of is None:
        for feed, newest in sorted(manifest.get("watermarks", {}).items()):
            if newest is None:
                continue
            event, known_until = _newest(newest, settings)
            if known_until < oldest:
                found.append(Late(feed, event, hours))
    if stale_since is not None:
        behind = datetime.fromtimestamp(stale_since, UTC)
        if behind < oldest:
            found.append(Late("published_snapshot", behind.replace(tzinfo=None), hours))
    return tuple(found)


def _newest(text: str, settings: Settings) -> tuple[datetime | date, datetime]:
    """The newest event of a feed, and until when the feed is known by it."""
    if "T" in text:
        instant = datetime.fromisoformat(text)
        return instant, instant.replace(tzinfo=UTC)
    day = date.fromisoformat(text)
    return day, day_start(day + ONE_DAY, settings).replace(tzinfo=UTC)
