"""Removal effects against chains rebuilt without the channel, and against another package."""

import logging
import random
from collections import Counter
from decimal import Decimal
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from ltv_platform.attribution.markov import chain, markov_channels, removal_effects

#: A path: its channels, and whether it converts.
Path = tuple[tuple[str, ...], bool]


def visits_of(paths: list[Path], revenue: float = 0.0) -> pa.Table:
    """What the SELECT counts in these paths."""
    visits: Counter[tuple[str | None, ...]] = Counter()
    conversions: Counter[tuple[str | None, ...]] = Counter()
    for channels, converts in paths:
        padded = (None, None, None, *channels)
        for place in range(len(channels)):
            key = padded[place : place + 4]
            visits[key] += 1
            conversions[key] += converts and place == len(channels) - 1
    columns = zip(*visits, strict=True) if visits else [(), (), (), ()]
    names = ("before_3", "before_2", "before_1", "channel_name")
    rows = {
        name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)
    }
    rows["visits"] = pa.array(list(visits.values()), pa.int64())
    rows["conversions"] = pa.array([conversions[key] for key in visits], pa.int64())
    rows["revenue_of_all"] = pa.array([Decimal(revenue)] * len(visits), pa.decimal128(38, 6))
    return pa.table(rows)


def by_removal(paths: list[Path], order: int, channel: str) -> float:
    """1 - p0'/p0, each by a dense solve; states that end in the channel are removed."""

    def conversion(removed: str | None) -> float:
        steps: Counter[tuple[tuple[str, ...], tuple[str, ...] | bool]] = Counter()
        for channels, converts in paths:
            state: tuple[str, ...] = ()
            for name in channels:
                following = (*state, name)[-order:]
                steps[state, following] += 1
                state = following
            steps[state, converts] += 1
        totals: Counter[tuple[str, ...]] = Counter()
        for (state, _), count in steps.items():
            totals[state] += count
        kept = [state for state in totals if not state or state[-1] != removed]
        number = {state: place for place, state in enumerate(kept)}
        system, converting = np.eye(len(kept)), np.zeros(len(kept))
        for (state, target), count in steps.items():
            if state not in number:
                continue
            if target is True:
                converting[number[state]] += count / totals[state]
            elif target in number:
                system[number[state], number[target]] -= count / totals[state]
        return float(np.linalg.solve(system, converting)[number[()]])

    whole = conversion(None)
    return 1 - conversion(channel) / whole if whole else 0.0


def random_paths(chance: random.Random, channels: int, many: int) -> list[Path]:
    """Paths of 1 to 12 sessions."""
    names = [f"channel {number}" for number in range(channels)]
    return [
        (tuple(chance.choices(names, k=chance.randint(1, 12))), chance.random() < 0.4)
        for _ in range(many)
    ]


@pytest.mark.parametrize(("order", "chains"), [(1, 200), (2, 60), (3, 40)])
def test_removal_effects_are_those_of_chains_without_the_channel(order: int, chains: int) -> None:
    chance = random.Random(order)
    for _ in range(chains):
        paths = random_paths(chance, chance.randint(1, 6), chance.randint(1, 60))
        names = sorted({name for channels, _ in paths for name in channels})
        effects = removal_effects(chain(visits_of(paths), names, order), order)
        assert effects is not None
        expected = [by_removal(paths, order, name) for name in names]
        assert effects == pytest.approx(expected, abs=1e-12, rel=0)


def test_totals_and_digits_do_not_depend_on_the_order_of_rows() -> None:
    paths = random_paths(random.Random(7), 5, 300)
    visits = visits_of(paths, revenue=1234.5)
    table = markov_channels(visits)
    shuffled = visits.take(random.Random(1).sample(range(visits.num_rows), visits.num_rows))
    assert markov_channels(shuffled).equals(table)
    converting = sum(converts for _, converts in paths)
    for order in (1, 2, 3):
        rows = [row for row in table.to_pylist() if row["markov_order"] == order]
        assert len(rows) == 5
        assert sum(row["conversions"] for row in rows) == pytest.approx(converting, rel=1e-11)
        assert sum(row["revenue"] for row in rows) == pytest.approx(1234.5, rel=1e-11)


