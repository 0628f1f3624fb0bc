"""Every setting of the platform: one typed class, one environment variable each.

``fields`` declares them; they are read only here. Settings that change figures (time zone,
currency, horizons, window) are rendered into the SQL of the tables concerned, so that a change
makes exactly these tables stale.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from pydantic import ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from ltv_platform.errors import UserError
from ltv_platform.settings.days import refuse_what_has_not_come
from ltv_platform.settings.environment import refuse_unknown
from ltv_platform.settings.fields import API_KEY, SettingFields

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: The horizon of summaries, country ranks and some column names.
SUMMARY_HORIZON = 7

#: Number of past days from which back-tests forecast.
FORECAST_ORIGINS = 4


class Settings(SettingFields):
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
        # load_settings reports errors, because it knows which values are secret.
        hide_input_in_errors=True,
    )

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
    if not error["loc"]:  # an error across several variables, whose input is all of them
        return message
    field, *inside = map(str, error["loc"])
    place = " ".join([variable_name(field), *([".".join(inside)] if inside else [])])
    # The input of a missing value is its parent; secrets are not shown.
    hidden = error["type"] == "missing" or field in ("alert_webhook", "id_salt")
    given = "" if hidden else f" (it is {error['input']!r})"
    return f"{place}: {message}{given}"
