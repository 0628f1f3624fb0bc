"""The ledger of requests to the IHC API and its answers (``raw.ihc_*``); journeys still to send.

A request is in the ledger before it is sent; answers, rejections, the days they touch and the end
of the request are one transaction. So a kill loses at most the answer to one request.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ltv_platform.attribution.ihc_api.answers import SHARES, Scored
from ltv_platform.attribution.ihc_api.packing import Batch, Journey, Session
from ltv_platform.failpoints import failpoint
from ltv_platform.tables.rendering import render
from ltv_platform.warehouse.engine import Builder, Engine, Reader, Transaction, Writer
from ltv_platform.warehouse.planner import newest_write

if TYPE_CHECKING:
    import pyarrow as pa

_ANSWERS, _JOURNEYS = "raw.ihc_answers", "marts.customer_journeys"
#: Rows of sessions converted to Python objects at a time.
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Rejected:
    """A journey that is not sent again, with the reason and its last request."""

    journey: Journey
    reason: str
    request_id: str


def pending_days(engine: Reader) -> tuple[date, ...]:
    """Days of conversions with a journey that the API has neither scored nor rejected, ascending.

    None if the local engine scores. If nothing was pending and no journey was written since, the
    journeys are not read: hashing a million of them takes seconds.
    """
    if not engine.settings.uses_ihc_api:
        return ()
    sql = _pending_days_sql(engine)
    with engine.hold():
        state = engine.state((_ANSWERS, _JOURNEYS))
        complete = state.built.get(_ANSWERS, {}).get(None)
        if (
            complete is not None
            and complete.code_hash == _digest(sql)
            and complete.seq >= newest_write(state, _JOURNEYS)
        ):
            return ()
        return tuple(day for (day,) in engine.rows(sql))


def record_complete(engine: Builder, sequence: int) -> None:
    """Record that no journey is pending.

    Args:
        engine: The warehouse.
        sequence: The newest number (:attr:`State.newest`) when the journeys were read.
    """
    digest = _digest(_pending_days_sql(engine))
    engine.record([Writer(_ANSWERS, digest, engine.as_of())], sequence)


def _pending_days_sql(engine: Reader) -> str:
    return render("queries/ihc/pending_days.sql", engine.settings)


def _digest(sql: str) -> str:
    """A hash of everything that decides which journeys are pending."""
    return hashlib.sha256(sql.encode()).hexdigest()[:16]


def missing(engine: Reader, waiting: Collection[date] = ()) -> "pa.Table":
    """The sessions of the journeys still to send, in the order of packing.

    Args:
        engine: The warehouse.
        waiting: Days with outdated journeys, which are left out: scoring them would waste money.
    """
    sql = render("queries/ihc/missing.sql", engine.settings)
    return engine.fetch(sql, {"waiting": sorted(waiting)})


def journeys_of(sessions: "pa.Table") -> Iterator[Journey]:
    """The rows of :func:`missing` as journeys, a few at a time."""
    rows = (
        row
        for chunk in sessions.to_batches(max_chunksize=_ROWS_AT_ONCE)
        for row in chunk.to_pylist()
    )
    for (key, conv_id, day), own in groupby(
        rows, lambda row: (row["journey_key"], row["conv_id"], row["conversion_date"])
    ):
        yield Journey(
            key,
            conv_id,
            day,
            tuple(
                Session(
                    row["session_id"],
                    row["session_time"],
                    row["channel_name"],
                    row["holder_engagement"],
                    row["closer_engagement"],
                    row["impression_interaction"],
                )
                for row in own
            ),
        )


def counts(engine: Reader) -> dict[str, int]:
    """Number of journeys by state under the current settings: scored, rejected, pending."""
    [row] = engine.fetch(render("queries/ihc/counts.sql", engine.settings)).to_pylist()
    return {name: int(number) for name, number in row.items()}


def record_sent(engine: Engine, request_id: str, batch: Batch) -> None:
    """Record that a request is about to be sent."""
    with engine.transaction() as transaction:
        transaction.execute(
            "INSERT INTO raw.ihc_requests BY NAME SELECT $id AS request_id, $now AS sent_at, "
            "$journeys AS journeys, $sessions AS sessions, 'sent' AS status",
            {
                "id": request_id,
                "now": _now(engine),
                "journeys": len(batch),
                "sessions": sum(len(journey.sessions) for journey in batch),
            },
        )


def record_answer(
    engine: Engine,
    request_id: str,
    scored: Sequence[Scored],
    rejected: Sequence[Rejected] = (),
) -> None:
    """Store the result of a request in one transaction.

    Args:
        engine: The warehouse.
        request_id: The request.
        scored: Journeys with their shares.
        rejected: Journeys that are not sent again.
    """
    with engine.transaction() as transaction:
        _insert(transaction, "raw.ihc_answers", "session_id", _answers(request_id, scored))
        now = _now(engine)
        _insert(transaction, "raw.ihc_rejections", "conv_id", _rejections(rejected, now))
        failpoint("answers appended, not committed")
        _settle(transaction, request_id, "answered", now, None)
        days = {item.journey.day for item in scored}
        transaction.touch({"ihc_answers": days, "ihc_requests": {None}})


def record_failure(
    engine: Engine,
    request_id: str,
    reason: str,
    rejected: Sequence[Rejected] = (),
) -> None:
    """Record that a request got no answer; its journeys stay pending.

    Args:
        engine: The warehouse.
        request_id: The request.
        reason: Why.
        rejected: Journeys that are not sent again.
    """
    with engine.transaction() as transaction:
        now = _now(engine)
        _insert(transaction, "raw.ihc_rejections", "conv_id", _rejections(rejected, now))
        _settle(transaction, request_id, "failed", now, reason)
        transaction.touch({"ihc_requests": {None}})


def forget_rejections(engine: Engine) -> int:
    """Let rejected journeys be sent again; returns their number."""
    with engine.hold():
        with engine.transaction() as transaction:
            rejected = transaction.execute("DELETE FROM raw.ihc_rejections")
            transaction.touch({"ihc_requests": {None}})
        engine.forget(_ANSWERS)
    return rejected


def _answers(request_id: str, scored: Iterable[Scored]) -> list[dict[str, Any]]:
    return [
        {
            "journey_key": item.journey.key,
            "conv_id": item.journey.conv_id,
            "session_id": session.session_id,
            **dict(zip(SHARES, shares, strict=True)),
            "request_id": request_id,
        }
        for item in scored
        for session, shares in zip(item.journey.sessions, item.shares, strict=True)
    ]


def _rejections(rejected: Iterable[Rejected], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "journey_key": item.journey.key,
            "conv_id": item.journey.conv_id,
            "reason": item.reason,
            "request_id": item.request_id,
            "rejected_at": now,
        }
        for item in rejected
    ]


def _insert(transaction: Transaction, table: str, also: str, rows: list[dict[str, Any]]) -> None:
    """Append the rows of new journeys."""
    import pyarrow as pa  # noqa: PLC0415 - a look for what is pending has no use for it

    if not rows:
        return
    with transaction.incoming(pa.Table.from_pylist(rows)) as (answers, _):
        transaction.execute(
            f"INSERT INTO {table} BY NAME SELECT * FROM {answers} "
            f"WHERE journey_key NOT IN (SELECT journey_key FROM {table}) "
            f"ORDER BY journey_key, {also}"
        )


def _settle(
    transaction: Transaction, request_id: str, status: str, now: datetime, reason: str | None
) -> None:
    transaction.execute(
        "UPDATE raw.ihc_requests SET status = $status, settled_at = $now, reason = $reason "
        "WHERE request_id = $id",
        {"status": status, "now": now, "reason": reason, "id": request_id},
    )


def _now(engine: Reader) -> datetime:
    return engine.settings.current_time().astimezone(UTC).replace(tzinfo=None)
