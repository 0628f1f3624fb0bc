"""How journeys are packed into requests, and what a request contains."""

import itertools
from datetime import date
from random import Random

import pytest

from ltv_platform.attribution.ihc_api.answers import split_answer
from ltv_platform.attribution.ihc_api.packing import Journey, Session, halves, pack, request_body
from ltv_platform.parameters.redistribution import PhaseRedistribution, Redistribution

DAY = date(2025, 12, 1)


def journey(name: str, length: int) -> Journey:
    """A journey of that length."""
    sessions = tuple(
        Session(f"{name}s{place}", f"2025-12-01 10:00:{place:02d}", "Ads", False, True, False)
        for place in range(length)
    )
    return Journey(f"key of {name}", name, DAY, sessions)


def shares(of: Journey, *ihc: float) -> list[dict[str, object]]:
    """An answer for a journey."""
    rest = {"initializer": 1.0, "holder": 0.0, "closer": 0.5}
    return [
        {"conversion_id": of.conv_id, "session_id": session.session_id, **rest, "ihc": share}
        for session, share in zip(of.sessions, ihc, strict=True)
    ]


def lengths(*given: int, journeys: int, sessions: int) -> list[list[int]]:
    """Lengths of the journeys of each request."""
    made = (journey(f"v{number}", length) for number, length in enumerate(given))
    return [[len(j.sessions) for j in batch] for batch in pack(made, journeys, sessions)]


def test_a_journey_that_does_not_fit_opens_the_next_request() -> None:
    """One that does not fit opens the next request; none is cut, none goes back."""
    assert lengths(3, 3, 3, 1, 4, journeys=9, sessions=6) == [[3, 3], [3, 1], [4]]
    assert lengths(1, 1, 1, journeys=2, sessions=6) == [[1, 1], [1]]
    assert lengths(6, 1, 6, journeys=9, sessions=6) == [[6], [1], [6]]
    assert lengths(journeys=9, sessions=6) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_request_is_over_a_limit(seed: int) -> None:
    """And two neighbors would not have fitted into one."""
    random = Random(seed)
    given = [random.randint(1, 9) for _ in range(200)]
    batches = lengths(*given, journeys=7, sessions=20)
    assert [length for batch in batches for length in batch] == given
    assert all(len(batch) <= 7 and sum(batch) <= 20 for batch in batches)
    for one, other in itertools.pairwise(batches):
        assert len(one) == 7 or sum(one) + other[0] > 20


def test_halves_hold_all_journeys_in_order() -> None:
    """All of it, in order."""
    batch = tuple(journey(f"v{number}", 1) for number in range(5))
    assert [len(half) for half in halves(batch)] == [2, 3]
    assert sum(halves(batch), ()) == batch


def test_a_body_is_what_the_api_documents() -> None:
    """attribution.md, section 4: a flat list; conversion is 1 on the last session."""
    moves = Redistribution(
        holder=PhaseRedistribution(
            direction="any_session",
            receive_threshold=0.1,
            redistribution_channel_labels=("Direct",),
        )
    )
    body = request_body((journey("v1", 2), journey("v2", 1)), moves)
    assert body["redistribution_parameter"] == {
        "holder": {
            "direction": "any_session",
            "receive_threshold": 0.1,
            "redistribution_channel_labels": ["Direct"],
        }
    }
    rows = body["customer_journeys"]
    assert rows[1] == {
        "conversion_id": "v1",
        "session_id": "v1s1",
        "timestamp": "2025-12-01 10:00:01",
        "channel_label": "Ads",
        "holder_engagement": 0,
        "closer_engagement": 1,
        "conversion": 1,
        "impression_interaction": 0,
    }
    assert [row["conversion"] for row in rows] == [0, 1, 1]
    assert "redistribution_parameter" not in request_body((journey("v1", 2),), Redistribution())


def test_a_sound_answer_is_used() -> None:
    """In the journey's order, whatever the order of the answer; other conversions are ignored."""
    own = journey("v1", 3)
    value = [*shares(own, 0.2, 0.3, 0.4999)[::-1], *shares(journey("v9", 1), 1)]
    split = split_answer((own,), {"value": value, "partialFailureErrors": []})
    assert split.failed == ()
    assert [share[3] for share in split.scored[0].shares] == [0.2, 0.3, 0.4999]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ihc": 0.7}, "add up to 1.2000"),
        ({"ihc": float("nan")}, "not a number from 0 to 1"),
        ({"ihc": float("inf")}, "not a number from 0 to 1"),
        ({"ihc": -0.1}, "not a number from 0 to 1"),
        ({"holder": 1.1}, "not a number from 0 to 1"),
        ({"holder": None}, "not a number from 0 to 1"),
        ({"holder": "0.5"}, "not a number from 0 to 1"),
        ({"closer": True}, "not a number from 0 to 1"),
        ({"session_id": "v1s1"}, "each of its sessions exactly once"),
        ({"session_id": "s9"}, "each of its sessions exactly once"),
        ({"session_id": None}, "each of its sessions exactly once"),
        ({"conversion_id": "v2"}, "each of its sessions exactly once"),
    ],
)
def test_an_unsound_answer_is_not(change: dict[str, object], reason: str) -> None:
    """Every session exactly once, numbers finite in [0, 1], ihc adding up to 1 within .01."""
    own = journey("v1", 2)
    value = shares(own, 0.5, 0.5)
    value[0] |= change
    split = split_answer((own,), {"value": value, "partialFailureErrors": []})
    [(failed, why)] = split.failed
    assert failed is own
    assert reason in why


def test_an_error_that_names_a_conversion_fails_it() -> None:
    """An error that names a conversion fails it, with what it says; its form may vary."""
    one, two, three = (journey(f"v{number}", 1) for number in (1, 2, 3))
    errors = [
        {"conversion_id": "v1", "message": "too odd"},
        {"conversion_id": "v2", "code": 7},
        "v3 is odd",
        None,
        {"conversion_id": 3},
    ]
    value = [*shares(one, 1), None, 7, *shares(three, 1)]
    split = split_answer((one, two, three), {"value": value, "partialFailureErrors": errors})
    assert [item.journey for item in split.scored] == [three]
    assert {j.conv_id: why for j, why in split.failed} == {
        "v1": "too odd",
        "v2": '{"conversion_id": "v2", "code": 7}',
    }
