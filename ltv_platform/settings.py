"""Every setting of the platform: one typed class, one environment variable each.

A setting is read here and nowhere else. What changes figures (time zone, currency, horizons,
window) is rendered into the SQL of the tables it concerns, so that changing it makes exactly
those tables stale.
"""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from ltv_platform.addresses import AN_ADDRESS, is_address
from ltv_platform.environment import refuse_unknown
from ltv_platform.errors import UserError
from ltv_platform.home import Home
from ltv_platform.parameters.redistribution import Redistribution
from ltv_platform.setting_days import check_within_time, refuse_what_has_not_come

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: The horizon that summaries, country ranks and the seed's column names go by.
SUMMARY_HORIZON = 7

#: Days in the past from which forecasts are made again and compared with what happened.
FORECAST_ORIGINS = 4

#: The one variable without our prefix; its name is that of the API's own documentation.
API_KEY = "IHC_API_KEY"

_REFUND_TYPES = (
    "refund refunded partial_refund partially_refunded return returned reversal reversed "
    "chargeback void voided authorization cancelled canceled"
)

#: Ten years; a longer horizon is a slip of the keyboard.
_LONGEST_AGE = 3650


class Settings(Home):
    """All ``LTV_*`` variables with their defaults.

    Raises:
        pydantic.ValidationError: a value has the wrong form; :func:`load_settings` turns it
            into a :class:`UserError` that names the variable.
    """

    model_config = SettingsConfigDict(
        env_prefix="LTV_",
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        # What is wrong is told by load_settings, which knows what is secret.
        hide_input_in_errors=True,
    )

    timezone: str = Field("UTC", description="Reporting zone: its calendar days are the days.")
    source_timezone: str = Field("UTC", description="Zone of timestamps that carry none.")
    currency: str = Field("USD", description="Base currency of all money (ISO 4217).")
    as_of: date | None = Field(
        None, description="Last day included in the figures; default: the newest event's day."
    )
    start_date: date | None = Field(
        None, description="First partition; default: settled by the first load."
    )
    horizons: Annotated[tuple[int, ...], NoDecode] = Field(
        (1, 3, 7, 14, 30, 60, 90, 180, 365), description="Ages in days of LTV and ROAS columns."
    )
    user_horizons: Annotated[tuple[int, ...], NoDecode] = Field(
        (7,), description="Ages in days of user_revenue columns."
    )
    window: Literal["hours", "calendar"] = Field(
        "hours", description="hours: N x 24 h after install; calendar: N reporting days."
    )
    organic_sources: Annotated[tuple[str, ...], NoDecode] = Field(
        ("organic*", "direct"),
        description="Acquisition sources that are organic when no campaign is given.",
    )
    refund_types: Annotated[tuple[str, ...], NoDecode] = Field(
        tuple(_REFUND_TYPES.split()),
        description="Words of transaction_type that mean no purchase: is_refund must be 1.",
    )
    missing_words: Annotated[tuple[str, ...], NoDecode] = Field(
        ("n/a", "null", "none", "(not set)", "undefined", "-"),
        description="Words that stand for no campaign or acquisition source, in any case.",
    )
    adapter_options: Annotated[dict[str, dict[str, str]], NoDecode] = Field(
        {},
        description="What bundled and own adapters take for granted (JSON), as in "
        '{"shopify_orders": {"revenue": "total"}}; see docs/exports.md.',
    )
    id_salt: SecretStr | None = Field(
        None,
        description="Key of the hashes that stand for e-mail addresses; default: a random one, "
        "kept in LTV_HOME.",
    )
    migration_days: int = Field(
        90, ge=1, le=_LONGEST_AGE, description="Days back to the segments that customers came from."
    )
    journey_lookback: int | None = Field(
        90,
        ge=1,
        le=_LONGEST_AGE,
        description="Days before a conversion that its journey reaches; none: no limit.",
    )
    journey_sessions: int = Field(1_000, ge=1, description="Latest sessions that a journey holds.")
    journey_boundary: Literal["at_or_before", "before"] = Field(
        "at_or_before", description="Whether a session at the second of a conversion belongs to it."
    )
    journey_break: bool = Field(
        False, description="A conversion ends the journey; the next one begins after it."
    )
    direct_channels: Annotated[tuple[str, ...], NoDecode] = Field(
        ("Direct", "Direct Traffic", "(direct)", "(none)"),
        description="Channels that last_non_direct passes over, in any case.",
    )
    ihc_engine: Literal["auto", "local", "api"] = Field(
        "auto", description="Who scores IHC; auto: the API where IHC_API_KEY is set."
    )
    ihc_api_key: SecretStr | None = Field(
        None, validation_alias=API_KEY, description="Key of the IHC API; never shown."
    )
    ihc_url: str = Field(
        "https://api.ihc-attribution.com", description="Where the IHC API is reached."
    )
    ihc_conversion_type: str = Field(
        "", description="The API's conv_type_id: which trained model scores."
    )
    ihc_preset: Literal["published", "long", "short", "fitted"] = Field(
        "published", description="Parameters of the local IHC engine."
    )
    ihc_redistribution: Annotated[Redistribution, NoDecode] = Field(
        Redistribution(), description="Moves of IHC credit between channels (JSON, as the API's)."
    )
    ihc_mixed_engines: bool = Field(
        False, description="The local engine stands in for journeys that the API has not scored."
    )
    ihc_request_journeys: int = Field(100, ge=1, description="Most journeys of a request.")
    ihc_request_sessions: int = Field(
        3000, ge=1, description="Most sessions of a request; longer journeys are scored locally."
    )
    ihc_timeout: float = Field(30.0, gt=0, description="Seconds to wait for an answer of the API.")
    ihc_backoff: float = Field(
        0.5, ge=0, description="Seconds that the first wait before a retry takes at most."
    )
    forecast_horizons: Annotated[tuple[int, ...], NoDecode] = Field(
        (30, 90, 180, 365),
        description="Days that forecasts of customers reach ahead, and ages of campaign forecasts.",
    )
    forecast_holdout: int = Field(
        90,
        ge=1,
        le=_LONGEST_AGE,
        description="Days that a back-test of forecasts holds out, at most a third of history.",
    )
    factor_min_customers: int = Field(
        10, ge=1, description="Fewer customers make no level of their own in the model of factors."
    )
    rejected_share: float = Field(
        0.01, ge=0, le=1, description="Share of quarantined rows above which a check warns."
    )
    alert_webhook: SecretStr | None = Field(
        None, description="Where alerts are sent, a Slack-compatible incoming webhook; never shown."
    )
    public_url: str = Field(
        "http://127.0.0.1:3000",
        description="Where people reach the UI; links of alerts lead there.",
    )
    freshness_hours: float | None = Field(
        36.0,
        gt=0,
        le=24 * _LONGEST_AGE,
        description="Hours after which a feed without a newer event is late; none: never.",
    )
    refresh_attempts: int = Field(
        5, ge=1, description="Runs that the sensors start for the same cause before they give up."
    )
    dagster_history: int = Field(
        30, ge=1, le=_LONGEST_AGE, description="Days that Dagster's runs are kept."
    )
    snapshots: int = Field(3, ge=1, description="Published snapshots kept, the newest included.")
    backup_dir: Path | None = Field(
        None, description="Where the daily schedule backs up to; default: it makes no backups."
    )
    backups: int = Field(7, ge=1, description="Backups kept in LTV_BACKUP_DIR.")
    engine: Literal["duckdb"] = Field("duckdb", description="Warehouse engine.")
    memory_limit: str = Field(
        "", description="Memory of the engine, as in 1600MB; default: the engine's own."
    )
    threads: int | None = Field(None, ge=1, description="Threads of the engine; default: cores.")
    lock_timeout: float = Field(
        120.0, ge=0, description="Seconds to wait for another process that writes."
    )
    run_timeout: float = Field(
        3600.0, ge=0, description="Seconds that `ltv run` waits for another one to end."
    )
    dagster_storage: Literal["sqlite", "postgres"] = Field(
        "sqlite", description="Where Dagster keeps its history; postgres: where PGHOST etc. say."
    )
    adapter_timeout: float = Field(
        600.0, gt=0, description="Seconds that an adapter may take for a file."
    )
    now: datetime | None = Field(
        None, description="A fixed clock for ingestion and partitions (tests, replays)."
    )

    @field_validator("timezone", "source_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Berlin") from error
        return value

    @field_validator("currency")
    @classmethod
    def _iso_currency(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError(f"{value!r} is not an ISO 4217 code such as USD")
        return value

    @field_validator("memory_limit")
    @classmethod
    def _memory(cls, value: str) -> str:
        if value and not re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?B)", value):
            raise ValueError(f"{value!r} is not an amount of memory such as 1600MB")
        return value

    @field_validator("ihc_url", "public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not is_address(value) or re.search(r"[?#]", value):
            raise ValueError(AN_ADDRESS)
        return value.rstrip("/")

    @field_validator("alert_webhook")
    @classmethod
    def _secret_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_address(value.get_secret_value()):
            raise ValueError(AN_ADDRESS)
        return value

    @field_validator(
        "as_of",
        "start_date",
        "threads",
        "now",
        "ihc_api_key",
        "id_salt",
        "alert_webhook",
        "backup_dir",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("as_of", "start_date", "now")
    @classmethod
    def _within_time(cls, value: date | None) -> date | None:
        return check_within_time(value)

    @field_validator("now")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value

    @field_validator("horizons", "user_horizons", "forecast_horizons", mode="before")
    @classmethod
    def _days(cls, value: Any) -> Any:
        parts = value.split(",") if isinstance(value, str) else value
        try:
            days = sorted({int(part) for part in parts})
        except (TypeError, ValueError) as error:
            raise ValueError(f"{value!r} is not a list of days such as 1,7,30") from error
        if not days or days[0] < 1 or days[-1] > _LONGEST_AGE:
            raise ValueError(f"days must be between 1 and {_LONGEST_AGE}")
        return tuple(days)

    @field_validator("horizons")
    @classmethod
    def _has_summary_horizon(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if SUMMARY_HORIZON not in value:
            raise ValueError(f"must contain {SUMMARY_HORIZON}: summaries and ranks go by it")
        return value

    @field_validator("journey_lookback", "freshness_hours", mode="before")
    @classmethod
    def _none_is_unlimited(cls, value: Any) -> Any:
        return None if isinstance(value, str) and value.strip().lower() == "none" else value

    @field_validator(
        "organic_sources", "direct_channels", "refund_types", "missing_words", mode="before"
    )
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("ihc_redistribution", "adapter_options", mode="before")
    @classmethod
    def _json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value or "{}")
        except ValueError as error:
            raise ValueError(f"is not valid JSON: {error}") from error

    @model_validator(mode="after")
    def _api_has_a_key(self) -> Self:
        if self.ihc_engine == "api" and self.ihc_api_key is None:
            raise ValueError(f"LTV_IHC_ENGINE is api, but {API_KEY} is not set")
        return self

    @property
    def warehouse_path(self) -> Path:
        """What the engine keeps, a file or a folder; only the engine opens it."""
        return self.home / f"warehouse.{self.engine}"

    @property
    def uses_ihc_api(self) -> bool:
        """Whether IHC is scored by the API, and not by the local engine."""
        return self.ihc_engine != "local" and self.ihc_api_key is not None

    @property
    def longest_horizon(self) -> int:
        """The longest age in days that any cohort table covers."""
        return max(self.horizons + self.user_horizons)

    @property
    def zone(self) -> ZoneInfo:
        """The reporting zone."""
        return ZoneInfo(self.timezone)

    def current_time(self) -> datetime:
        """The clock of ingestion and of the partition definitions, with its zone (UTC)."""
        return self.now or datetime.now(UTC)

    def today(self) -> date:
        """The current day of the reporting zone."""
        return self.current_time().astimezone(self.zone).date()


def variable_name(field: str) -> str:
    """The environment variable of a settings field: ``as_of`` is ``LTV_AS_OF``."""
    return API_KEY if field == "ihc_api_key" else f"LTV_{field.upper()}"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment; overrides win.

    Raises:
        UserError: a variable has a wrong value; the message names it.
    """
    refuse_unknown({variable_name(field) for field in Settings.model_fields})
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        wrong = "; ".join(_what_is_wrong(item) for item in error.errors())
        raise UserError(
            f"A setting is wrong. {wrong}",
            "Fix or unset the variable; `ltv doctor` lists all of them with their defaults.",
        ) from error
    refuse_what_has_not_come(settings.as_of, settings.start_date, settings.today())
    return settings


def _what_is_wrong(error: "ErrorDetails") -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:  # it concerns several variables, and the input is all of them
        return message
    field, *inside = map(str, error["loc"])
    place = " ".join([variable_name(field), *([".".join(inside)] if inside else [])])
    # Of what is missing, the input is what it is missing from; a secret is not shown.
    hidden = error["type"] == "missing" or field in ("alert_webhook", "id_salt")
    given = "" if hidden else f" (it is {error['input']!r})"
    return f"{place}: {message}{given}"
