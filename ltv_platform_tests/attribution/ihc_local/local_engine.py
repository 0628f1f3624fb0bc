"""The local engine's SQL, run on journeys that a test invents."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render
from ltv_platform_tests.attribution.ihc_local.naive_ihc import Touch

FIRST = datetime(2025, 3, 1)

Row = tuple[Decimal, Decimal, Decimal, Decimal]


def scored(
    journeys: Sequence[Sequence[Touch]],
    settings: Settings,
    order: str = "conv_id, position",
    threads: int = 2,
) -> list[list[Row]]:
    """initializer, holder, closer and ihc of each session, as in marts.ihc_attribution.

    Sessions of the same second are in the order in which they stand in the journey. The rows of
    the journeys are stored in another order, if one is given.
    """
    answers = pa.table(
        {
            "conv_id": _each(journeys, lambda number, place, touch: f"{number:06}"),
            "session_id": _each(journeys, lambda number, place, touch: f"{place:06}"),
            "session_ts": _each(
                journeys, lambda number, place, touch: FIRST + timedelta(seconds=touch.seconds)
            ),
            "session_date": _each(journeys, lambda number, place, touch: FIRST.date()),
            "channel_name": _each(journeys, lambda number, place, touch: touch.channel),
            "holder_engagement": _each(journeys, lambda number, place, touch: touch.holder),
            "closer_engagement": _each(journeys, lambda number, place, touch: touch.closer),
            "impression_interaction": _each(
                journeys, lambda number, place, touch: touch.impression
            ),
            "ihc": _each(journeys, lambda number, place, touch: 0.0),
        }
    )
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.register("answers", answers)
        made = render("queries/ihc/answered_journeys.sql", settings)
        connection.execute(
            "CREATE SCHEMA marts; CREATE TABLE marts.customer_journeys AS "
            f"SELECT * FROM ({made}) ORDER BY {order}"
        )
        table = render("attribution/ihc_attribution.sql", settings)
        rows = connection.execute(
            f"SELECT conv_id, initializer, holder, closer, ihc FROM ({table}) "
            "ORDER BY conv_id, session_id"
        ).fetchall()
    scores: list[list[Row]] = [[] for _ in journeys]
    for conversion, *values in rows:
        scores[int(conversion)].append(tuple(values))
    return scores


def _each(journeys: Sequence[Sequence[Touch]], of: Callable[[int, int, Touch], Any]) -> list[Any]:
    return [
        of(number, place, touch)
        for number, journey in enumerate(journeys)
        for place, touch in enumerate(journey)
    ]
