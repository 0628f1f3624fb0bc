"""JSON as APIs return it: the records are a list within an object."""

import json
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion.reading.record_texts import json_records
from ltv_platform_tests.testing.loader import Loader

#: What tells a record from what is wrapped around it.
WANTED = ("campaign_id", "campaign_name")
ROWS = [{"campaign_id": "c1", "campaign_name": "Spring"}, {"campaign_id": "c2"}]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"data": ROWS, "next": None}, "data"),
        ({"page": {"size": 2}, "errors": [], "data": ROWS, "tags": ["a"]}, "data"),
        ({"": {}, 'a"]b': ROWS}, 'a"]b'),
        ({"response": {"count": 2, "data": ROWS}, "meta": {"next": None}}, "response.data"),
        ({"data": ROWS, "included": {"users": [{"campaign_id": "c9"}]}}, "data"),
    ],
)
def test_the_one_list_of_objects_holds_the_records(load: Loader, content: Any, path: str) -> None:
    """One level deep or two, next to anything else; the message says where."""
    outcome = load.outcome("campaigns", json.dumps(content, indent=1), "a.json")
    counts = outcome.counts
    assert counts is not None, outcome.error
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (2, 2, 0)
    assert outcome.notes[0] == f"a.json: records read from `{path}`"
    assert load.rows("SELECT line, campaign_id, campaign_name FROM raw.campaigns ORDER BY 1") == [
        (1, "c1", "Spring"),
        (2, "c2", None),
    ]


def test_elements_that_are_no_objects_are_rejected_by_their_place(load: Loader) -> None:
    """As in an array that nothing is wrapped around; the digits of numbers stay."""
    text = (
        '{"more": false, "data": [7, {"campaign_id": 12345678901234567890}, '
        '{"campaign_id": "a", "campaign_id": "b"}]}'
    )
    counts = load("campaigns", text, "a.json")
    assert (counts.rows_in_file, counts.rows_accepted, counts.rows_quarantined) == (3, 1, 2)
    assert load.rows("SELECT line, campaign_id FROM raw.campaigns") == [(2, "12345678901234567890")]
    assert load.reasons() == [
        (1, ["record: is not a JSON object"]),
        (3, ["record: names a column twice"]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": ROWS, "b": ROWS}, "a.json has several lists of records: a, b."),
        ({"r": {"a": ROWS}, "s": {"b": ROWS}}, "a.json has several lists of records: r.a, s.b."),
        ({"data": [], "next": None}, "a.json contains no records: its list is empty."),
        ({"response": {"data": []}}, "a.json contains no records: its list is empty."),
    ],
)
def test_several_lists_or_an_empty_one(load: Loader, content: Any, message: str) -> None:
    """Nothing is guessed, and nothing passes for a record."""
    error = load.outcome("campaigns", json.dumps(content), "a.json").error
    assert error is not None
    assert error.message == message
    assert error.hint


@pytest.mark.parametrize(
    "text",
    [
        '{"Campaign_ID": "c1", "steps": [{"a": 1}]}',
        '{"campaign_id": "c1", "data": [{"campaign_id": "c2"}]}',
        '{"one": {"campaign_id": "c1", "steps": [{"a": 1}]}}',
        '{"a": {"b": {"c": [{"campaign_id": "c1"}]}}}',
        '{"data": [{"campaign_id": "c1"}], "data": [{"campaign_id": "c2"}]}',
        '{"data": [1, 2]}',
        "7",
    ],
)
def test_what_is_no_wrapper_is_one_record(text: str) -> None:
    """An object with a column of the table, deeper nesting, a name that comes twice."""
    records = json_records(f" {text}\n", WANTED, "a.json")
    assert (records.spans, records.path) == ([(1, 1 + len(text))], ())


def test_objects_in_lines_are_not_unwrapped(load: Loader, tmp_path: Path) -> None:
    """Neither where there are several of them, nor in .ndjson."""
    line = json.dumps({"data": ROWS})
    for name, text in (("a.json", f"{line}\n{line}"), ("a.ndjson", line)):
        outcome = load.outcome("campaigns", text, name)
        assert outcome.error is not None
        assert f"{name} lacks campaign_id" in outcome.error.message


@pytest.mark.parametrize("cut", range(1, 60, 3))
def test_a_wrapped_text_that_is_cut_off(cut: int) -> None:
    """It is not JSON, wherever it ends."""
    text = json.dumps({"next": None, "data": ROWS, "errors": []})
    with pytest.raises((json.JSONDecodeError, UserError)):
        json_records(text[:-cut], WANTED, "a.json")
