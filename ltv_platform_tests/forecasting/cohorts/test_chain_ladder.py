"""Chain-ladder on plain arrays: by hand, against fits without a cohort, on simulated truth."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv_platform.forecasting.cohorts.chain_ladder import ChainLadder
from ltv_platform.forecasting.cohorts.residuals import ResidualSpread
from ltv_platform.forecasting.cohorts.triangle import DAY
from ltv_platform_tests.forecasting.cohorts.triangles import drawn, numbers, triangle
from ltv_platform_tests.testing.examples import PROFILE

#: Revenue of the first 1, 2, 3 days of three cohorts, the last two still young.
BY_HAND = [[100, 150, 165], [200, 280], [150]]


def test_factors_by_hand() -> None:
    """Volume-weighted (Mack 1993, eq. 3): 430 / 300 and 165 / 150."""
    factors = ChainLadder(triangle(BY_HAND), [3]).factors
    assert np.isnan(factors.raw[0, 0])  # nothing grows from 0
    assert factors.raw[0, 1:] == pytest.approx([430 / 300, 1.1], rel=1e-15)
    assert factors.shrunk[0, 1:] == pytest.approx([430 / 300, 1.1], rel=1e-15)
    assert factors.cohorts.tolist() == [[3, 2, 1]]
    assert factors.payers.tolist() == [[300, 200, 100]]


def test_projections_by_hand() -> None:
    """280 × 1.1 = 308; 150 × 1.4333 = 215 and × 1.1 = 236.5; adding: 150 + 10 × 13/3, + 15."""
    ladder = ChainLadder(triangle(BY_HAND, installs=[10, 20, 10]), [3])
    by_factor, by_addition = np.array([True]), np.array([False])
    assert ladder.path(numbers(1), 2, by_factor).tolist() == [[pytest.approx(308)]]
    [path] = ladder.path(numbers(2), 1, by_factor)
    assert path == pytest.approx([215, 236.5])
    [path] = ladder.path(numbers(2), 1, by_addition)
    assert path == pytest.approx([150 + 130 / 3, 150 + 130 / 3 + 15])


def test_credibility_by_hand() -> None:
    """Z = n / (n + 30): 30 payers weigh their own 3 and the pool's 2 alike, 10 payers 1 : 3."""
    cohorts = triangle([[100, 300], [300, 500]], payers=[30, 10], groups=[0, 1])
    factors = ChainLadder(cohorts, [2]).factors
    assert factors.pool[0, 1] == 2
    assert factors.weight[:, 1].tolist() == [0.5, 0.25]
    assert factors.shrunk[:, 1] == pytest.approx([2.5, 0.25 * 5 / 3 + 0.75 * 2])


def test_remaining_ltv_by_hand() -> None:
    """Shrunk in the same way: 30 payers with 4 a user, the pool with 2: half of each, 3."""
    cohorts = triangle(
        [[100, 500], [300, 300], [50]],
        payers=[30, 30, 5],
        groups=[0, 1, 0],
        installs=[100, 100, 10],
    )
    added = ChainLadder(cohorts, [2]).path(numbers(2), 1, np.array([False]))
    assert added.tolist() == [[50 + 10 * 3]]


def test_factors_need_a_volume() -> None:
    """Revenue that refunds reduced to 0 or below is not a base, and gets no weight."""
    cohorts = triangle([[-10, 20, 30], [100, 200, -5], [100, 100, 100]], groups=[0, 1, 2])
    factors = ChainLadder(cohorts, [3]).factors
    assert np.isnan(factors.raw[0, 1])
    assert np.isnan(factors.raw[1, 2])
    assert factors.weight[0, 1] == factors.weight[1, 2] == 0
    assert factors.shrunk[0, 1] == factors.pool[0, 1] == pytest.approx(320 / 190)


