"""Types of the values of settings: how they are parsed and validated."""

import json
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from ltv_platform.parameters.redistribution import Redistribution
from ltv_platform.settings.addresses import AN_ADDRESS, is_address
from ltv_platform.settings.days import check_within_time

#: Ten years, in days; a longer horizon is a typing error.
LONGEST_AGE = 3650


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Berlin") from error
    return value


def _iso_currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError(f"{value!r} is not an ISO 4217 code such as USD")
    return value


def _memory(value: str) -> str:
    if value and not re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?B)", value):
        raise ValueError(f"{value!r} is not an amount of memory such as 1600MB")
    return value


def _address(value: str) -> str:
    if not is_address(value) or re.search(r"[?#]", value):
        raise ValueError(AN_ADDRESS)
    return value.rstrip("/")


def _secret_address(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not is_address(value.get_secret_value()):
        raise ValueError(AN_ADDRESS)
    return value


def _utc(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def _days(value: Any) -> Any:
    parts = value.split(",") if isinstance(value, str) else value
    try:
        days = sorted({int(part) for part in parts})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{value!r} is not a list of days such as 1,7,30") from error
    if not days or days[0] < 1 or days[-1] > LONGEST_AGE:
        raise ValueError(f"days must be between 1 and {LONGEST_AGE}")
    return tuple(days)


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "{}")
    except ValueError as error:
        raise ValueError(f"is not valid JSON: {error}") from error


#: An IANA name.
Zone = Annotated[str, AfterValidator(_known_zone)]
#: An ISO 4217 code.
Currency = Annotated[str, AfterValidator(_iso_currency)]
#: With its unit, as in 1600MB; empty: unset.
Memory = Annotated[str, AfterValidator(_memory)]
#: An http or https address without a query and without a trailing slash.
Address = Annotated[str, AfterValidator(_address)]
#: A secret http or https address.
SecretAddress = Annotated[SecretStr | None, AfterValidator(_secret_address)]
#: A calendar day.
Day = Annotated[date | None, AfterValidator(check_within_time)]
#: An instant; without a zone it is in UTC.
Instant = Annotated[datetime | None, AfterValidator(check_within_time), AfterValidator(_utc)]
#: Numbers of days, separated by commas, in ascending order.
Days = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_days)]
#: Separated by commas.
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
#: JSON: options of adapters, by the adapter's name.
Options = Annotated[dict[str, dict[str, str]], NoDecode, BeforeValidator(_json)]
#: JSON in the format of the IHC API.
Moves = Annotated[Redistribution, NoDecode, BeforeValidator(_json)]
