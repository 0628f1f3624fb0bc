"""``ltv run`` killed between any two commits of scoring, and what is sent to the API afterwards.

Shared by the test, which has few journeys, and by ``python -m
ltv_platform_tests.attribution.ihc_api.killed``, which has the 1,946 of the public challenge.
"""

import gzip
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ltv_platform.attribution.ihc_api import ledger
from ltv_platform.attribution.ihc_api.scoring import score
from ltv_platform.attribution.ihc_api.simulator import Faults, Limits, Simulator
from ltv_platform.workspace import Workspace
from ltv_platform_tests.attribution.ihc_api.api_homes import (
    IMPATIENT,
    api_home,
    api_settings,
    simulator,
)
from ltv_platform_tests.testing.forked import ForkedLtv
from ltv_platform_tests.testing.home import Home

POINTS = (
    "request recorded, not sent",
    "answered, not recorded",
    "answers appended, not committed",
    "answers committed",
)
#: Runs after the kills within which even a bad API has scored everything.
_RUNS = 6


@dataclass
class Seen:
    """What the kills and the last runs have shown.

    Attributes:
        kills: Runs that were killed.
        runs: Undisturbed runs until nothing was pending.
        journeys: Journeys that there are.
        answered: Those that have an answer.
        sent_again: Journeys that the API was sent after their answer was committed.
        faults: Faults of the API.
        requests: Requests that the API saw, retries counted.
    """

    kills: int = 0
    runs: int = 0
    journeys: int = 0
    answered: int = 0
    sent_again: int = 0
    faults: int = 0
    requests: int = 0


def score_only() -> None:
    """What ``ltv run`` does of scoring, without Dagster, which takes most of its time."""
    score(Workspace.open().engine, lambda _: None)


def kill_while_scoring(
    home: Path,
    api: Simulator,
    points: Sequence[str],
    act: Callable[[], None] | None = None,
    **settings: str,
) -> Seen:
    """Kill ``ltv run`` at each of the failpoints, then let it run until nothing is pending.

    Args:
        home: An LTV_HOME with everything loaded.
        api: Scores it.
        points: Failpoints, one for each run that is killed.
        act: What is killed and run in its stead.
        settings: Further settings.
    """
    ltv = ForkedLtv(home, api_settings(api.url, **settings))
    ltv = replace(ltv, act=act) if act is not None else ltv
    engine = api_home(home, api.url, **settings).engine
    seen = Seen()
    for point in points:
        committed, sent = _answered(home), len(api.ledger.received)
        answer = ltv("run", failpoint=point)
        assert answer.code == -signal.SIGKILL, (point, answer)
        seen.kills += 1
        seen.sent_again += _sent(api, sent, committed)
    while seen.runs < _RUNS:
        committed, sent = _answered(home), len(api.ledger.received)
        answer = ltv("run")
        assert answer.code == 0, answer
        seen.runs += 1
        seen.sent_again += _sent(api, sent, committed)
        if ledger.counts(engine)["pending"] == 0:
            break
    seen.answered = len(_answered(home))
    [(seen.journeys,)] = engine.rows("SELECT COUNT(DISTINCT conv_id) FROM marts.customer_journeys")
    counts = api.ledger.counts()
    seen.requests, seen.faults = counts["requests"], sum(counts["faults"].values())
    return seen


def _answered(home: Path) -> set[str]:
    """Conversions whose answer is committed."""
    rows = Home(home).engine.rows("SELECT DISTINCT conv_id FROM raw.ihc_answers")
    return {conv_id for (conv_id,) in rows}


def _sent(api: Simulator, since: int, committed: set[str]) -> int:
    """The number of journeys sent again although their answer had been committed."""
    return sum(len(committed.intersection(batch)) for batch in api.ledger.received[since:])


def main() -> None:
    """The proof on the public challenge data; prints what was seen."""
    folder = Path(tempfile.mkdtemp(prefix="ltv_killed_"))
    try:
        database = folder / "challenge.db"
        packed = Path(os.environ["LTV_REFERENCE_DATA"]) / "ihc" / "challenge.db.gz"
        database.write_bytes(gzip.decompress(packed.read_bytes()))
        assert ForkedLtv(folder / "home")("ingest", "--sqlite", database).code == 0
        limits = Limits(sessions=200)
        with simulator(limits=limits, faults=Faults(0.4, seed=7)) as api:
            points = [f"{POINTS[turn % 4]} #{2 + turn // 4}" for turn in range(10)]
            settings = {"ihc_request_sessions": "200", **IMPATIENT}
            seen = kill_while_scoring(folder / "home", api, points, None, **settings)
        print(json.dumps(asdict(seen), indent=1))  # noqa: T201 - its answer
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
