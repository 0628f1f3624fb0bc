"""Scoring by the IHC API within the attribution step, and the check for unscored journeys."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from ltv_platform.contracts.operations import IHC_ANSWERS
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.orchestration.announcing import defers_events, materialized
from ltv_platform.orchestration.assets import OWNERS, asset_key, column_schema
from ltv_platform.orchestration.checks import ERROR, HINT
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse import planner
from ltv_platform.warehouse.engine import Engine

if TYPE_CHECKING:
    from ltv_platform.attribution.ihc_api.scoring import Outcome

#: The table that is scored, and the one with the scores.
JOURNEYS, SCORED = "marts.customer_journeys", "marts.ihc_attribution"
_KEY = asset_key(IHC_ANSWERS.full_name)
_CHECK = "journeys_are_scored"
ANSWERS_CHECK = dg.AssetCheckSpec(
    _CHECK, asset=_KEY, description="No journey is pending or rejected."
)


def answers_spec(engine: Engine) -> dg.AssetSpec:
    """The asset of the IHC API's answers; materializing it requests missing ones."""
    return dg.AssetSpec(
        _KEY,
        deps=[asset_key(JOURNEYS)],
        group_name="attribution",
        description=(
            f"{IHC_ANSWERS.description}\n\nMaterializing it sends unanswered journeys, if "
            "`IHC_API_KEY` is set and `LTV_IHC_ENGINE` is not `local`; otherwise it does "
            "nothing. Journeys of stale days are sent after these are rewritten."
        ),
        kinds={engine.settings.engine, "api"},
        owners=OWNERS,
        metadata={"dagster/column_schema": column_schema(IHC_ANSWERS, IHC_ANSWERS.columns)},
        skippable=True,
    )


def ask(
    context: dg.AssetExecutionContext, engine: Engine, graph: Graph
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Request missing answers from the API; does nothing if the API is not used.

    The warehouse is not locked meanwhile: answers may take hours.
    """
    if not engine.settings.uses_ihc_api:
        if not defers_events(context.run):
            yield dg.MaterializeResult(
                asset_key=_KEY, metadata={"engine": "local: the API is not used"}
            )
            yield dg.AssetCheckResult(asset_key=_KEY, check_name=_CHECK, passed=True)
        return
    # The HTTP client is imported only when it is used.
    from ltv_platform.attribution.ihc_api.scoring import score  # noqa: PLC0415

    outcome = score(engine, context.log.info, _stale_days(engine, graph))
    yield from materialized(context, _KEY, _metadata(outcome))
    yield _check(outcome)


def _stale_days(engine: Engine, graph: Graph) -> tuple[date, ...]:
    """Days with outdated journeys: a later run rewrites and then sends them."""
    settings = engine.settings
    stale = planner.plan(graph, engine.state(), read_start(settings), settings.today())
    return stale.days.get(JOURNEYS, ())


def _metadata(outcome: "Outcome") -> dict[str, int]:
    return {
        "journeys_scored": outcome.scored,
        "journeys_cached": outcome.cached,
        "journeys_failed_at_first": outcome.failed,
        "journeys_rejected": outcome.rejected,
        "journeys_pending": outcome.pending,
        "requests_sent": outcome.requests,
        "requests_failed": outcome.failed_requests,
    }


def _check(outcome: "Outcome") -> dg.AssetCheckResult:
    """Warns of unscored journeys; never blocks."""
    error = outcome.error
    metadata = {} if error is None else {ERROR: error.message, HINT: error.hint}
    return dg.AssetCheckResult(
        asset_key=_KEY,
        check_name=_CHECK,
        passed=not _note(outcome) and error is None,
        severity=dg.AssetCheckSeverity.WARN if error is None else dg.AssetCheckSeverity.ERROR,
        description=_note(outcome) or None,
        metadata={**metadata, "pending": outcome.pending, "rejected": outcome.rejected},
    )


def _note(outcome: "Outcome") -> str:
    """What was not scored, and why; empty if everything was."""
    notes = []
    if outcome.stopped:
        notes.append(
            f"The IHC API failed {outcome.failed_requests} requests, the last with: "
            f"{outcome.stopped}. No more were sent."
        )
    elif outcome.failed_requests and outcome.error is None:
        notes.append(
            f"Failed requests to the IHC API: {outcome.failed_requests}, the last with: "
            f"{outcome.last_failure}."
        )
    if outcome.refused_together:
        notes.append(
            f"Requests of several journeys rejected with 400: {outcome.refused_together}. "
            "If they were too large, lower LTV_IHC_REQUEST_SESSIONS or LTV_IHC_REQUEST_JOURNEYS."
        )
    if outcome.rejected:
        notes.append(
            f"Journeys that the IHC API rejected: {outcome.rejected}; "
            "`ltv attribution status` shows why."
        )
    if outcome.pending:
        notes.append(f"Pending journeys: {outcome.pending}; the next `ltv run` sends them.")
    return " ".join(notes)
