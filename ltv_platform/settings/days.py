"""Which days a setting may name."""

from datetime import date, datetime

from ltv_platform.errors import UserError

#: Before 1970 there is no shop's data, and nanoseconds overflow in 2262; there must be room for a
#: horizon on either side, in any zone.
_FIRST, _LAST = date(1970, 1, 1), date(2199, 12, 31)


def check_within_time(value: date | None) -> date | None:
    """Return the day or instant, if it is within the range.

    Raises:
        ValueError: it is before or after all days that a setting may name.
    """
    day = value.date() if isinstance(value, datetime) else value
    if day is not None and not _FIRST <= day <= _LAST:
        raise ValueError(f"{day} is not a day between {_FIRST} and {_LAST}")
    return value


def refuse_what_has_not_come(as_of: date | None, start: date | None, today: date) -> None:
    """Refuse an as-of day or a first partition that lies in the future.

    Raises:
        UserError: one of them is in the future.
    """
    if as_of is not None and as_of > today:
        raise UserError(
            f"LTV_AS_OF is {as_of}, which is in the future.",
            "Cohorts would count as mature too early; choose today or an earlier day.",
        )
    if start is not None and start > today:
        raise UserError(
            f"LTV_START_DATE is {start}, which is in the future.",
            "No row would be after it; choose the first day to include.",
        )
