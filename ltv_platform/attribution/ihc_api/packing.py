"""Journeys as the IHC API takes them: what is said of each, and how many go into a request."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ltv_platform.parameters.redistribution import Redistribution


@dataclass(frozen=True)
class Session:
    """One session of a journey.

    Attributes:
        session_id: Its id.
        time: When it was (UTC), as ``YYYY-MM-DD HH:MM:SS``.
        channel: Its channel.
        holds: Shows holding engagement.
        closes: Shows closing engagement.
        impression: Is only an impression.
    """

    session_id: str
    time: str
    channel: str
    holds: bool
    closes: bool
    impression: bool


@dataclass(frozen=True)
class Journey:
    """A whole journey; it is never cut.

    Attributes:
        key: What it is remembered by (``sql/macros/journey_key.sql``).
        conv_id: Its conversion.
        day: Day of the conversion.
        sessions: Its sessions, earliest first.
    """

    key: str
    conv_id: str
    day: date
    sessions: tuple[Session, ...]


Batch = tuple[Journey, ...]


def pack(journeys: Iterable[Journey], most_journeys: int, most_sessions: int) -> Iterator[Batch]:
    """Journeys in requests, in their order: one that does not fit any more opens the next.

    Next-fit: a batch depends on what comes before it only, so the same journeys make the same
    requests, and none has to be kept in memory but those of the batch.

    Args:
        journeys: None of them longer than ``most_sessions``.
        most_journeys: Journeys of a request at the most.
        most_sessions: Sessions of a request at the most.
    """
    batch: list[Journey] = []
    sessions = 0
    for journey in journeys:
        length = len(journey.sessions)
        if batch and (len(batch) == most_journeys or sessions + length > most_sessions):
            yield tuple(batch)
            batch, sessions = [], 0
        batch.append(journey)
        sessions += length
    if batch:
        yield tuple(batch)


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """A batch of two or more journeys as two."""
    middle = len(batch) // 2
    return batch[:middle], batch[middle:]


def request_body(batch: Sequence[Journey], redistribution: Redistribution) -> dict[str, Any]:
    """The JSON of a request: a flat list of sessions, and the redistribution if there is one."""
    body: dict[str, Any] = {
        "customer_journeys": [
            {
                "conversion_id": journey.conv_id,
                "session_id": session.session_id,
                "timestamp": session.time,
                "channel_label": session.channel,
                "holder_engagement": int(session.holds),
                "closer_engagement": int(session.closes),
                "conversion": int(session is journey.sessions[-1]),
                "impression_interaction": int(session.impression),
            }
            for journey in batch
            for session in journey.sessions
        ]
    }
    if moves := redistribution.model_dump(mode="json", exclude_none=True):
        body["redistribution_parameter"] = moves
    return body
