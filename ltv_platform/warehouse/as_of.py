"""as_of and watermarks, computed from the newest event of each feed, for any engine."""

from collections.abc import Callable
from datetime import date, datetime

from ltv_platform.contracts import Catalog
from ltv_platform.days import ONE_DAY, day_of, day_start
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import AsOf


def known_as_of(
    catalog: Catalog,
    settings: Settings,
    newest_event: Callable[[str], date | datetime | None],
) -> AsOf:
    """Compute the last day included in the figures, and the watermarks of the feeds.

    Args:
        catalog: The contracts, which name the feeds and their watermarks.
        settings: For ``LTV_AS_OF``, the reporting zone and the clock.
        newest_event: Returns the newest event of a feed; see ``Reader.newest_event``.
    """
    feeds = catalog.feeds
    day = settings.as_of
    if day is not None:
        # Its end is the watermark of every feed, so the day itself is complete.
        after = day + ONE_DAY
        end = day_start(after, settings)
        marks = {mark.name: end if mark.is_instant else after for mark in catalog.watermarks}
        return AsOf(day, marks, {feed.name: day.isoformat() for feed in feeds})
    events = {feed.name: newest_event(feed.name) for feed in feeds}
    texts = {name: None if event is None else event.isoformat() for name, event in events.items()}
    days = {
        name: reporting_day(event, settings) for name, event in events.items() if event is not None
    }
    if not days:
        return AsOf(feeds=texts)
    # A clock that runs ahead may date an event tomorrow; that event counts from tomorrow on.
    day = min(max(days.values()), settings.today())
    end = day_start(day + ONE_DAY, settings)
    marks = {}
    for feed in feeds:
        event, mark = events[feed.name], feed.watermark
        if mark is not None and event is not None:
            is_instant = mark.is_instant and isinstance(event, datetime)
            marks[mark.name] = min(event, end) if is_instant else min(days[feed.name], day)
    return AsOf(day, marks, texts)


def reporting_day(value: date | datetime, settings: Settings) -> date:
    """The reporting day of a date or an instant."""
    return day_of(value, settings) if isinstance(value, datetime) else value