@pytest.mark.parametrize("age", [7, 28])
def test_leaving_out_is_fitting_without(age: int) -> None:
    """A left-out forecast is that of all others: the same as if its later days were unknown."""
    cohorts, _ = drawn(1, customers=(10, 60, 200))
    members, predicted, _ = ChainLadder(cohorts, [30, 90]).left_out(age, 90)
    assert len(members) == np.count_nonzero(cohorts.known >= 90)
    for member, value in zip(members.tolist(), predicted.tolist(), strict=True):
        known = cohorts.known.copy()
        known[member] = age
        without = ChainLadder(replace(cohorts, known=known), [30, 90])
        expected = without.forecast(numbers(member), age, 90).predicted
        assert [value] == pytest.approx(expected.tolist(), rel=1e-9)


def test_an_origin_knows_what_was_known() -> None:
    """Cutting to an origin changes nothing that a forecast from that age could see."""
    cohorts, _ = drawn(2)
    origin = cohorts.at_origin(7 * DAY * 20 + 14 * DAY, 14)
    whole = replace(
        cohorts, known=np.clip(np.minimum(cohorts.known, 14 + 7 * (20 - cohorts.weeks)), 0, None)
    )
    asked = np.flatnonzero(cohorts.weeks == 20)
    given_then = np.flatnonzero(origin.weeks == 20)
    then = ChainLadder(origin, [16, 76]).forecast(given_then, 0, 76)
    now = ChainLadder(whole, [30, 90]).forecast(asked, 14, 90)
    assert then.residuals.tolist() == now.residuals.tolist()
    for one, other in ((then.predicted, now.predicted), (then.lower, now.lower)):
        assert one == pytest.approx(other, rel=1e-9)


@PROFILE
@given(
    steps=st.lists(st.integers(0, 50), min_size=5, max_size=40),
    scales=st.lists(st.integers(1, 1000), min_size=10, max_size=30),
    first=st.integers(1, 100),
)
def test_identical_development_is_forecast_exactly(
    steps: list[int], scales: list[int], first: int
) -> None:
    """Where all cohorts develop alike, forecasts are exact and intervals have no width."""
    curve = np.cumsum([first, *steps])
    cohorts = triangle(
        [(scale * curve).tolist() for scale in scales], groups=[n % 3 for n in range(len(scales))]
    )
    horizon = len(curve)
    ladder = ChainLadder(cohorts, [horizon])
    everyone = np.arange(len(scales))
    for age in range(1, horizon):
        forecast = ladder.forecast(everyone, age, horizon)
        assert forecast.multiplicative.all()
        for values in (forecast.predicted, forecast.lower, forecast.upper):
            assert values == pytest.approx(cohorts.revenue[:, horizon], rel=1e-9)


def test_intervals_hold_eight_of_ten() -> None:
    """80 % intervals of cohorts yet to age hold about 80 % of what they then bring in."""
    held: list[bool] = []
    widths: dict[int, list[float]] = {40: [], 400: []}
    for seed in range(6):
        cohorts, later = drawn(seed, groups=6, weeks=40, customers=(40, 400))
        ladder = ChainLadder(cohorts, [30, 90])
        for age in range(7, 90, 7):
            asked = np.flatnonzero(cohorts.known == age)
            forecast = ladder.forecast(asked, age, 90)
            held += (
                (later[asked, 90] >= forecast.lower) & (later[asked, 90] <= forecast.upper)
            ).tolist()
            width = (forecast.upper - forecast.lower) / forecast.predicted
            for size in widths:
                widths[size] += width[cohorts.payers[asked, 0] == size].tolist()
    assert len(held) == 432
    assert 0.75 <= np.mean(held) <= 0.87
    assert np.median(widths[40]) > 2 * np.median(widths[400])


def test_few_customers_are_forecast_by_addition() -> None:
    """Below 30 payers, or without revenue: so far + installs × what others still bring."""
    cohorts, _ = drawn(3, groups=1, customers=(10,))
    ladder = ChainLadder(cohorts, [30, 90])
    asked = np.flatnonzero(cohorts.known == 7)
    forecast = ladder.forecast(asked, 7, 30)
    assert not forecast.multiplicative.any()
    old = cohorts.known >= 30
    steps = np.diff(cohorts.revenue, axis=1)
    expected = sum(
        steps[cohorts.known > age, age].sum() / cohorts.installs[cohorts.known > age].sum()
        for age in range(7, 30)
    )
    assert forecast.predicted == pytest.approx(
        cohorts.revenue[asked, 7] + cohorts.installs[asked] * expected
    )
    assert forecast.residuals.tolist() == [old.sum()]
    assert (forecast.lower >= cohorts.revenue[asked, 7]).all()  # nobody's revenue ever fell


