"""Scoring by the IHC API: the journeys without an answer, request by request, committed one by one.

The warehouse is open only between requests, never while one is under way.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ltv_platform.attribution.ihc_api import ledger
from ltv_platform.attribution.ihc_api.answers import judge
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

#: Failed requests in a row after which the API is left alone until the next run.
BREAKER = 5


@dataclass
class Outcome:
    """What a run of scoring did.

    Attributes:
        requests: Requests sent, their retries not counted.
        failed_requests: Those of them that brought nothing.
        last_failure: Why the last of these brought nothing.
        refused_together: Those of them with several journeys that the API refused (400).
        scored: Journeys scored in this run.
        cached: Journeys that had been scored before.
        rejected: Journeys that the API refused in this run, alone too.
        failed: Journeys whose answer could not be used at first; scored or rejected afterwards.
        pending: Journeys that are still to be scored.
        stopped: Why it ended before everything was asked for; empty: it did not.
        error: What the user must fix before it can go on, if anything.
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


#: Journeys on their way, with the reason for which the API refused them in company, if it did.
_Sending = tuple[Batch, str | None]


class _Scoring:
    """One run of scoring; what it does is counted in the outcome."""

    def __init__(self, engine: Engine, client: IhcClient, tell: Tell, outcome: Outcome) -> None:
        self._engine = engine
        self._client = client
        self._tell = tell
        self._outcome = outcome
        self._failed_in_a_row = 0
        self._refused_alone: list[ledger.Rejected] = []

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
            # The last is sent next: halves lead to a journey alone in as few requests as can be.
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
        judged = judge(batch, answer)
        if len(batch) > 1 and not judged.scored and not answer["partialFailureErrors"]:
            # The service is at fault, not a hundred journeys at once.
            return self._failed(request_id, RequestError("nothing in the answer can be used"))
        failed = tuple((journey, self._client.redacted(why)) for journey, why in judged.failed)
        rejected = [ledger.Rejected(*why, request_id) for why in failed] if alone else []
        if judged.scored:
            rejected += self._refused_alone
            self._refused_alone = []
        ledger.record_answer(self._engine, request_id, judged.scored, rejected)
        failpoint("answers committed")
        self._failed_in_a_row = 0
        outcome.scored += len(judged.scored)
        outcome.rejected += len(rejected)
        if alone:
            return []
        outcome.failed += len(failed)
        return [((journey,), why) for journey, why in failed]

    def _refused(self, request_id: str, error: RequestError, batch: Batch) -> list[_Sending]:
        """Commit that the API found a request at fault (400), which it does not say by journey.

        One journey at fault must not keep its company from a score, and a limit lower than ours
        is met by less: several are sent again in halves. That opens no breaker: many are refused
        with a single one at fault. A journey alone is rejected once another is scored: where
        none is, it may be anything, and where all are at fault the breaker opens.
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
        """Commit that a request brought nothing; the journeys named are not sent again."""
        rejected = [ledger.Rejected(journey, error.reason, request_id) for journey in rejects]
        ledger.record_failure(self._engine, request_id, error.reason, rejected)
        self._outcome.failed_requests += 1
        self._outcome.last_failure = error.reason
        self._outcome.rejected += len(rejected)
        self._failed_in_a_row += 1
        if self._failed_in_a_row == BREAKER:
            self._outcome.stopped = error.reason
        return []
