"""Forms that language models send are read if they have one meaning; others are errors."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from ltv_platform.agents.arguments import MetricQuestion


def _read(**given: Any) -> MetricQuestion:
    return MetricQuestion.model_validate({"metric": "roas_d7", **given})


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("metric", "roas_d7, spend", ["roas_d7", "spend"]),
        ("metric", ["roas_d7"], ["roas_d7"]),
        ("metric", '["roas_d7", "spend"]', ["roas_d7", "spend"]),
        ("by", "campaign", ["campaign"]),
        ("by", "campaign,country", ["campaign", "country"]),
        ("by", "['campaign']", ["campaign"]),
        ("by", None, []),
        ("by", "", []),
        ("where", {"country": "US"}, {"country": ["US"]}),
        ("where", {"country": ["US", "DE"]}, {"country": ["US", "DE"]}),
        ("where", '{"country": "US"}', {"country": ["US"]}),
        ("where", "country=US", {"country": ["US"]}),
        ("where", "country=US, country=DE", {"country": ["US", "DE"]}),
        ("where", "country = US and model = last", {"country": ["US"], "model": ["last"]}),
        ("where", ["country=US", "country=DE"], {"country": ["US", "DE"]}),
        ("where", [{"country": "US"}], {"country": ["US"]}),
        ("where", {"campaign": "Meta US, prospecting"}, {"campaign": ["Meta US, prospecting"]}),
        ("where", {"is_active": True}, {"is_active": ["1"]}),
        ("where", None, {}),
        ("where", "", {}),
        ("grain", "weekly", "week"),
        ("grain", "Months", "month"),
        ("grain", "none", None),
        ("grain", "", None),
        ("last", "12 weeks", "12w"),
        ("last", "last 3 months", "3m"),
        ("last", "2 quarters", "6m"),
        ("last", "1y", "12m"),
        ("start", "2026-11", date(2026, 11, 1)),
        ("end", "2026-11", date(2026, 11, 30)),
        ("end", "2026", date(2026, 12, 31)),
        ("start", "2026-11-02T10:00:00Z", date(2026, 11, 2)),
        ("start", "", None),
        ("order", "DESC", "highest"),
        ("limit", "10", 10),
    ],
    ids=str,
)
def test_a_form_with_one_meaning_is_read(name: str, given: Any, read: Any) -> None:
    """Lists as texts, months as days, units in words."""
    assert getattr(_read(**{name: given}), name) == read


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dimensions": ["campaign"]}, "Extra inputs"),
        ({"grain": "quarter"}, "not day, week or month"),
        ({"last": "a while"}, "write 30d, 12w or 6m"),
        ({"start": "November"}, "not a day such as 2026-11-29"),
        ({"start": "2026-13"}, "not a day such as"),
        ({"where": {"country": {"not": "US"}}}, "where.country is an object"),
        ({"where": "the United States"}, "cannot be read"),
        ({"where": "{country"}, "not valid JSON"),
        ({"by": {"campaign": 1}}, "list"),
        ({"by": ["x"] * 51}, "at most 50"),
        ({"limit": 501}, "less than or equal to 500"),
        ({"order": "best"}, "'name', 'highest' or 'lowest'"),
    ],
    ids=str,
)
def test_everything_else_is_an_error(given: dict[str, Any], message: str) -> None:
    """An argument that is ignored would make a wrong answer look right."""
    with pytest.raises(ValidationError, match=message):
        _read(**given)
