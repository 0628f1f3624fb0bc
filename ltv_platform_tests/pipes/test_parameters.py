"""Parameters: what is read, and what an error says."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ltv_platform.pipes.declared import all_pipes
from ltv_platform.pipes.model import PipeError, Question, UnknownPipeError, known_pipe
from ltv_platform.pipes.parameters import UnsupportedError, read_question
from ltv_platform.settings import Settings

SETTINGS = Settings(home="/nowhere")
BERLIN = Settings(home="/nowhere", timezone="Europe/Berlin")


def _ask(name: str, *given: tuple[str, str], settings: Settings = SETTINGS) -> Question:
    return read_question(known_pipe(all_pipes(settings), name), given, settings)


def _value(name: str, parameter: str, text: str, settings: Settings = SETTINGS) -> Any:
    return _ask(name, (parameter, text), settings=settings).value(parameter)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01", datetime(2026, 2, 28, 23)),
        ("2026-03-01 00:00:00", datetime(2026, 2, 28, 23)),
        ("2026-03-01T10:30", datetime(2026, 3, 1, 9, 30)),
        ("2026-07-01 10:30:00.25", datetime(2026, 7, 1, 8, 30, 0, 250000)),
        ("2026-07-01T10:30:00Z", datetime(2026, 7, 1, 10, 30)),
        ("2026-07-01 10:30:00 +05:30", datetime(2026, 7, 1, 5)),
    ],
)
def test_the_start_of_a_period(text: str, instant: datetime) -> None:
    """Times without a zone, and days, are of the reporting zone."""
    assert _value("customer_ltv", "start_date", text, BERLIN) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01", datetime(2026, 3, 1, 23)),
        ("2026-03-29", datetime(2026, 3, 29, 22)),  # clocks go forward
        ("2026-03-01 23:59:59", datetime(2026, 3, 1, 23)),
        ("2026-03-01 10:00:00", datetime(2026, 3, 1, 9, 0, 1)),
        ("2026-03-01 10:00:00.5", datetime(2026, 3, 1, 9, 0, 0, 500001)),
    ],
)
def test_the_end_of_a_period_is_included(text: str, instant: datetime) -> None:
    """A day includes all of it, a time its second: the value is the first instant after it."""
    assert _value("customer_ltv", "end_date", text, BERLIN) == instant


def test_days_of_a_table_of_days() -> None:
    """A time is a day if it is its first or its last second."""
    for text in ("2026-03-01", "2026-03-01 00:00:00", "2026-02-28T23:00:00Z"):
        assert _value("campaign_ltv", "start_date", text, BERLIN) == date(2026, 3, 1)
    for text in ("2026-03-01", "2026-03-01 23:59:59"):
        assert _value("campaign_ltv", "end_date", text, BERLIN) == date(2026, 3, 2)
    with pytest.raises(PipeError, match="start_date is '2026-03-01 10:00'; this pipe has whole d"):
        _value("campaign_ltv", "start_date", "2026-03-01 10:00", BERLIN)


def test_numbers_and_flags() -> None:
    """Decimals are exact."""
    assert _value("ltv_forecast", "min_ltv", "0.1") == Decimal("0.1")
    assert _value("ltv_forecast", "min_ltv", "-5") == -5
    assert _value("ltv_forecast", "min_transactions", "3") == 3
    assert [_value("customer_ltv", "is_active", text) for text in ("1", "0", "true")] == [
        *(True, False, True)
    ]


def test_defaults() -> None:
    """limit, and min_customers; there is no other filter."""
    question = _ask("ltv_influencing_factors")
    assert (question.filters, question.limit, question.offset) == ((), 100, 0)
    assert question.options == {"min_customers": 10}
    assert _ask("campaign_ltv").options == {"grain": "day"}


def test_what_known_clients_add_is_ignored() -> None:
    """tinybird-sdk sends `from`, the curl lines `token`."""
    assert _ask("customer_ltv", ("from", "python-sdk"), ("token", "p.x")) == _ask("customer_ltv")


@pytest.mark.parametrize(
    ("name", "parameter", "text", "message"),
    [
        ("customer_ltv", "is_active", "2", "is_active is '2'; expected 1 or 0."),
        ("customer_ltv", "country", "", "country is empty; expected a text."),
        ("customer_ltv", "country", "  ", "country is empty; expected a text."),
        ("customer_ltv", "country", "US\x00", "expected a text."),
        ("customer_ltv", "country", "\ufffd", "expected a text."),
        ("customer_ltv", "country", "x" * 1001, "expected a text."),
        ("customer_ltv", "start_date", "yesterday", "start_date is 'yesterday'; expected a time"),
        ("customer_ltv", "start_date", "2026-02-30", "expected a time as YYYY-MM-DD HH:MM:SS, or"),
        ("customer_ltv", "start_date", "2026-01-01 25:00:00", "expected a time"),
        ("customer_ltv", "end_date", "9999-12-31", "expected a time"),
        ("customer_ltv", "start_date", "0001-01-01", "expected a time"),
        ("ltv_forecast", "min_ltv", "nan", "min_ltv is 'nan'; expected a number with"),
        ("ltv_forecast", "min_ltv", "1e999", "expected a number with"),
        ("ltv_forecast", "min_ltv", "0.0000001", "expected a number with at most six decimals."),
        ("ltv_forecast", "min_transactions", "-1", "expected a whole number."),
        ("ltv_forecast", "min_transactions", "9" * 30, "expected a whole number."),
        ("ltv_forecast", "min_transactions", "1_0", "expected a whole number."),
        ("campaign_ltv", "grain", "year", "grain is 'year'; expected one of day, week, month."),
        ("channel_model_comparison", "model", "best", "expected one of first, last, "),
        ("customer_ltv", "limit", "0", "limit is 0, which is not between 1 and 10,000."),
        ("customer_ltv", "limit", "10001", "limit is 10001, which is not between"),
        ("customer_ltv", "offset", "-1", "offset is '-1'; expected a whole number."),
        (
            "customer_ltv",
            "Country",
            "US",
            "customer_ltv has no parameter 'Country'. Valid parameters are start_date, end_date, "
            "country, segment, is_active, limit, offset.",
        ),
    ],
)
def test_errors_name_the_parameter_and_what_is_expected(
    name: str, parameter: str, text: str, message: str
) -> None:
    """So that a caller knows what to change."""
    with pytest.raises(PipeError) as raised:
        _ask(name, (parameter, text))
    assert message in " ".join(str(raised.value).split("\n"))


def test_other_questions_that_are_refused() -> None:
    """Repeated values, a period that ends before it starts, too many parameters, SQL."""
    with pytest.raises(PipeError, match="is_active is given more than once"):
        _ask("customer_ltv", ("is_active", "1"), ("is_active", "0"))
    for pipe in ("customer_ltv", "customer_segmentation", "campaign_ltv"):
        with pytest.raises(PipeError, match="start_date is after end_date"):
            _ask(pipe, ("start_date", "2026-03-02"), ("end_date", "2026-03-01"))
    assert _ask("customer_ltv", ("start_date", "2026-03-01"), ("end_date", "2026-03-01")).filters
    with pytest.raises(PipeError, match="more than 200 parameters"):
        _ask("customer_ltv", *[("country", str(n)) for n in range(201)])
    with pytest.raises(UnsupportedError, match="q= is not supported"):
        _ask("customer_ltv", ("q", "SELECT * FROM _"))


def test_an_unknown_pipe() -> None:
    """The error names similar ones, or all."""
    with pytest.raises(UnknownPipeError, match="Did you mean customer_ltv"):
        _ask("customers_ltv")
    with pytest.raises(UnknownPipeError, match="There are customer_ltv, ltv_by_cohort"):
        _ask("zzz")
