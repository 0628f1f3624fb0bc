"""Scoring in Dagster: how it is planned, and what people see."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest

from ltv_platform.attribution.ihc_api.simulator import Limits
from ltv_platform.orchestration.assets import asset_key
from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.checks import CheckMessage, check_messages
from ltv_platform.refresh.stale import what_is_stale
from ltv_platform_tests.attribution.ihc_api.api_homes import SCORES, scripted, simulator
from ltv_platform_tests.attribution.ihc_api.conftest import MakeHome
from ltv_platform_tests.testing.home import Home

ANSWERS = "raw.ihc_answers"


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """One instance without files for all runs."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def materialize(home: Home, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """What the Materialize button of the asset does."""
    job = build_definitions(home.engine, home.graph).resolve_job_def("refresh")
    return job.execute_in_process(instance=instance, asset_selection=[asset_key(ANSWERS)])


def scoring_message(result: dg.ExecuteInProcessResult) -> CheckMessage:
    """What the check of the asset says."""
    return check_messages(result)[ANSWERS, "journeys_are_scored"]


def test_pending_journeys_are_planned(journeys: MakeHome) -> None:
    """Nothing was loaded, yet their days are written again, after the API was asked."""
    with simulator() as api:
        home = journeys(api.url, [1] * 6)
        home.publish()
        stale = what_is_stale(home.engine, home.graph)
        assert {SCORES, "marts.attribution", "marts.channel_reporting"} <= set(stale.assets)
        # Channel figures stand by the day of the session, up to the lookback of 90 days before.
        assert stale.hull == (date(2025, 9, 2), date(2025, 12, 6))


def test_it_scores_what_is_missing(journeys: MakeHome, instance: dg.DagsterInstance) -> None:
    """By itself too, with counts; then nothing is left to plan but the figures."""
    with simulator() as api:
        home = journeys(api.url, [1] * 6)
        result = materialize(home, instance)
        assert result.success
        event = instance.get_latest_materialization_event(asset_key(ANSWERS))
        assert event is not None and event.asset_materialization is not None
        metadata = event.asset_materialization.metadata
        assert metadata["journeys_scored"].value == 6
        assert metadata["journeys_pending"].value == 0
        assert scoring_message(result) == CheckMessage("", None)
        assert materialize(home, instance).success
        assert len(api.ledger.received) == 1


def test_what_it_tells(journeys: MakeHome, instance: dg.DagsterInstance) -> None:
    """A breaker is a note, a wrong key an error; neither fails the run."""
    with scripted(*[404] * 5, 403) as server:
        home = journeys(server.url, [1] * 6, ihc_request_journeys="1")
        result = materialize(home, instance)
        assert result.success
        assert scoring_message(result) == CheckMessage(
            "The IHC API failed 5 requests, the last with: the API answers 404. No more were "
            "sent. Pending journeys: 6; the next `ltv run` sends them.",
            None,
        )
        result = materialize(home, instance)
        assert result.success
        assert str(scoring_message(result).error).startswith("The IHC API rejects the key (403)")
        [check] = result.get_asset_check_evaluations()
        assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)


def test_requests_refused_whole_name_the_limits(
    journeys: MakeHome, instance: dg.DagsterInstance
) -> None:
    """400 to several journeys at once: perhaps the API takes less than we send."""
    with simulator(limits=Limits(sessions=2)) as api:
        home = journeys(api.url, [1] * 4)
        result = materialize(home, instance)
    assert scoring_message(result) == CheckMessage(
        "Failed requests to the IHC API: 1, the last with: the API answers 400: 4 sessions; 2 are "
        "allowed. Requests of several journeys rejected with 400: 1. If they were too "
        "large, lower LTV_IHC_REQUEST_SESSIONS or LTV_IHC_REQUEST_JOURNEYS.",
        None,
    )


def test_the_local_engine_asks_nobody(journeys: MakeHome, instance: dg.DagsterInstance) -> None:
    """With a key and LTV_IHC_ENGINE=local, it does nothing."""
    with simulator() as api:
        home = journeys(api.url, [1] * 6, ihc_engine="local")
        assert materialize(home, instance).success
        assert api.ledger.received == []
