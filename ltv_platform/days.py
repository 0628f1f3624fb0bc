"""Days of the reporting zone: when they begin, and which day an instant belongs to.

Instants are UTC without zone, as they are stored.
"""

from datetime import UTC, date, datetime, time, timedelta

from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.contracts.model import SourceTable
from ltv_platform.settings import Settings

ONE_DAY = timedelta(days=1)


def day_start(day: date, settings: Settings) -> datetime:
    """The instant at which a reporting day begins."""
    local = datetime.combine(day, time(), tzinfo=settings.zone)
    return local.astimezone(UTC).replace(tzinfo=None)


def day_of(instant: datetime, settings: Settings) -> date:
    """The reporting day of an instant."""
    return instant.replace(tzinfo=UTC).astimezone(settings.zone).date()


def day_of_sql(instant: str, settings: Settings) -> str:
    """SQL for the reporting day of an instant."""
    if settings.timezone == "UTC":
        return f"CAST({instant} AS DATE)"
    zone = literal(settings.timezone)
    return f"CAST((CAST({instant} AS TIMESTAMP) AT TIME ZONE 'UTC') AT TIME ZONE {zone} AS DATE)"


def day_of_row_sql(source: SourceTable, settings: Settings) -> str:
    """SQL for the reporting day that a row of a source table falls on; NULL if it has none."""
    if source.event_time is None:
        return "CAST(NULL AS DATE)"
    value = quoted(source.event_time)
    return value if source.is_dated_by_day else day_of_sql(value, settings)


def stamp(instant: datetime) -> str:
    """An instant with its zone for use in file names, which then sort by time."""
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def days_between(start: date, end: date) -> list[date]:
    """All days from start to end, both included."""
    return [start + offset * ONE_DAY for offset in range((end - start).days + 1)]
