"""The documented contract of the IHC API: the format of requests, and what is rejected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from ltv_platform.parameters.redistribution import Redistribution

_TEXTS = ("conversion_id", "session_id", "timestamp", "channel_label")
_FLAGS = ("holder_engagement", "closer_engagement", "conversion", "impression_interaction")
_KEYS = {"customer_journeys", "redistribution_parameter"}


class RefusedError(Exception):
    """A rejected request.

    Args:
        status: The HTTP status.
        message: Why.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Limits:
    """Limits of the server.

    Attributes:
        journeys: Most journeys per request.
        sessions: Most sessions per request.
        bytes: Largest size of a body.
    """

    journeys: int = 100
    sessions: int = 3000
    bytes: int = 10_000_000


@dataclass(frozen=True)
class ComputeRequest:
    """A request as sent.

    Attributes:
        journeys: The sessions of each conversion, in the order of the request.
        redistribution: Moves of credit.
    """

    journeys: Mapping[str, Sequence[Mapping[str, Any]]]
    redistribution: Redistribution


def read_request(text: bytes, limits: Limits) -> ComputeRequest:
    """Parse the body of a request.

    Raises:
        RefusedError: it is not a valid request, or too large (400, 413).
    """
    if len(text) > limits.bytes:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"over {limits.bytes} bytes")
    try:
        body = json.loads(text)
    except ValueError as error:
        raise _bad("the body is not JSON") from error
    sessions = body.get("customer_journeys") if isinstance(body, dict) else None
    if not isinstance(sessions, list) or not sessions:
        raise _bad("customer_journeys is not a list of sessions")
    if unknown := sorted(set(body) - _KEYS):
        raise _bad(f"unknown: {', '.join(unknown)}")
    for session in sessions:
        if not isinstance(session, dict) or not all(
            isinstance(session.get(name), str) for name in _TEXTS
        ):
            raise _bad(f"a session has not the texts {', '.join(_TEXTS)}")
    journeys = {
        conversion: list(own)
        for conversion, own in groupby(
            sorted(sessions, key=lambda row: row["conversion_id"]),
            lambda row: str(row["conversion_id"]),
        )
    }
    if len(sessions) > limits.sessions:
        raise _bad(f"{len(sessions)} sessions; {limits.sessions} are allowed")
    if len(journeys) > limits.journeys:
        raise _bad(f"{len(journeys)} journeys; {limits.journeys} are allowed")
    try:
        moves = Redistribution.model_validate(body.get("redistribution_parameter") or {})
    except ValidationError as error:
        raise _bad("redistribution_parameter has another form") from error
    return ComputeRequest(journeys, moves)


def fault_of(journey: Sequence[Mapping[str, Any]]) -> str:
    """Why a journey cannot be scored; empty if it can."""
    if any(session.get(name) not in (0, 1) for session in journey for name in _FLAGS):
        return f"{', '.join(_FLAGS)} are 0 or 1"
    if not all(session["channel_label"] for session in journey):
        return "a channel_label is empty"
    if len({session["session_id"] for session in journey}) < len(journey):
        return "a session_id comes twice"
    try:
        times = [time_of(session) for session in journey]
    except ValueError:
        return "a timestamp is not YYYY-MM-DD HH:MM:SS"
    ends = [time for time, session in zip(times, journey, strict=True) if session["conversion"]]
    if ends != [max(times)]:
        return "conversion is not 1 on the last session alone"
    return ""


def time_of(session: Mapping[str, Any]) -> datetime:
    """The time of a session.

    Raises:
        ValueError: the timestamp has another format.
    """
    return datetime.strptime(session["timestamp"], "%Y-%m-%d %H:%M:%S")


def _bad(message: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, message)
