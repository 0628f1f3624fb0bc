"""What agents send: strict about names, tolerant of forms.

Language models write a list as a text, a month as "2026-11" and a grain as "weekly". Forms with one
meaning are read; everything else is an error that says what is expected.
"""

import calendar
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

#: Most names in a list: more are no question.
_MOST_NAMES = 50
_PAIR = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:=|:)\s*(.+?)\s*")
_GRAINS = {
    "day": ("day", "days", "daily", "date", "d"),
    "week": ("week", "weeks", "weekly", "w"),
    "month": ("month", "months", "monthly", "m"),
}
_LAST = re.compile(
    r"(?i)(?:the\s+)?(?:last\s+)?(\d{1,4})\s*(d|days?|w|weeks?|m|months?|q|quarters?|y|years?)"
)
#: Longer units in those that questions know.
_IN_UNITS = {"d": (1, "d"), "w": (1, "w"), "m": (1, "m"), "q": (3, "m"), "y": (12, "m")}


def names(given: Any) -> Any:
    """A list of texts from a list, a text with commas, or JSON in a text."""
    if isinstance(given, str):
        text = given.strip()
        if text.startswith("["):
            try:
                given = json.loads(text)
            except ValueError:
                given = text.strip("[]").split(",")
        else:
            given = text.split(",")
    if given is None:
        return []
    if isinstance(given, bool | int | float):
        given = [given]
    if isinstance(given, list | tuple):
        return [_text(one).strip().strip("'\"") for one in given if _text(one).strip()]
    return given


def _text(given: Any) -> str:
    return str(int(given)) if isinstance(given, bool) else str(given)


def values_of_names(given: Any) -> Any:
    """Values by name from an object, pairs such as ``country=US``, or JSON in a text."""
    if isinstance(given, str):
        text = given.strip()
        if text.startswith(("{", "[")):
            try:
                given = json.loads(text)
            except ValueError as error:
                raise ValueError(f"where is not valid JSON: {error}") from error
        else:
            given = re.split(r"\s+and\s+|[;&]|,(?=\s*\w+\s*=)", text) if text else []
    if given is None:
        return {}
    if isinstance(given, list | tuple):
        given = _from_pairs(given)
    if isinstance(given, Mapping):
        return {str(name): _values(name, value) for name, value in given.items()}
    return given


def _values(name: Any, given: Any) -> list[str]:
    """Values are kept as they are: a comma may be part of a name."""
    if isinstance(given, Mapping):
        raise ValueError(
            f"where.{name} is an object. A filter allows values, as in "
            '{"country": ["US", "DE"]}; days are limited by start and end.'
        )
    listed = given if isinstance(given, list | tuple) else [given]
    if isinstance(given, str) and given.strip().startswith("["):
        try:
            listed = json.loads(given)
        except ValueError:
            listed = [given]
    return ["" if one is None else _text(one) for one in listed]


def _from_pairs(given: Any) -> dict[str, list[Any]]:
    pairs = dict[str, list[Any]]()
    for pair in given:
        if isinstance(pair, Mapping):
            for name, value in pair.items():
                pairs.setdefault(str(name), []).extend(_values(name, value))
            continue
        read = _PAIR.fullmatch(str(pair))
        if read is None:
            raise ValueError(
                f"where = {str(pair)!r} cannot be read. Write an object of dimensions and values, "
                'as in {"country": ["US"]}.'
            )
        pairs.setdefault(read[1], []).append(read[2].strip("'\""))
    return pairs


def grain_of(given: Any) -> Any:
    """A grain, however it is spelled; None if there is none."""
    if given is None or str(given).strip().lower() in {"", "none", "null", "all", "total"}:
        return None
    written = str(given).strip().lower()
    for grain, spellings in _GRAINS.items():
        if written in spellings:
            return grain
    raise ValueError(f"grain = {written!r} is not day, week or month; leave it out for one figure.")


def order_of(given: Any) -> Any:
    """An order, also in the words of SQL."""
    words = {"desc": "highest", "descending": "highest", "asc": "lowest", "ascending": "lowest"}
    written = str(given or "name").strip().lower()
    return words.get(written, written)


