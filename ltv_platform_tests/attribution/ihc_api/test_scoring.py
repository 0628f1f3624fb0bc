"""Scoring by the API: what is sent, kept, sent again and given up, and what the figures show."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.attribution.ihc_api import ledger
from ltv_platform.attribution.ihc_api.answers import SHARES, split_answer
from ltv_platform.attribution.ihc_api.client import IhcClient
from ltv_platform.attribution.ihc_api.packing import Journey, Session
from ltv_platform.attribution.ihc_api.scoring import Outcome, score
from ltv_platform.attribution.ihc_api.simulator import Limits, Simulator
from ltv_platform.errors import UserError
from ltv_platform.locks import one_scorer
from ltv_platform.settings import Settings
from ltv_platform_tests.attribution.ihc_api.api_homes import (
    SCORES,
    api_home,
    build,
    fill,
    scripted,
    simulator,
)
from ltv_platform_tests.attribution.ihc_api.conftest import MakeHome
from ltv_platform_tests.testing.home import Home

LENGTHS = (1, 3, 2, 5, 1, 2, 4)
PHASES = {"initializer": 0.25, "holder": 0, "closer": 0.125}


@pytest.fixture
def api() -> Iterator[Simulator]:
    """The simulated API with limits unknown to the home."""
    with simulator() as server:
        yield server


def scored(home: Home) -> Outcome:
    """Score what is missing, without waits."""
    return score(home.engine, lambda _: None, connect=_hasty)


def _hasty(settings: Settings) -> IhcClient:
    return IhcClient(settings, sleep=lambda _: None)


def requests(home: Home) -> list[tuple[Any, ...]]:
    """The ledger's record of the requests."""
    return home.engine.rows(
        "SELECT journeys, sessions, status, reason FROM raw.ihc_requests ORDER BY ALL"
    )


def _conversions(body: Mapping[str, Any]) -> int:
    return sum(session["conversion"] for session in body["customer_journeys"])


def scores(home: Home) -> dict[str, tuple[Any, ...]]:
    """Engine, preset and sum of ihc by conversion."""
    build(home, SCORES)
    rows = home.engine.rows(
        f"SELECT conv_id, engine, preset, SUM(ihc) FROM {SCORES} GROUP BY ALL ORDER BY ALL"
    )
    return {name: tuple(rest) for name, *rest in rows}


def test_every_journey_once(journeys: MakeHome, api: Simulator) -> None:
    """All are scored in as many requests as they fill; the next time nothing is sent."""
    home = journeys(api.url, LENGTHS, ihc_request_sessions="6")
    outcome = scored(home)
    assert (outcome.requests, outcome.scored, outcome.cached, outcome.pending) == (3, 7, 0, 0)
    # Journeys by (conversion, conv_id), next-fit into 6 sessions.
    sent = [("v1", "v2", "v3"), ("v4", "v5"), ("v6", "v7")]
    assert [tuple(sorted(batch)) for batch in api.ledger.received] == sent
    assert requests(home)[0] == (2, 6, "answered", None)
    again = scored(home)
    assert (again.requests, again.scored, again.cached, again.pending) == (0, 0, 7, 0)
    assert api.ledger.counts()["journeys_sent_again_after_their_answer"] == 0
    assert set(scores(home).values()) == {("api", None, Decimal(1))}


def test_a_late_session_sends_its_journey_alone(journeys: MakeHome, api: Simulator) -> None:
    """The journey is another one then; the others are not sent, and the days are stale."""
    home = journeys(api.url, LENGTHS)
    scored(home)
    scores(home)
    home.load("session_sources", "late,u2,Mail,2025-12-02,07:00:00,0,0")
    build(home)
    assert [day.isoformat() for day in ledger.pending_days(home.engine)] == ["2025-12-02"]
    outcome = scored(home)
    assert (outcome.scored, outcome.cached) == (1, 6)
    assert api.ledger.received[1:] == [("v2",)]
    assert home.engine.rows("SELECT COUNT(*) FROM raw.ihc_answers") == [(18 + 4,)]
    assert home.plan().days[SCORES][0].isoformat() == "2025-12-02"
    assert scores(home)["v2"] == ("api", None, Decimal(1))


