"""The filters of a page: parsed from its address, and written back into addresses.

An address says all that a page shows besides the snapshot, so it can be kept and sent. An empty
value, as forms send it, is no filter.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from ltv_platform.errors import UserError

GRAINS = ("day", "week", "month")
#: Longer names are no names: they would fill the page and its log line.
_LONGEST = 300
#: Far enough from the limits of dates for all that pages compute from them.
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
_HIGHEST_TARGET = 1_000.0


@dataclass(frozen=True)
class Filters:
    """What a page is restricted to, and how it is arranged; None: not restricted.

    Attributes:
        start: First day, inclusive; ``from`` in the address.
        end: Last day, inclusive; ``to`` in the address.
        country: One country.
        campaign: One campaign, by id.
        model: One attribution model.
        grain: day, week or month; None: chosen by the page for the length of the period.
        target: The ROAS that counts as success: 1 is break-even.
        sort: The column that a table is ordered by; a leading ``-`` reverses it.
        cohorts: ``growing`` shows what still grows, in grey, ``mature`` leaves it out; None: as the
            page does by itself.
        by: The dimension that a table is grouped by, or several separated by commas.
        segment: One segment given by the source.
        channel: One channel.
        media_source: One ad network.
        acquisition_source: One acquisition source.
        rfm_segment: One segment by recency and frequency.
        is_active: 1 or 0, as the source says.
        activity: What counts as active.
        method: How a forecast was made.
    """

    start: date | None = None
    end: date | None = None
    country: str | None = None
    campaign: str | None = None
    model: str | None = None
    grain: str | None = None
    target: float | None = None
    sort: str | None = None
    cohorts: str | None = None
    by: str | None = None
    segment: str | None = None
    channel: str | None = None
    media_source: str | None = None
    acquisition_source: str | None = None
    rfm_segment: str | None = None
    is_active: str | None = None
    activity: str | None = None
    method: str | None = None

    @classmethod
    def parse(cls, address: Mapping[str, str]) -> Self:
        """Read the parameters of an address.

        Args:
            address: Values by name, as in ``{"from": "2026-01-01", "country": "US"}``.

        Raises:
            UserError: a parameter is unknown or its value cannot be used.
        """
        unknown = [name for name in address if name not in _NAMES.values()]
        if unknown:
            raise UserError(
                f"There is no filter {unknown[0][:_LONGEST]!r}.",
                f"The filters are {', '.join(_NAMES.values())}.",
            )
        given: dict[str, Any] = {}
        for field, name in _NAMES.items():
            if text := address.get(name, "").strip():
                given[field] = _value(field, name, text)
        filters = cls(**given)
        if filters.start and filters.end and filters.start > filters.end:
            raise UserError(
                f"from is {filters.start}, after to ({filters.end}).",
                "Choose a first day that is not after the last one.",
            )
        return filters

    def values(self) -> dict[str, str]:
        """The parameters of the address by name, without those that do not restrict."""
        return {
            name: f"{value:g}" if isinstance(value, float) else str(value)
            for field, name in _NAMES.items()
            if (value := getattr(self, field)) is not None
        }

    def address(self, **changes: object) -> str:
        """The query of an address with some parameters changed: ``?from=…``; empty without any.

        Args:
            **changes: New values by field; None removes a filter.
        """
        changed = self.values() | {
            _NAMES[field]: str(value) for field, value in changes.items() if value is not None
        }
        for field, value in changes.items():
            if value is None:
                changed.pop(_NAMES[field], None)
        return f"?{urlencode(changed)}" if changed else ""

    def only(self, *fields: str) -> "Filters":
        """These filters without all others, which links between pages carry along."""
        return Filters(**{field: getattr(self, field) for field in fields})

    def beyond(self, fields: Iterable[str]) -> list[str]:
        """Names of the days and dimensions that are restricted, but none of the fields."""
        arranging = ("grain", "target", "sort", "cohorts", "by")
        known = {*fields, *arranging}
        return [
            name
            for field, name in _NAMES.items()
            if field not in known and getattr(self, field) is not None
        ]

    def where(self, dimensions: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The values that a question to the catalogue is restricted to, by dimension."""
        chosen = {name: getattr(self, name) for name in dimensions}
        return {name: (value,) for name, value in chosen.items() if value is not None}

    @property
    def parameters(self) -> dict[str, Any]:
        """Values for ``$start``, ``$end``, ``$country`` and so on in SQL, by name."""
        return {name: getattr(self, name) for name in _BOUND}


#: Restricted to nothing.
EVERYTHING = Filters()
#: Names in the address by field.
_NAMES = {
    "start": "from",
    "end": "to",
    "country": "country",
    "campaign": "campaign",
    "model": "model",
    "grain": "grain",
    "target": "target",
    "sort": "sort",
    "cohorts": "cohorts",
    "by": "by",
    "segment": "segment",
    "channel": "channel",
    "media_source": "media_source",
    "acquisition_source": "acquisition_source",
    "rfm_segment": "rfm_segment",
    "is_active": "is_active",
    "activity": "activity",
    "method": "method",
}
_BOUND = ("start", "end", "country", "campaign", "model", "segment")


def _value(field: str, name: str, text: str) -> Any:
    if len(text) > _LONGEST or not text.isprintable():
        raise UserError(f"{name} is too long or is not text.", "Use the filters of the page.")
    if field in ("start", "end"):
        return _day(name, text)
    if field == "target":
        return _target(text)
    for choices, restricted in ((GRAINS, "grain"), (("growing", "mature"), "cohorts")):
        if field == restricted and text not in choices:
            raise UserError(f"{name} is {text!r}.", f"It can be {', '.join(choices)}.")
    return text


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
        if not _FIRST_DAY <= day <= _LAST_DAY:
            raise ValueError
        return day
    except ValueError:
        raise UserError(
            f"{name} is {text!r}, which is not a date.",
            "Write dates as in 2026-01-31, between 1900 and 2199.",
        ) from None


def _target(text: str) -> float:
    try:
        target = float(text)
    except ValueError:
        target = math.nan
    if not 0 < target <= _HIGHEST_TARGET:
        raise UserError(
            f"target is {text!r}, which is not a ROAS above 0.", "1 is break-even, 1.2 earns 20 %."
        )
    return target
