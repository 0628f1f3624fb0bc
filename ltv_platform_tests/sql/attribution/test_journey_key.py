"""What identifies a journey: everything that is requested for it, without ambiguity."""

from collections.abc import Mapping
from typing import Any

import duckdb
import pytest

from ltv_platform.parameters.attribution import attribution_parameters
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import _environment

SESSION = {
    "conv_id": "v1",
    "conversion_date": "2025-12-01",
    "conversion_ts": "2025-12-01 10:00:00",
    "session_id": "s1",
    "session_ts": "2025-12-01 09:00:00",
    "channel_name": "Ads",
    "holder_engagement": False,
    "closer_engagement": True,
    "impression_interaction": False,
}


def key(*sessions: Mapping[str, Any], **settings: Any) -> str:
    """The key of one journey."""
    template = (
        "{% import 'macros/journey_key.sql' as journey with context %}{{ journey.keys('given') }}"
    )
    sql = (
        _environment()
        .from_string(template)
        .render(attribution=attribution_parameters(Settings(**settings)))
    )
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE given (conv_id VARCHAR, conversion_date DATE, conversion_ts TIMESTAMP, "
            "session_id VARCHAR, session_ts TIMESTAMP, channel_name VARCHAR, "
            "holder_engagement BOOLEAN, closer_engagement BOOLEAN, "
            "impression_interaction BOOLEAN, position INTEGER)"
        )
        for position, session in enumerate(sessions):
            row = [*{**SESSION, **session}.values(), position]
            connection.execute("INSERT INTO given VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        [(found,)] = connection.execute(f"SELECT journey_key FROM ({sql}) AS k").fetchall()
    return str(found)


def test_it_is_stable() -> None:
    """An upgrade that changed it would pay for every journey again."""
    one, two = {"session_id": "s1"}, {"session_id": "s2", "channel_name": "Käse 😀"}
    assert key(one, two) == ("5ce1ddd451610cacaa48bc1b44eed27220c50dcc1143b2213518cbcd671102d4")


@pytest.mark.parametrize(
    "change",
    [
        {"conv_id": "v2"},
        {"session_id": "s2"},
        {"session_ts": "2025-12-01 09:00:01"},
        {"channel_name": "ads"},
        {"holder_engagement": True},
        {"closer_engagement": False},
        {"impression_interaction": True},
    ],
)
def test_everything_that_is_asked_is_in_it(change: dict[str, Any]) -> None:
    """Everything that a request says about a journey."""
    assert key(change) != key({})


def test_what_is_not_asked_is_not_in_it() -> None:
    """The conversion's own second is not sent, so it costs nothing when it changes."""
    assert key({"conversion_ts": "2025-12-01 10:00:01"}) == key({})


def test_settings_that_are_sent_are_in_it() -> None:
    """conv_type_id and redistribution."""
    moves = {"direction": "any_session", "redistribution_channel_labels": ["Ads"]}
    keys = {
        key({}),
        key({}, ihc_conversion_type="lead"),
        key({}, ihc_redistribution={"holder": moves}),
        key({}, ihc_redistribution={"closer": moves}),
    }
    assert len(keys) == 4
    assert key({}, ihc_request_sessions=7, ihc_preset="long") == key({})


def test_no_text_runs_into_the_next() -> None:
    """Names that contain the separators; the order of sessions counts."""
    odd = "Ads0102:s22025-12-01 09:00:003:Ads"
    journeys = [
        ({}, {"session_id": "s2"}),
        ({"session_id": "s2"}, {}),
        ({"channel_name": odd},),
        ({"session_id": "1:s", "conv_id": "v"},),
        ({"session_id": "s", "conv_id": "v1:"},),
    ]
    assert len({key(*sessions) for sessions in journeys}) == len(journeys)
