"""Packs journeys into requests of the IHC API."""

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
        time: Its time (UTC), as ``YYYY-MM-DD HH:MM:SS``.
        channel: Its channel.
        holds: Whether it shows holding engagement.
        closes: Whether it shows closing engagement.
        impression: Whether it is only an impression.
    """

    session_id: str
    time: str
    channel: str
    holds: bool
    closes: bool
    impression: bool


@dataclass(frozen=True)
class Journey:
    """A complete journey; it is never split.

    Attributes:
        key: Identifies it (``sql/macros/journey_key.sql``).
        conv_id: Its conversion.
        day: The day of the conversion.
        sessions: Its sessions, earliest first.
    """

    key: str
    conv_id: str
    day: date
    sessions: tuple[Session, ...]


Batch = tuple[Journey, ...]


def pack(journeys: Iterable[Journey], most_journeys: int, most_sessions: int) -> Iterator[Batch]:
    """Pack journeys into requests in order: one that does not fit starts the next.

    This is next-fit: a batch depends only on the journeys before it, so the same journeys make the
    same requests, and only one batch is in memory.

    Args:
        journeys: None of them longer than ``most_sessions``.
        most_journeys: Most journeys per request.
        most_sessions: Most sessions per request.
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
    """Split a batch of two or more journeys in two."""
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
