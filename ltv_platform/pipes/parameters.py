"""Reads the parameters of a question: texts in, typed values out, or an error that names them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ltv_platform.days import ONE_DAY, day_start
from ltv_platform.pipes.model import (
    MOST_ROWS,
    Filter,
    Given,
    Parameter,
    Pipe,
    PipeError,
    Question,
    listed,
    shown,
)
from ltv_platform.settings import Settings

#: Sent by clients of the API with every request: which client it is, and its token.
_IGNORED = frozenset({"from", "token"})
#: Parameters of the API that pipes do not have, and what to use instead.
_NOT_HERE = "q"
_ONE_SECOND = timedelta(seconds=1)
#: Most parameters of a question, and most characters of a value.
_MOST_GIVEN = 200
_LONGEST = 1_000
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
#: Money has six decimals.
_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,6})?|\.\d{1,6})", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)? ?(Z|[+-]\d{2}(:?\d{2})?)?", re.ASCII
)
_FLAGS = {"1": True, "0": False, "true": True, "false": False}


class UnsupportedError(PipeError):
    """A parameter of the API that this server does not have."""


def read_question(pipe: Pipe, given: Given, settings: Settings) -> Question:
    """What a pipe is asked.

    Args:
        pipe: The pipe.
        given: Names and texts, in their order. A text filter may be repeated: rows with any of the
            values count.
        settings: The reporting zone, in which times without a zone are read.

    Raises:
        PipeError: a parameter is unknown, empty, of another type or given twice.
    """
    known = {parameter.name: parameter for parameter in pipe.all_parameters}
    values: dict[str, list[Any]] = {}
    for number, (name, text) in enumerate(given):
        if number >= _MOST_GIVEN:
            raise PipeError(f"There are more than {_MOST_GIVEN} parameters.", _valid(pipe))
        if name in _IGNORED:
            continue
        if name == _NOT_HERE:
            raise UnsupportedError(
                "q= is not supported: pipes do not run SQL.",
                f"Use the parameters of {pipe.name} ({listed(known)}), or `ltv query` for SQL.",
            )
        if name not in known:
            raise PipeError(f"{pipe.name} has no parameter {shown(name)}.", _valid(pipe))
        parameter = known[name]
        if name in values and not parameter.repeatable:
            raise PipeError(f"{name} is given more than once.", "Give one value.")
        values.setdefault(name, []).append(_read(parameter, text, settings))
    question = Question(
        tuple(
            Filter(parameter, tuple(dict.fromkeys(values[parameter.name])))
            for parameter in pipe.parameters
            if parameter.filters and parameter.name in values
        ),
        {
            parameter.name: values.get(parameter.name, [parameter.default])[0]
            for parameter in pipe.parameters
            if not parameter.filters
        },
        values.get("limit", [known["limit"].default])[0],
        values.get("offset", [0])[0],
    )
    _check_period(question)
    if not 1 <= question.limit <= MOST_ROWS:
        raise PipeError(
            f"limit is {question.limit}, which is not between 1 and {MOST_ROWS:,}.",
            "Read longer answers in pages, with offset.",
        )
    return question


def _check_period(question: Question) -> None:
    moments = {**question.options, **{f.parameter.name: f.values[0] for f in question.filters}}
    start, end = moments.get("start_date"), moments.get("end_date")
    if start is not None and end is not None and start >= end:
        raise PipeError("start_date is after end_date.", "Exchange them, or leave one out.")


def _valid(pipe: Pipe) -> str:
    names = listed(parameter.name for parameter in pipe.all_parameters)
    return f"Valid parameters are {names}."


def _read(parameter: Parameter, text: str, settings: Settings) -> Any:
    if not text.strip():
        raise PipeError(
            f"{parameter.name} is empty; expected {parameter.expected}.",
            "Leave it out to include everything.",
        )
    # The replacement character: what came was not UTF-8.
    if len(text) > _LONGEST or "\x00" in text or "\ufffd" in text:
        raise _wrong(parameter, text)
    value = _READERS[parameter.type](parameter, text.strip(), settings)
    if parameter.choices and value not in parameter.choices:
        raise _wrong(parameter, text)
    return value


def _wrong(parameter: Parameter, text: str) -> PipeError:
    return PipeError(f"{parameter.name} is {shown(text)}; expected {parameter.expected}.")


def _text(_: Parameter, text: str, __: Settings) -> str:
    return text


def _flag(parameter: Parameter, text: str, _: Settings) -> bool:
    if text.lower() not in _FLAGS:
        raise _wrong(parameter, text)
    return _FLAGS[text.lower()]


def _whole(parameter: Parameter, text: str, _: Settings) -> int:
    if not _WHOLE.fullmatch(text):
        raise _wrong(parameter, text)
    return int(text)


def _decimal(parameter: Parameter, text: str, _: Settings) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise _wrong(parameter, text)
    return Decimal(text)


def _day(parameter: Parameter, text: str, settings: Settings) -> date:
    """A day, or the day after it if it ends a period; of times, only its first and its last."""
    ends = parameter.comparison == "until"
    if _DAY.fullmatch(text):
        return _parsed(parameter, text).date() + ends * ONE_DAY
    instant = _instant(parameter, text, settings)
    local = instant.replace(tzinfo=UTC).astimezone(settings.zone)
    if day_start(local.date(), settings) != instant:
        raise PipeError(
            f"{parameter.name} is {shown(text)}; this pipe has whole days.",
            f"Expected {parameter.expected}.",
        )
    return local.date()


def _instant(parameter: Parameter, text: str, settings: Settings) -> datetime:
    """An instant (UTC). The end of a period is the instant after it: after its day or second."""
    ends = parameter.comparison == "until"
    if _DAY.fullmatch(text):
        day = _parsed(parameter, text).date()
        return day_start(day + ends * ONE_DAY, settings)
    if not _TIME.fullmatch(text):
        raise _wrong(parameter, text)
    moment = _parsed(parameter, text.replace(",", "."))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=settings.zone)
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    if not ends:
        return moment
    return moment + (timedelta(microseconds=1) if moment.microsecond else _ONE_SECOND)


def _parsed(parameter: Parameter, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(re.sub(r" (?=[Z+-])", "", text))
        # Room for the day after it, and for zones.
        if not date.min + 2 * ONE_DAY <= moment.date() <= date.max - 2 * ONE_DAY:
            raise ValueError
    except ValueError as error:
        raise _wrong(parameter, text) from error
    return moment


_READERS: Mapping[str, Callable[[Parameter, str, Settings], Any]] = {
    "String": _text,
    "UInt8": _flag,
    "UInt64": _whole,
    "Decimal": _decimal,
    "Date": _day,
    "DateTime": _instant,
}
