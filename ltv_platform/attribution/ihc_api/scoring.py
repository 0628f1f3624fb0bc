"""Scoring by the IHC API: sends the journeys without an answer, and commits after every request.

The warehouse is only open between requests, never during one.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ltv_platform.attribution.ihc_api import ledger
from ltv_platform.attribution.ihc_api.answers import split_answer
from ltv_platform.attribution.ihc_api.client import IhcClient, RequestError, RequestTooLargeError
from ltv_platform.attribution.ihc_api.packing import Batch, Journey, halves, pack, request_body
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import one_scorer
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Engine

if TYPE_CHECKING:
    import pyarrow as pa

Tell = Callable[[str], None]

#: Consecutive failed requests after which the API is not used until the next run.
BREAKER = 5


@dataclass
class Outcome:
    """The result of a scoring run.

    Attributes:
        requests: Requests sent, without retries.
        failed_requests: Requests without a usable answer.
        last_failure: The reason of the last of these.
        refused_together: Rejected requests (400) with several journeys.
        scored: Journeys scored in this run.
        cached: Journeys scored before.
        rejected: Journeys that the API rejected in this run, even when sent alone.
        failed: Journeys with an unusable first answer; they were scored or rejected later.
        pending: Journeys still to be scored.
        stopped: Why it ended before everything was sent; empty: everything was.
        error: What the user must fix before scoring can continue, if anything.
    """

    requests: int = 0
    failed_requests: int = 0
    last_failure: str = ""
    refused_together: int = 0
    scored: int = 0
    cached: int = 0
    rejected: int = 0
    failed: int = 0
    pending: int = 0
    stopped: str = ""
    error: UserError | None = None


def score(
    engine: Engine,
    tell: Tell,
    waiting: Collection[date] = (),
    connect: Callable[[Settings], IhcClient] = IhcClient,
) -> Outcome:
    """Score all journeys without an answer by the API.

    Args:
        engine: The warehouse.
        tell: Called with progress messages.
        waiting: Days with outdated journeys, which are left out.
        connect: Creates the client.

    Returns:
        Counts. An unavailable API is not an exception: figures are computed without it.
    """
    outcome = Outcome()
    with one_scorer(engine.settings, tell):
        with engine.hold():
            newest = engine.state().newest
            sessions = ledger.missing(engine, waiting)
            before = ledger.counts(engine)
        outcome.cached = before["scored"]
        if sessions.num_rows:
            try:
                with closing(connect(engine.settings)) as client:
                    _Scoring(engine, client, tell, outcome).run(sessions)
            except UserError as error:
                outcome.error = error
        outcome.pending = before["pending"] - outcome.scored - outcome.rejected
        if outcome.pending == 0 and not waiting:
            ledger.record_complete(engine, newest)
    return outcome


#: A batch to send, with the reason for which it was rejected as part of a larger one, if it was.
_Sending = tuple[Batch, str | None]


class _Scoring:
    """One scoring run, counted in its outcome."""

    def __init__(self, engine: Engine, client: IhcClient, tell: Tell, outcome: Outcome) -> None:
        self._engine = engine
        self._client = client
        self._tell = tell
        self._outcome = outcome
        self._failed_in_a_row = 0
        self._refused_alone: list[ledger.Rejected] = []

    def run(self, sessions: "pa.Table") -> None:
        """Send everything, unless the circuit breaker opens."""
        settings = self._engine.settings
        asked = len(sessions["journey_key"].unique())
        batches = pack(
            ledger.journeys_of(sessions),
            settings.ihc_request_journeys,
            settings.ihc_request_sessions,
        )
        for batch in batches:
            # A stack: halving a batch first isolates a bad journey in the fewest requests.
            stack: list[_Sending] = [(batch, None)]
            while stack:
                stack += reversed(self._send(*stack.pop()))
                done = self._outcome
                self._tell(
                    f"IHC API: {done.scored:,} of {asked:,} journeys scored, "
                    f"{done.cached:,} cached, {done.rejected:,} rejected; requests: "
                    f"{done.requests:,}, {done.failed_requests:,} of them failed"
                )
                if self._failed_in_a_row == BREAKER:
                    return

    def _send(self, batch: Batch, refused: str | None) -> list[_Sending]:
        """Send one request and commit its result; returns batches to send again."""
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
            return self._failed(request_id, error, rejects=batch)
        except RequestError as error:
            if error.refused:
                return self._refused(request_id, error, batch)
            return self._failed(request_id, error)
        except UserError as error:
            ledger.record_failure(self._engine, request_id, error.message)
            outcome.failed_requests += 1
            raise
        failpoint("answered, not recorded")
        split = split_answer(batch, answer)
        if len(batch) > 1 and not split.scored and not answer["partialFailureErrors"]:
            # The service is at fault, not all journeys of the request.
            return self._failed(request_id, RequestError("nothing in the answer can be used"))
        failed = tuple((journey, self._client.redacted(why)) for journey, why in split.failed)
        rejected = [ledger.Rejected(*why, request_id) for why in failed] if alone else []
        if split.scored:
            rejected += self._refused_alone
            self._refused_alone = []
        ledger.record_answer(self._engine, request_id, split.scored, rejected)
        failpoint("answers committed")
        self._failed_in_a_row = 0
        outcome.scored += len(split.scored)
        outcome.rejected += len(rejected)
        if alone:
            return []
        outcome.failed += len(failed)
        return [((journey,), why) for journey, why in failed]

    def _refused(self, request_id: str, error: RequestError, batch: Batch) -> list[_Sending]:
        """Commit a rejected request (400): the API does not say which journey is at fault.

        One bad journey must not keep the others from a score, and the API's limit may be lower than
        ours: several journeys are sent again in halves. That does not open the breaker, because a
        single bad journey causes many rejections. A single journey is rejected once another one was
        scored: until then the cause may be anything, and if all fail the breaker opens.
        """
        if len(batch) > 1:
            ledger.record_failure(self._engine, request_id, error.reason)
            self._outcome.failed_requests += 1
            self._outcome.last_failure = error.reason
            self._outcome.refused_together += 1
            return [(half, error.reason) for half in halves(batch)]
        if self._outcome.scored:
            return self._failed(request_id, error, rejects=batch)
        self._refused_alone.append(ledger.Rejected(batch[0], error.reason, request_id))
        return self._failed(request_id, error)

    def _failed(
        self, request_id: str, error: RequestError, rejects: Sequence[Journey] = ()
    ) -> list[_Sending]:
        """Commit a failed request; the given journeys are not sent again."""
        rejected = [ledger.Rejected(journey, error.reason, request_id) for journey in rejects]
        ledger.record_failure(self._engine, request_id, error.reason, rejected)
        self._outcome.failed_requests += 1
        self._outcome.last_failure = error.reason
        self._outcome.rejected += len(rejected)
        self._failed_in_a_row += 1
        if self._failed_in_a_row == BREAKER:
            self._outcome.stopped = error.reason
        return []
