"""Whatever is killed, no journey is sent again after its answer was committed."""

import gzip
from pathlib import Path

from ltv_platform.attribution.ihc_api.scoring import score
from ltv_platform.attribution.ihc_api.simulator import Faults, Limits
from ltv_platform.ingestion.load import ingest, sqlite_requests
from ltv_platform_tests.attribution.ihc_api.api_homes import IMPATIENT, api_home, build, simulator
from ltv_platform_tests.attribution.ihc_api.conftest import MakeHome
from ltv_platform_tests.attribution.ihc_api.killed import POINTS, kill_while_scoring, score_only


def test_no_kill_loses_or_repeats_a_paid_journey(journeys: MakeHome) -> None:
    """Twelve journeys, two a request, two fifths of the requests at fault, four kills."""
    with simulator(faults=Faults(0.4, seed=3)) as api:
        home = journeys(api.url, [2] * 12).settings.home
        points = [f"{point} #2" for point in POINTS]
        seen = kill_while_scoring(
            home, api, points, score_only, ihc_request_journeys="2", **IMPATIENT
        )
    assert (seen.kills, seen.journeys, seen.answered, seen.sent_again) == (4, 12, 12, 0)
    assert seen.faults > 0


def test_journeys_fill_at_most_22_requests(tmp_path: Path, reference_data: Path) -> None:
    """The 1,946 journeys of the public data in requests of 200 sessions: at most 22."""
    database = tmp_path / "challenge.db"
    packed = reference_data / "ihc" / "challenge.db.gz"
    database.write_bytes(gzip.decompress(packed.read_bytes()))
    with simulator(limits=Limits(sessions=200)) as api:
        home = api_home(tmp_path / "home", api.url, ihc_request_sessions="200")
        ingest(home.engine, sqlite_requests(home.engine, database), lambda _: None)
        outcome = score(build(home).engine, lambda _: None)
        assert (outcome.scored, outcome.pending, outcome.rejected) == (1946, 0, 0)
        assert outcome.requests == len(api.ledger.received) <= 22
