"""Scoring by the IHC API: the journeys without an answer, request by request, committed one by one.

The warehouse is open only between requests, never while one is under way.
"""

import uuid
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ltv_platform.attribution import ledger
from ltv_platform.attribution.answers import judge
from ltv_platform.attribution.ihc_client import IhcClient, RequestError, RequestTooLargeError
from ltv_platform.attribution.packing import Batch, Journey, halves, pack, request_body
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import one_scorer
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine

if TYPE_CHECKING:
    import pyarrow as pa

Tell = Callable[[str], None]

#: Failed requests in a row after which the API is left alone until the next run.
BREAKER = 5


@dataclass
class Outcome:
    """What a run of scoring did.

    Attributes:
        requests: Requests sent, their retries not counted.
        failed_requests: Those of them that brought nothing.
        refused_together: Those of them with several journeys that the API refused (400).
        scored: Journeys scored in this run.
        cached: Journeys that had been scored before.
        rejected: Journeys that the API refused in this run, alone too.
        failed: Journeys whose answer could not be used at first; scored or rejected afterwards.
        pending: Journeys that are still to be scored.
        stopped: Why it ended before everything was asked for; empty: it did not.
        error: What the user must mend before it can go on, if anything.
    """

    requests: int = 0
    failed_requests: int = 0
    refused_together: int = 0
    scored: int = 0
    cached: int = 0
    rejected: int = 0
    failed: int = 0
    pending: int = 0
    stopped: str = ""
    error: UserError | None = None


def score(
    engine: DuckDBEngine,
    tell: Tell,
    waiting: Collection[date] = (),
    connect: Callable[[Settings], IhcClient] = IhcClient,
) -> Outcome:
    """Have the API score every journey that has no answer yet.

    Args:
        engine: The warehouse.
        tell: Told of progress.
        waiting: Days whose journeys are out of date, to be left alone.
        connect: Makes the client.

    Returns:
        Counts. That the API cannot be used is no exception: figures are made without it.
    """
    outcome = Outcome()
    with one_scorer(engine.settings, tell):
        with engine.hold():
            newest = engine.state().newest
            sessions = ledger.missing(engine, waiting)
        if sessions.num_rows:
            try:
                with closing(connect(engine.settings)) as client:
                    _Scoring(engine, client, tell, outcome).run(sessions)
            except UserError as error:
                outcome.error = error
        counts = ledger.counts(engine)
        if counts["pending"] == 0 and not waiting:
            ledger.record_complete(engine, newest)
    outcome.pending = counts["pending"]
    outcome.cached = counts["scored"] - outcome.scored
    return outcome


#: Journeys on their way, with the reason for which the API refused them in company, if it did.
_Sending = tuple[Batch, str | None]


class _Scoring:
    """One run of scoring; what it does is counted in the outcome."""

    def __init__(
        self, engine: DuckDBEngine, client: IhcClient, tell: Tell, outcome: Outcome
    ) -> None:
        self._engine = engine
        self._client = client
        self._tell = tell
        self._outcome = outcome
        self._failed_in_a_row = 0

    def run(self, sessions: "pa.Table") -> None:
        """Send everything, or until the breaker opens."""
        settings = self._engine.settings
        asked = len(sessions["journey_key"].unique())
        batches = pack(
            ledger.journeys_of(sessions),
            settings.ihc_request_journeys,
            settings.ihc_request_sessions,
        )
        for batch in batches:
            queue: deque[_Sending] = deque([(batch, None)])
            while queue:
                queue.extend(self._send(*queue.popleft()))
                self._tell(
                    f"IHC API: {self._outcome.scored:,} of {asked:,} journeys scored, "
                    f"{self._outcome.rejected:,} rejected, {self._outcome.requests:,} requests"
                )
                if self._failed_in_a_row == BREAKER:
                    return

    def _send(self, batch: Batch, refused: str | None) -> list[_Sending]:
        """Send one request and commit what it brings; what is to be sent because of it."""
        outcome = self._outcome
        alone = refused is not None and len(batch) == 1
        request_id = uuid.uuid4().hex
        ledger.record_sent(self._engine, request_id, batch)
        failpoint("request recorded, not sent")
        outcome.requests += 1
        try:
            answer = self._client.compute(
                request_body(batch, self._engine.settings.ihc_redistribution)
            )
        except RequestTooLargeError as error:
            if len(batch) > 1:
                ledger.record_failure(self._engine, request_id, error.reason)
                return [(half, None) for half in halves(batch)]
            return self._failed(request_id, error, batch)
        except RequestError as error:
            # Where nobody is scored, it is not this journey that is at fault.
            at_fault = batch if error.refused and alone and outcome.scored else ()
            self._failed(request_id, error, at_fault)
            # One journey at fault must not keep its company from a score, and a limit lower than
            # ours is met by less. Where all is at fault, the breaker opens on the way.
            together = error.refused and len(batch) > 1
            outcome.refused_together += together
            smaller = halves(batch) if together else ()
            return [(half, error.reason) for half in smaller]
        except UserError as error:
            ledger.record_failure(self._engine, request_id, error.message)
            outcome.failed_requests += 1
            raise
        failpoint("answered, not recorded")
        judged = judge(batch, answer)
        if len(batch) > 1 and not judged.scored and not answer["partialFailureErrors"]:
            # The service is at fault, not a hundred journeys at once.
            return self._failed(request_id, RequestError("nothing in the answer can be used"), ())
        failed = tuple((journey, self._client.redacted(why)) for journey, why in judged.failed)
        rejected = failed if alone else ()
        ledger.record_answer(self._engine, request_id, judged.scored, rejected)
        failpoint("answers committed")
        self._failed_in_a_row = 0
        outcome.scored += len(judged.scored)
        outcome.rejected += len(rejected)
        if alone:
            return []
        outcome.failed += len(failed)
        return [((journey,), why) for journey, why in failed]

    def _failed(
        self, request_id: str, error: RequestError, rejected: Sequence[Journey]
    ) -> list[_Sending]:
        """Commit that a request brought nothing; the journeys named are not sent again."""
        reasons = [(journey, error.reason) for journey in rejected]
        ledger.record_failure(self._engine, request_id, error.reason, reasons)
        self._outcome.failed_requests += 1
        self._outcome.rejected += len(reasons)
        self._failed_in_a_row += 1
        if self._failed_in_a_row == BREAKER:
            self._outcome.stopped = error.reason
        return []