def last_of(given: Any) -> Any:
    """A number of days, weeks or months, as in ``12w``."""
    if given is None or not str(given).strip():
        return ""
    read = _LAST.fullmatch(str(given).strip())
    if read is None:
        raise ValueError(f"last = {str(given)!r} cannot be read: write 30d, 12w or 6m.")
    times, unit = _IN_UNITS[read[2][0].lower()]
    return f"{int(read[1]) * times}{unit}"


def first_day(given: Any) -> Any:
    """The first day of a day, month or year."""
    return _day(given, first=True)


def last_day(given: Any) -> Any:
    """The last day of a day, month or year."""
    return _day(given, first=False)


def _day(given: Any, *, first: bool) -> date | None:
    if given is None or isinstance(given, date):
        return given
    text = str(given).strip()
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{4}", text):
            return date(int(text), 1, 1) if first else date(int(text), 12, 31)
        if re.fullmatch(r"\d{4}-\d{2}", text):
            year, month = map(int, text.split("-"))
            return date(year, month, 1 if first else calendar.monthrange(year, month)[1])
        return datetime.fromisoformat(text).date()
    except ValueError:
        message = f"{text!r} is not a day such as 2026-11-29, nor a month or year."
        raise ValueError(message) from None


_Names = Annotated[list[str], BeforeValidator(names), Field(max_length=_MOST_NAMES)]
_ONE_OR_MORE = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
_DAY = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]})
_FirstDay = Annotated[date | None, BeforeValidator(first_day), _DAY]
_LastDay = Annotated[date | None, BeforeValidator(last_day), _DAY]


class Arguments(BaseModel):
    """Arguments of a tool; one that does not exist is an error, because it would change nothing."""

    model_config = ConfigDict(extra="forbid")


class NoArguments(Arguments):
    """A tool without arguments."""


class MetricSearch(Arguments):
    """Which metrics to list."""

    search: str = Field(
        "", description="Only metrics with this word in name, label or definition, such as roas."
    )
    dimension: str = Field("", description="Only metrics with this dimension, such as country.")


class MetricName(Arguments):
    """A metric."""

    metric: str = Field(description="Name of a metric, such as roas_d7.")


class TableName(Arguments):
    """A table."""

    table: str = Field(description="Name of a published table, such as campaign_roas.")


class QuarantineTable(Arguments):
    """Whose quarantine."""

    table: str = Field("", description="Only this source table, such as transactions.")


class DimensionOfMetric(Arguments):
    """A dimension of a metric."""

    metric: str = Field(description="Name of a metric that has the dimension, such as installs.")
    dimension: str = Field(description="Name of the dimension, such as campaign.")
    search: str = Field("", description="Only values that contain this text, in any case.")


class Sql(Arguments):
    """A query."""

    sql: str = Field(description="One SELECT on the published tables.", max_length=20_000)


class MetricQuestion(Arguments):
    """A question to the catalogue."""

    metric: Annotated[_Names, _ONE_OR_MORE] = Field(
        description='Name of a metric, such as "roas_d7", or several, such as '
        '["roas_d7", "spend"].',
    )
    by: _Names = Field(
        default_factory=list,
        description='Dimensions to group by, such as ["campaign"]; describe_metric lists those of '
        "a metric.",
    )
    where: Annotated[
        dict[str, list[str]],
        BeforeValidator(values_of_names),
        WithJsonSchema(
            {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
                },
            }
        ),
    ] = Field(
        default_factory=dict,
        description='Allowed values by dimension, such as {"country": ["US", "DE"]}.',
    )
    grain: Annotated[
        Literal["day", "week", "month"] | None,
        BeforeValidator(grain_of),
    ] = Field(None, description="Period to group days by; leave it out for one figure.")
    start: _FirstDay = Field(None, description="First day, such as 2026-09-01.")
    end: _LastDay = Field(None, description="Last day, inclusive.")
    last: Annotated[str, BeforeValidator(last_of)] = Field(
        "", description="Instead of start: the newest days, weeks or months, such as 30d, 12w, 6m."
    )
    as_of: _LastDay = Field(
        None, description="Only if the question depends on it: the day that the data must end on."
    )
    order: Annotated[Literal["name", "highest", "lowest"], BeforeValidator(order_of)] = Field(
        "name", description="Order of the rows: highest or lowest value of the first metric first."
    )
    limit: int = Field(100, ge=1, le=500, description="Most rows.")