def test_eight_mature_cohorts_are_too_few() -> None:
    """An interval needs nine residuals; without it there is no forecast either."""
    curves = [[100.0 + n, 200.0 + n] for n in range(9)] + [[100.0]]
    enough = ChainLadder(triangle(curves), [2]).forecast(numbers(9), 1, 2)
    assert enough.residuals.tolist() == [9]
    few = ChainLadder(triangle(curves[1:]), [2]).forecast(numbers(8), 1, 2)
    assert np.isnan([few.predicted, few.lower, few.upper]).all()
    assert few.residuals.tolist() == [0]


def test_refunds_alone_lower_what_was_seen() -> None:
    """Where older cohorts lost revenue after an age, younger ones are expected to."""
    falling = [[100.0 + n, 80.0 - n] for n in range(12)]
    forecast = ChainLadder(triangle([*falling, [100.0]]), [2]).forecast(numbers(12), 1, 2)
    assert forecast.lower[0] < forecast.predicted[0] < 100
    assert forecast.predicted[0] == pytest.approx(100 * sum(c[1] for c in falling) / 1266)


def test_growth_that_refunds_took_is_no_logarithm() -> None:
    """A cohort whose revenue is gone counts as the lowest residual and breaks nothing."""
    curves = [[100.0, 200.0 + n] for n in range(20)]
    curves[0] = [100.0, -50.0]
    forecast = ChainLadder(triangle([*curves, [100.0]]), [2]).forecast(numbers(20), 1, 2)
    assert np.isfinite([forecast.predicted, forecast.lower, forecast.upper]).all()
    assert forecast.lower[0] <= forecast.predicted[0] <= forecast.upper[0]


def test_an_empty_triangle_has_no_groups() -> None:
    """No cohorts: no factors, and nothing fails."""
    nobody = triangle([[1.0, 2.0]])
    empty = replace(
        nobody,
        revenue=nobody.revenue[:0],
        known=nobody.known[:0],
        installs=nobody.installs[:0],
        payers=nobody.payers[:0],
        groups=nobody.groups[:0],
        weeks=nobody.weeks[:0],
    )
    assert ChainLadder(empty, [2]).factors.shrunk.shape == (0, 2)


def test_quantiles_of_residuals() -> None:
    """Of nine residuals the outermost bound the interval; a cohort a quarter the size: twice."""
    residuals = np.array([-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    spread = ResidualSpread.of(residuals, np.full(9, 100.0))
    lower, upper = spread.reach(np.array([100.0, 25.0]))
    assert lower == pytest.approx([-4, -8])
    assert upper == pytest.approx([4, 8])


def test_residuals_are_held_by_the_others() -> None:
    """The quantiles of the other residuals, one by one, as numpy has them (Weibull)."""
    residuals = np.random.default_rng(5).normal(size=23)
    spread = ResidualSpread.of(residuals, np.full(23, 50.0))
    for place, held in enumerate(spread.holds().tolist()):
        others = np.delete(residuals, place)
        lower, upper = np.quantile(others, [0.1, 0.9], method="weibull")
        assert held == (min(lower, 0) <= residuals[place] <= max(upper, 0))


@pytest.mark.parametrize("rounding", [0, 1e-15])
def test_what_is_the_end_of_the_interval_is_held(rounding: float) -> None:
    """Cohorts with identical residuals contain each other, despite rounding.

    Guards against a coverage that the last bit decided: small cohorts that bring nothing more have
    one residual, which then is the lower end of the interval.
    """
    residuals = np.array([-1.0] * 15 + [1.0] * 5)
    residuals[7] -= rounding
    spread = ResidualSpread.of(residuals, np.full(20, 10.0))
    assert spread.holds().all()