def test_journeys_are_looked_at_when_they_were_written(
    journeys: MakeHome, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing all journeys takes seconds; `ltv run` with nothing to do has no use for it."""
    home = journeys(api.url, LENGTHS)
    scored(home)
    looks = []
    rows = home.engine.rows
    monkeypatch.setattr(home.engine, "rows", lambda *asked: looks.append(asked) or rows(*asked))
    assert ledger.pending_days(home.engine) == ()
    assert looks == []
    home.load("session_sources", "late,u2,Mail,2025-12-02,07:00:00,0,0")
    build(home)
    assert len(ledger.pending_days(home.engine)) == 1
    assert len(ledger.pending_days(home.under(ihc_conversion_type="lead").engine)) == len(LENGTHS)


def test_what_is_asked_makes_the_key(journeys: MakeHome, api: Simulator) -> None:
    """Another conversion type or redistribution asks again; going back finds the old answers."""
    home = journeys(api.url, LENGTHS)
    scored(home)
    moved = home.under(
        ihc_redistribution={
            "holder": {"direction": "any_session", "redistribution_channel_labels": ["Mail"]}
        }
    )
    for other in (home.under(ihc_conversion_type="lead"), moved):
        outcome = scored(other)
        assert (outcome.scored, outcome.cached, outcome.pending) == (7, 0, 0)
    outcome = scored(home)
    assert (outcome.requests, outcome.cached) == (0, 7)
    assert len(api.ledger.received) == 3


def test_journeys_over_the_cap_are_scored_locally(journeys: MakeHome, api: Simulator) -> None:
    """They are never sent, and their rows say who scored them."""
    home = journeys(api.url, LENGTHS, ihc_request_sessions="3")
    assert scored(home).scored == 5
    assert {name for batch in api.ledger.received for name in batch} == {
        "v1",
        "v2",
        "v3",
        "v5",
        "v6",
    }
    by_engine = Counter(engine for engine, *_ in scores(home).values())
    assert by_engine == {"api": 5, "local": 2}
    assert scores(home)["v4"] == ("local", "published", Decimal(1))
    # An answer that was paid for is used, however low the cap is set later.
    assert scores(home.under(ihc_request_sessions=1))["v2"] == ("api", None, Decimal(1))


def test_a_journey_that_fails_is_sent_once_alone(journeys: MakeHome) -> None:
    """206: the good ones are kept; the bad one is rejected with its reason and not sent again."""
    with simulator(refuses=["v3", "v6"]) as api:
        home = journeys(api.url, LENGTHS)
        outcome = scored(home)
        assert (outcome.scored, outcome.failed, outcome.rejected) == (5, 2, 2)
        assert outcome.pending == 0
        assert api.ledger.received[1:] == [("v3",), ("v6",)]
        assert home.engine.rows("SELECT conv_id, reason FROM raw.ihc_rejections ORDER BY ALL") == [
            ("v3", "not to be scored"),
            ("v6", "not to be scored"),
        ]
        assert scored(home).requests == 0
    assert "v3" not in scores(home)
    mixed = scores(home.under(ihc_mixed_engines=True))
    assert mixed["v3"] == ("local", "published", Decimal(1))
    assert Counter(engine for engine, *_ in mixed.values()) == {"api": 5, "local": 2}


def test_a_journey_that_passes_alone_is_kept(journeys: MakeHome) -> None:
    """Failed in company, scored alone: no rejection."""
    company = {"statusCode": 206, "value": [], "partialFailureErrors": [{"conversion_id": "v1"}]}
    row = {"initializer": 1, "holder": 0, "closer": 1, "ihc": 1.0}
    good = {"statusCode": 200, "value": [{"conversion_id": "v1", "session_id": "s1_1", **row}]}
    with scripted(company, good) as server:
        home = journeys(server.url, [1])
        outcome = scored(home)
    assert (outcome.scored, outcome.failed, outcome.rejected) == (1, 1, 0)
    assert len(server.received) == 2


def test_too_large_is_halved(journeys: MakeHome) -> None:
    """413: halves until it fits; a journey that does not fit alone is rejected."""
    with simulator(limits=Limits(bytes=1200)) as api:
        home = journeys(api.url, (1, 1, 2, 1, 9, 1))
        outcome = scored(home)
    assert (outcome.scored, outcome.rejected, outcome.pending) == (5, 1, 0)
    assert scored(home).requests == 0
    [(conversion, reason)] = home.engine.rows("SELECT conv_id, reason FROM raw.ihc_rejections")
    assert conversion == "v5"
    assert "413" in reason


def test_the_breaker_opens(journeys: MakeHome) -> None:
    """Five failed requests in a row: the rest stays pending, and the next run sends all of it."""
    with scripted(404) as server:
        home = journeys(server.url, [1] * 7, ihc_request_journeys="1")
        outcome = scored(home)
        assert len(server.received) == 5
    assert (outcome.requests, outcome.failed_requests, outcome.pending) == (5, 5, 7)
    assert outcome.stopped == "the API answers 404"
    assert requests(home) == [(1, 1, "failed", "the API answers 404")] * 5
    assert scores(home) == {}
    with simulator() as api:
        outcome = scored(home.under(ihc_url=api.url))
    assert (outcome.scored, outcome.pending, outcome.stopped) == (7, 0, "")


def test_a_journey_at_fault_is_found_among_others(journeys: MakeHome) -> None:
    """400 does not say for which journey: halving finds it, and the others are scored."""
    with simulator(limits=Limits(sessions=4)) as api:
        home = journeys(api.url, (1, 2, 1, 5, 1, 2, 1, 1))
        outcome = scored(home)
        assert (outcome.scored, outcome.rejected, outcome.pending) == (7, 1, 0)
        assert 0 < outcome.refused_together < outcome.failed_requests
        assert api.ledger.counts()["journeys_sent_again_after_their_answer"] == 0
        [(conversion, reason)] = home.engine.rows("SELECT conv_id, reason FROM raw.ihc_rejections")
        assert conversion == "v4"
        assert "400" in reason
        assert scored(home).requests == 0
        assert ledger.forget_rejections(home.engine) == 1
        assert [day.day for day in ledger.pending_days(home.engine)] == [4]
    with simulator() as api:
        assert scored(home.under(ihc_url=api.url)).scored == 1


@pytest.mark.parametrize(
    ("lengths", "at_fault"),
    [((5, 1, 5, 1, 5, 1, 5, 1), 4), ((1, 5), 1), ((5, 1), 1), ((2,) * 24, 0)],
    ids=["several", "last", "first", "a lower limit"],
)
def test_journeys_at_fault_do_not_open_the_breaker(
    journeys: MakeHome, lengths: tuple[int, ...], at_fault: int
) -> None:
    """Requests refused as a whole are not consecutive failures; one bad journey is rejected.

    Guards against a run that stopped after five halves, and every later run at the same place.
    """
    with simulator(limits=Limits(sessions=4)) as api:
        home = journeys(api.url, lengths)
        outcome = scored(home)
        assert (outcome.scored, outcome.rejected) == (len(lengths) - at_fault, at_fault)
        assert (outcome.pending, outcome.stopped) == (0, "")
        assert scored(home).requests == 0
    # Each names the request that it was refused in, not the one that settled it.
    assert home.engine.rows(
        "SELECT requests.status, requests.journeys, COUNT(*) FROM raw.ihc_rejections "
        "JOIN raw.ihc_requests AS requests USING (request_id) GROUP BY ALL"
    ) == ([("failed", 1, at_fault)] if at_fault else [])


def test_where_all_is_at_fault_nobody_is_rejected(journeys: MakeHome) -> None:
    """400 to everything: five single journeys open the breaker, all stay pending."""
    with scripted(400) as server:
        home = journeys(server.url, LENGTHS)
        outcome = scored(home)
    alone = [body for body in server.received if _conversions(body) == 1]
    assert (len(alone), len(server.received)) == (5, 10)
    assert (outcome.scored, outcome.rejected, outcome.pending) == (0, 0, 7)
    assert outcome.stopped == "the API answers 400"


def test_failures_between_answers_do_not_open_it(journeys: MakeHome) -> None:
    """Only in a row; what failed stays pending."""
    row = {"initializer": 1, "holder": 0, "closer": 1, "ihc": 1.0}
    answers: list[Any] = [404] * 4
    answers += [{"value": [{"conversion_id": "v5", "session_id": "s5_1", **row}]}]
    answers += [404]
    with scripted(*answers) as server:
        home = journeys(server.url, [1] * 9, ihc_request_journeys="1")
        outcome = scored(home)
    assert (outcome.scored, outcome.pending, outcome.stopped) == (1, 8, "")
    assert len(server.received) == 9


def test_a_wrong_key_is_asked_once(journeys: MakeHome, api: Simulator) -> None:
    """One error that says what to do; nothing retried, everything pending."""
    home = journeys(api.url, LENGTHS, ihc_api_key="other")
    outcome = scored(home)
    assert outcome.error is not None
    assert "rejects the key" in str(outcome.error)
    assert (outcome.requests, outcome.pending) == (1, 7)
    assert [status for *_, status, _ in requests(home)] == ["failed"]
    assert scores(home) == {}


def test_an_empty_answer_rejects_nobody(journeys: MakeHome) -> None:
    """A service that answers nothing at all is at fault itself, not every journey."""
    with scripted({"statusCode": 200, "value": [], "partialFailureErrors": []}) as server:
        home = journeys(server.url, LENGTHS)
        outcome = scored(home)
    assert (outcome.requests, outcome.rejected, outcome.pending) == (1, 0, 7)
    assert [reason for *_, reason in requests(home)] == ["nothing in the answer can be used"]


def test_shares_add_up_to_one(journeys: MakeHome) -> None:
    """Four decimals that miss 1: rounded down, the remainder on the last session with credit."""
    ihc = (0.3333, 0.3333, 0.3333, 0)
    value = [
        {"conversion_id": "v1", "session_id": f"s1_{place}", **PHASES, "ihc": share}
        for place, share in enumerate(ihc, start=1)
    ]
    with scripted({"value": value}) as server:
        home = journeys(server.url, [4])
        assert scored(home).scored == 1
    build(home, SCORES)
    third = Decimal("0.333333333333")
    assert home.engine.rows(
        f"SELECT initializer, closer, ihc FROM {SCORES} ORDER BY session_id"
    ) == [
        (Decimal("0.25"), Decimal("0.125"), share)
        for share in (third, third, third + Decimal("1E-12"), Decimal(0))
    ]


@pytest.mark.parametrize(("units", "is_sound"), [(14, True), (13, False)])
def test_a_long_journey_may_miss_one_by_more(units: int, is_sound: bool) -> None:
    """Four decimals of 700 equal shares, .0014, add up to .98; .0013 is not a rounding of 1/700.

    Guards against a fixed bound, under which a long journey was paid for twice and rejected.
    """
    sessions = tuple(
        Session(f"s{n}", "2025-12-01 10:00:00", "Mail", True, True, False) for n in range(700)
    )
    journey = Journey("key", "v", date(2025, 12, 1), sessions)
    shares = dict.fromkeys(SHARES, units / 10_000)
    value = [{"conversion_id": "v", "session_id": s.session_id, **shares} for s in sessions]
    split = split_answer((journey,), {"value": value, "partialFailureErrors": []})
    assert bool(split.scored) is is_sound


def test_shares_are_kept_as_answered(journeys: MakeHome) -> None:
    """Where they add up to 1, four decimals stay four decimals: .0021 has no exact double."""
    value = [
        {"conversion_id": "v1", "session_id": f"s1_{place}", **PHASES, "ihc": share}
        for place, share in enumerate((0.0021, 0.0042, 0.9937), start=1)
    ]
    with scripted({"value": value}) as server:
        home = journeys(server.url, [3])
        scored(home)
    build(home, SCORES)
    found = home.engine.rows(f"SELECT ihc FROM {SCORES} ORDER BY session_id")
    assert found == [(Decimal(text),) for text in ("0.0021", "0.0042", "0.9937")]


def test_days_that_are_stale_wait(journeys: MakeHome, api: Simulator) -> None:
    """Outdated journeys are not paid for."""
    home = journeys(api.url, LENGTHS)
    [day, *_] = ledger.pending_days(home.engine)
    outcome = score(home.engine, lambda _: None, waiting=[day], connect=_hasty)
    assert (outcome.scored, outcome.pending) == (6, 1)
    assert "v1" not in {name for batch in api.ledger.received for name in batch}


def test_without_a_key_nothing_is_asked(tmp_path: Path, api: Simulator) -> None:
    """The local engine scores, and the tables of the API are not read."""
    home = fill(Home(tmp_path, ihc_url=api.url), LENGTHS)
    assert ledger.pending_days(build(home).engine) == ()
    assert not any(table.startswith("raw.") for table in home.graph[SCORES].inputs)
    assert {row[:2] for row in scores(home).values()} == {("local", "published")}
    assert api.ledger.received == []


def test_odd_names_keep_journeys_apart(tmp_path: Path, api: Simulator) -> None:
    """Quotes, line breaks, emoji, digits and colons: different texts have different keys."""
    home = api_home(tmp_path, api.url)
    names = ('a"b', "1:a", "11:", "😀 'x'", "käse", "a\tb", "\u2028")
    rows = [
        f's{number},u{number},"{name.replace(chr(34), chr(34) * 2)}",2025-12-01,10:00:00,0,1'
        for number, name in enumerate(names)
    ]
    home.load("session_sources", *rows)
    home.load("conversions", *(f"v{n},u{n},2025-12-01,11:00:00,1" for n in range(len(names))))
    build(home)
    assert scored(home).scored == len(names)
    assert set(scores(home).values()) == {("api", None, Decimal(1))}


def test_two_processes_do_not_ask_at_the_same_time(journeys: MakeHome, api: Simulator) -> None:
    """Both would pay for the same journeys."""
    home = journeys(api.url, LENGTHS, lock_timeout="0")
    with (
        one_scorer(home.settings, lambda _: None),
        pytest.raises(UserError, match="is scoring the journeys"),
    ):
        scored(home)
    assert api.ledger.received == []
