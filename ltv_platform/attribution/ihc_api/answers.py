"""Splits an answer of the IHC API journey by journey: usable, or failed with a reason."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ltv_platform.attribution.ihc_api.packing import Batch, Journey

#: The phases of an answer and their total, with the API's names.
SHARES = ("initializer", "holder", "closer", "ihc")
#: Tolerance of a sum of shares, and more per session: half a unit of the fourth decimal.
_TOLERANCE, _ROUNDING = 0.01, 5e-5
#: Keys with the message in an entry of partialFailureErrors.
_REASONS = ("message", "error", "errorMessage", "reason", "detail")


@dataclass(frozen=True)
class Scored:
    """A journey with its answer: the four :data:`SHARES` of each session, in order."""

    journey: Journey
    shares: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Split:
    """The journeys of a request.

    Attributes:
        scored: Those with a usable answer.
        failed: The others, each with its reason.
    """

    scored: tuple[Scored, ...]
    failed: tuple[tuple[Journey, str], ...]


def split_answer(batch: Batch, answer: Mapping[str, Any]) -> Split:
    """Split the journeys of a request by whether their answers are usable.

    Args:
        batch: The journeys that were sent.
        answer: ``value`` and ``partialFailureErrors`` of the answer, both lists.
    """
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in answer["value"]:
        if isinstance(row, dict) and isinstance(row.get("conversion_id"), str):
            rows.setdefault(row["conversion_id"], []).append(row)
    errors = _reasons(answer["partialFailureErrors"])
    scored: list[Scored] = []
    failed: list[tuple[Journey, str]] = []
    for journey in batch:
        reason = errors.get(journey.conv_id)
        found = rows.get(journey.conv_id, [])
        reason = reason or _what_is_wrong(journey, found)
        if reason:
            failed.append((journey, reason))
            continue
        by_session = {row["session_id"]: row for row in found}
        shares = tuple(
            tuple(float(by_session[session.session_id][name]) for name in SHARES)
            for session in journey.sessions
        )
        scored.append(Scored(journey, shares))
    return Split(tuple(scored), tuple(failed))


def _what_is_wrong(journey: Journey, rows: Sequence[Mapping[str, Any]]) -> str:
    """Why the rows are not a valid answer for the journey; empty if they are."""
    if not rows:
        return "the answer has no row for it"
    answered = [str(row.get("session_id")) for row in rows]
    if sorted(answered) != sorted(session.session_id for session in journey.sessions):
        return "the answer does not have each of its sessions exactly once"
    numbers = [row.get(name) for row in rows for name in SHARES]
    if not all(_is_share(number) for number in numbers):
        return "the answer has a share that is not a number from 0 to 1"
    total = sum(row["ihc"] for row in rows)
    if abs(total - 1) > max(_TOLERANCE, _ROUNDING * len(rows)):
        return f"its shares add up to {total:.4f}, not 1"
    return ""


def _is_share(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 1  # type: ignore[operator,arg-type]


def _reasons(errors: Sequence[Any]) -> dict[str, str]:
    """The reasons of partialFailureErrors by conversion.

    Their format is not documented: for an object that names its conversion, the reason is its
    message, or the whole object as JSON. Other entries cannot be assigned to a journey; a failed
    one is then recognized by its missing rows.
    """
    reasons: dict[str, str] = {}
    for error in errors:
        if not isinstance(error, dict) or not isinstance(error.get("conversion_id"), str):
            continue
        message = next((error[key] for key in _REASONS if isinstance(error.get(key), str)), "")
        reasons[error["conversion_id"]] = message or json.dumps(error, ensure_ascii=False)
    return reasons