def test_nothing_to_share() -> None:
    assert markov_channels(visits_of([])).num_rows == 0
    rows = markov_channels(visits_of([(("a", "b"), False)])).to_pylist()
    assert {row["removal_effect"] for row in rows} == {0.0}
    assert {row["share"] for row in rows} == {row["conversions"] for row in rows} == {None}
    [one, *_] = markov_channels(visits_of([(("a",), True)], 2.0)).to_pylist()
    assert (one["removal_effect"], one["share"], one["revenue"]) == (1.0, 1.0, 2.0)
    two = markov_channels(visits_of([(("a",), True), (("b",), False)])).to_pylist()
    assert [row["removal_effect"] for row in two if row["markov_order"] == 1] == [1.0, 0.0]


def test_orders_with_too_many_states_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    paths: list[Path] = [((f"c{number}", f"c{number + 1}"), True) for number in range(300)]
    with caplog.at_level(logging.WARNING):
        table = markov_channels(visits_of(paths))
    assert set(table["markov_order"].to_pylist()) == {1}
    assert "leaves out order 2: 301 channels, but the limit is 50" in caplog.text


def test_paths_that_hardly_end_stay_exact_in_order_1() -> None:
    paths: list[Path] = [(("a",) * 5_000, True), (("b",), False)]
    [a, b] = markov_channels(visits_of(paths)).to_pylist()[:2]
    assert (a["removal_effect"], b["removal_effect"]) == (1.0, 0.0)


def test_an_equal_split_over_channels_is_the_shapley_value() -> None:
    """v(S) = conversions whose channels all lie in S; every coalition of 8 is enumerated."""
    chance = random.Random(3)
    journeys = [frozenset(chance.choices(range(8), k=chance.randint(1, 8))) for _ in range(200)]
    values = {
        frozenset(members): sum(journey <= frozenset(members) for journey in journeys)
        for size in range(9)
        for members in combinations(range(8), size)
    }
    factorial = [1, 1, 2, 6, 24, 120, 720, 5040, 40320]
    for player in range(8):
        shapley = (
            sum(
                factorial[len(s)] * factorial[7 - len(s)] * (values[s | {player}] - value)
                for s, value in values.items()
                if player not in s
            )
            / factorial[8]
        )
        split = sum(1 / len(journey) for journey in journeys if player in journey)
        assert shapley == pytest.approx(split, abs=1e-9)


#: Removal effects of channel 0 to 4 by ChannelAttribution 2.2.5 (GPL, never a dependency) on the
#: paths below: markov_model(order=…, var_null=…, conv_par=.005, max_step=100000, seed=1, ncore=1).
#: max_step: by default it cuts walks at the longest path seen, which makes its effects too small.
_THEIRS = {
    1: [0.455751, 0.478164, 0.459328, 0.462197, 0.464688],
    2: [0.473570, 0.497088, 0.488330, 0.479680, 0.485800],
    3: [0.492361, 0.501749, 0.515679, 0.493354, 0.495212],
}
#: The totals that it makes of them, of 828 conversions.
_THEIR_TOTALS = {
    1: [162.647058, 170.645715, 163.923476, 164.947378, 165.836374],
    2: [161.732802, 169.764623, 166.773532, 163.819492, 165.909551],
    3: [163.177414, 166.288678, 170.905219, 163.506325, 164.122364],
}


def test_channel_attribution_simulates_the_same() -> None:
    chance = random.Random(11)
    names = [f"channel {number}" for number in range(5)]
    paths = [
        (tuple(chance.choices(names, k=chance.randint(1, 6))), chance.random() < 0.4)
        for _ in range(2_000)
    ]
    rows = markov_channels(visits_of(paths)).to_pylist()
    for order, effects in _THEIRS.items():
        ours = [row for row in rows if row["markov_order"] == order]
        assert [row["removal_effect"] for row in ours] == pytest.approx(effects, abs=0.005)
        totals = [row["conversions"] for row in ours]
        assert totals == pytest.approx(_THEIR_TOTALS[order], rel=0.005)
