"""What is late: feeds without new events, and loaded data that is not published.

Reads only the manifest of the published snapshot, so the warehouse stays closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ltv_platform.days import ONE_DAY, day_start
from ltv_platform.settings import Settings


@dataclass(frozen=True)
class Late:
    """A feed or snapshot that is late.

    Attributes:
        what: Name of the feed, or ``published_snapshot``.
        since: The newest event (an instant in UTC or a day), or the instant since which the
            snapshot has been out of date.
        hours: Hours after which it counts as late.
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
    """Everything that is late according to LTV_FRESHNESS_HOURS.

    A feed that never had a row is not expected to have one. A feed dated by days is complete to the
    end of its newest day. With LTV_AS_OF no feed is late: figures end on a chosen day.

    Args:
        settings: The settings.
        manifest: The manifest of the published snapshot; None: nothing is published.
        now: The time, with its zone.
        stale_since: Since when the snapshot has been out of date, in seconds since 1970.
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
    """The newest event of a feed, and the instant up to which that makes the feed complete."""
    if "T" in text:
        instant = datetime.fromisoformat(text)
        return instant, instant.replace(tzinfo=UTC)
    day = date.fromisoformat(text)
    return day, day_start(day + ONE_DAY, settings).replace(tzinfo=UTC)
