"""The local IHC engine: by hand, and against a plain version of its steps for any journey."""

from decimal import Decimal
from itertools import accumulate, product
from math import exp
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ltv_platform.parameters.ihc import PRESETS, IhcParameters, write_fit
from ltv_platform.parameters.redistribution import PhaseRedistribution, Redistribution
from ltv_platform.settings import load_settings
from ltv_platform_tests.attribution.ihc_local.local_engine import scored
from ltv_platform_tests.attribution.ihc_local.naive_ihc import Touch, naive_scores

HOUR = 3600
ONE = Decimal("1.000000000000")
NONE = Decimal("0.000000000000")

few = examples(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def ihc(journey: list[Touch], **settings: object) -> list[float]:
    """What the sessions of one journey earn."""
    [rows] = scored([journey], load_settings(**settings))
    return [float(row[3]) for row in rows]


def test_single_session_has_all() -> None:
    """One session has ihc 1 with any flags: empty phases have no weight."""
    journeys = [
        [Touch(0, holder=holder, closer=closer, impression=impression)]
        for holder in (True, False)
        for closer in (True, False)
        for impression in (True, False)
    ]
    for [row], [touch] in zip(scored(journeys, load_settings()), journeys, strict=True):
        assert row == (ONE, NONE, NONE if touch.impression else ONE, ONE)


def test_two_sessions_by_hand() -> None:
    """Ten hours apart: the first initiates and holds, the second closes most."""
    journey = [Touch(0), Touch(10 * HOUR)]
    [[first, second]] = scored([journey], load_settings(ihc_preset="long"))
    # Ten hours start no new initiation: d is 48 h.
    assert (first[0], second[0]) == (ONE, NONE)
    closing = (0.47 * exp(-10) + 0.53 * exp(-10 / 150)) * (1 - 10 / 312)
    assert float(first[2]) == pytest.approx(closing / (1 + closing), abs=1e-12)
    sums = 1 + closing / (1 + closing), 1 / (1 + closing)
    holding = 0.25 * (2 - sums[0]), 1.15 - 0.9 * sums[1]
    held = holding[0] / sum(holding)
    assert float(first[1]) == pytest.approx(held, abs=1e-12)
    expected = 0.345 + 0.38 * held + 0.275 * closing / (1 + closing)
    assert float(first[3]) == pytest.approx(expected, abs=1e-12)
    assert first[3] + second[3] == 1


def test_pause_initiates_anew() -> None:
    """Half way between d and T a pause initiates .5^1.4; without flags the middle is empty."""
    journey = [
        Touch(0, holder=False, closer=False),
        Touch(180 * HOUR, holder=False, closer=False),
    ]
    again = 0.5**1.4
    [[first, second]] = scored([journey], load_settings(ihc_preset="long"))
    assert float(second[0]) == pytest.approx(again / (1 + again), abs=1e-12)
    assert (first[1], second[1]) == (NONE, NONE)
    weights = 0.345 + 0.275
    assert float(first[3]) == pytest.approx(0.345 / (1 + again) / weights, abs=1e-12)


def test_a_session_is_dead_after_a_longer_pause() -> None:
    """A pause of exactly T is survived; one second more, and what was before earns nothing."""
    alive = ihc([Touch(0), Touch(HOUR), Touch(313 * HOUR)])
    assert alive[0] > 0
    [rows] = scored([[Touch(0), Touch(HOUR), Touch(313 * HOUR + 1)]], load_settings())
    assert rows == [(NONE,) * 4, (NONE,) * 4, (ONE, NONE, ONE, ONE)]


def test_impression_neither_closes_nor_holds() -> None:
    """A last impression leaves the close to those before it; among impressions nobody closes."""
    journeys = [
        [Touch(0), Touch(HOUR, impression=True)],
        [Touch(0, closer=False), Touch(HOUR, impression=True)],
        [Touch(0, impression=True), Touch(HOUR, impression=True)],
    ]
    closes, nobody, impressions = scored(journeys, load_settings())
    assert [row[2] for row in closes] == [ONE, NONE]
    assert [row[1] for row in closes] == [NONE, NONE]  # who initiates and closes alone holds not
    assert [row[3] for row in closes] == [ONE, NONE]
    assert [row[2] for row in nobody] == [NONE, NONE]
    assert [row[1] for row in nobody] == [ONE, NONE]
    assert impressions == [(ONE, NONE, NONE, ONE), (NONE,) * 4]


def test_remainder_stands_on_the_last_with_credit() -> None:
    """Parts are rounded down and add up to 1; a session without credit never gets the remainder."""
    sessions = [Touch(0, closer=False)] * 3 + [Touch(0, closer=False, impression=True)]
    [rows] = scored([sessions], load_settings())
    credit = [row[3] for row in rows]
    # (1 + 1/9) / 2, and 4/9 / 2 for each of the others.
    expected = ["0.555555555555", "0.222222222222", "0.222222222223", "0"]
    assert credit == list(map(Decimal, expected))


def test_long_and_short_journeys() -> None:
    """Hundreds of sessions, all in one second or one each: exactly 1, nothing negative."""
    journeys = [
        [Touch(0) for _ in range(700)],
        [Touch(second) for second in range(700)],
        [Touch(second * 40 * HOUR, closer=second % 7 == 0) for second in range(700)],
    ]
    for rows, journey in zip(scored(journeys, load_settings()), journeys, strict=True):
        credit = [row[3] for row in rows]
        assert sum(credit) == 1
        assert min(credit) >= 0
        expected = naive_scores(journey, PRESETS["published"])
        assert max(abs(float(a) - b.ihc) for a, b in zip(credit, expected, strict=True)) < 1e-8


channels = st.sampled_from(["a", "b", "it's", "none"])
edges = st.sampled_from([0, 1, 48 * HOUR, 52 * HOUR, 52 * HOUR + 1, 312 * HOUR, 312 * HOUR + 1])
pauses = edges | st.integers(0, 100 * HOUR) | st.integers(0, 400 * HOUR)
touches = st.builds(
    Touch,
    pauses,
    channels,
    st.sampled_from([True, True, False]),
    st.booleans(),
    st.sampled_from([False, False, False, True]),
)
journeys_of_any_kind = st.lists(
    st.lists(touches, min_size=1, max_size=7).map(
        lambda journey: [
            Touch(seconds, touch.channel, touch.holder, touch.closer, touch.impression)
            for seconds, touch in zip(
                accumulate(touch.seconds for touch in journey), journey, strict=True
            )
        ]
    ),
    min_size=1,
    max_size=8,
)
rules = st.builds(
    PhaseRedistribution,
    direction=st.sampled_from(["earlier_sessions_only", "later_sessions_only", "any_session"]),
    receive_threshold=st.sampled_from([0, 0.1, 0.25, 0.5, 1]),
    redistribution_channel_labels=st.sampled_from(
        [("a",), ("b", "it's"), ("a", "b", "it's", "none"), ("elsewhere",)]
    ),
)
maybe = st.none() | rules
moves = st.builds(Redistribution, initializer=maybe, holder=maybe, closer=maybe)


@few
@given(journeys_of_any_kind, st.sampled_from(sorted(PRESETS)), st.just(Redistribution()) | moves)
def test_equals_the_plain_version(
    journeys: list[list[Touch]], preset: str, redistribution: Redistribution
) -> None:
    """Every phase of every session to 1e-9, with redistribution and without; sums exactly 1."""
    settings = load_settings(ihc_preset=preset, ihc_redistribution=redistribution)
    for rows, journey in zip(scored(journeys, settings), journeys, strict=True):
        expected = naive_scores(journey, PRESETS[preset], redistribution)
        for row, score in zip(rows, expected, strict=True):
            assert list(map(float, row)) == pytest.approx(
                [score.initializer, score.holder, score.closer, score.ihc], abs=1e-9
            )
            assert min(row) >= 0
        assert sum(row[3] for row in rows) == 1


def moved(journey: list[Touch], phase: str, **rule: object) -> list[float]:
    """A phase of a journey after a move from channel x."""
    rule = {"direction": "any_session", "redistribution_channel_labels": ["x"], **rule}
    settings = load_settings(ihc_redistribution={phase: rule})
    place = ["initializer", "holder", "closer"].index(phase)
    [rows] = scored([journey], settings)
    assert sum(row[3] for row in rows) == 1
    return [float(row[place]) for row in rows]


def test_redistribution_by_hand() -> None:
    """A donor's share goes to live sessions on its allowed side, pro rata, or equally if all 0."""
    # Only x initiates: the two others have nothing, and get the same.
    journey = [Touch(0, "x"), Touch(HOUR, "a"), Touch(2 * HOUR, "b")]
    assert moved(journey, "initializer") == [0, 0.5, 0.5]
    assert moved(journey, "initializer", direction="later_sessions_only") == [0, 0.5, 0.5]
    # Nobody was there before, or nobody has enough: the donor keeps it.
    assert moved(journey, "initializer", direction="earlier_sessions_only") == [1, 0, 0]
    assert moved(journey, "initializer", receive_threshold=0.1) == [1, 0, 0]
    # Pro rata of what they had before the move.
    [before] = scored([journey], load_settings())
    holds = [float(row[1]) for row in before]
    after = moved(journey, "holder")
    assert after[0] == 0
    assert after[1] / after[2] == pytest.approx(holds[1] / holds[2])
    assert sum(after) == pytest.approx(1, abs=1e-11)
    # Dead sessions receive nothing.
    dead = [Touch(0, "a"), Touch(400 * HOUR, "x"), Touch(401 * HOUR, "b")]
    assert moved(dead, "initializer") == [0, 0, 1]
    assert moved(dead, "initializer", direction="earlier_sessions_only") == [0, 1, 0]


def test_any_order_of_rows(tmp_path: Path) -> None:
    """The same rows in another order, and on more threads, give the same digits.

    Initiations are tenths that add up to 10, so that shares are hundredths: a sum of DOUBLE that
    is off by one bit would show in their last decimal.
    """
    settings = load_settings(home=tmp_path, ihc_preset="fitted")
    write_fit(settings, IhcParameters(10, 0, 1, 0.5, 1, 2, 1, 1, 1), {})
    random = Random(1)
    journeys = []
    for _ in range(60):
        tenths = [random.randint(1, 8) for _ in range(20)]
        tenths += [1] * (90 - sum(tenths))
        hours = accumulate(tenths, initial=0)
        journeys.append([Touch(hour * HOUR, impression=True) for hour in hours])
    orders = "conv_id, position", "conv_id, position DESC", "HASH(conv_id, position)"
    seen = {
        repr(scored(journeys, settings, order, threads))
        for threads, order in product((1, 4), orders)
    }
    assert len(seen) == 1
