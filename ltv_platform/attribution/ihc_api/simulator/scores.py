"""The simulator's scores: the local engine in memory, rounded to four decimals like the API's."""

import math
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import pyarrow as pa

from ltv_platform.attribution.ihc_api.answers import SHARES
from ltv_platform.attribution.ihc_api.simulator.contract import ComputeRequest, time_of
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render
from ltv_platform.warehouse.opening import open_in_memory

#: Units per 1 in an answer: four decimals.
_UNITS = 10_000


class Scorer:
    """Scores journeys by the local engine.

    Args:
        settings: Its parameters; the redistribution comes with each request.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()  # one database, many requests
        self._database = open_in_memory(settings)

    def close(self) -> None:
        """Close the engine, after the request that it is scoring."""
        with self._lock:
            self._database.close()

    def rows(self, request: ComputeRequest) -> list[dict[str, Any]]:
        """``value`` of the answer: one row per session."""
        if not request.journeys:
            return []
        settings = self._settings.model_copy(update={"ihc_redistribution": request.redistribution})
        sql = render("queries/ihc/simulated.sql", settings)
        journeys = pa.Table.from_pylist(
            [row for sessions in request.journeys.values() for row in _journey(sessions)]
        )
        with self._lock:
            found = self._database.fetch(sql, journeys=journeys).to_pylist()
        by_session = {(row["conv_id"], row["session_id"]): row for row in found}
        return [
            answer
            for conversion, sessions in request.journeys.items()
            for answer in _rounded(
                conversion,
                [by_session[conversion, session["session_id"]] for session in sessions],
            )
        ]


def _journey(sessions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Sessions as rows of marts.customer_journeys; those of the same second in request order."""
    ordered = sorted(sessions, key=time_of)
    times = [time_of(session) for session in ordered]
    return [
        {
            "conv_id": session["conversion_id"],
            "session_id": session["session_id"],
            "conversion_date": times[-1].date(),
            "conversion_ts": times[-1],
            "position": position + 1,
            "sessions_in_journey": len(ordered),
            "session_ts": times[position],
            "session_date": times[position].date(),
            "channel_name": session["channel_label"],
            "holder_engagement": bool(session["holder_engagement"]),
            "closer_engagement": bool(session["closer_engagement"]),
            "impression_interaction": bool(session["impression_interaction"]),
            "seconds_to_last": (times[-1] - times[position]).total_seconds(),
            "seconds_since_previous": (
                (times[position] - times[position - 1]).total_seconds() if position else None
            ),
        }
        for position, session in enumerate(ordered)
    ]


def _rounded(conversion: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Round to four decimals, keeping the sum, by largest remainder."""
    answer: list[dict[str, Any]] = [
        {"conversion_id": conversion, "session_id": row["session_id"]} for row in rows
    ]
    for name in SHARES:
        exact = [float(row[name]) * _UNITS for row in rows]
        units = [math.floor(value) for value in exact]
        left = round(sum(exact)) - sum(units)
        largest = sorted(range(len(rows)), key=lambda index: units[index] - exact[index])
        for index in largest[:left]:
            units[index] += 1
        for row, count in zip(answer, units, strict=True):
            row[name] = count / _UNITS
    return answer
