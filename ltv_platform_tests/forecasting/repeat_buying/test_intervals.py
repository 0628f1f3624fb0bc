"""Predictive distributions against the mean, a simulation, and what customers then do."""

from itertools import product

import numpy as np
import pytest

from ltv_platform.forecasting.repeat_buying.buy_till_you_die import expected_purchases
from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import histories
from ltv_platform.forecasting.repeat_buying.intervals import Band, empirical_band, predict, spend
from ltv_platform.forecasting.repeat_buying.purchase_counts import purchase_tail, tail_table
from ltv_platform_tests.forecasting.repeat_buying.customers import PLANTED, STEADY, VALUES, planted
from ltv_platform_tests.forecasting.repeat_buying.distributions import purchase_counts
from ltv_platform_tests.forecasting.repeat_buying.simulation import simulate

MODELS = ("bg_nbd", "mbg_nbd")
SOME = histories(
    [0, 0, 1, 3, 10, 40, 200], [0, 0, 30, 100, 200, 300, 295], [5, 300, 60, 120, 250, 310, 300]
)
MEAN_VALUE = np.array([0.0, 0, 30, 20, 50, 10, 5])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("horizon", [0, 30, 365])
def test_mean_of_the_distribution_is_the_expectation(model: str, horizon: float) -> None:
    """Two ways to one number: Σ n P(N = n), and the quadrature over p."""
    fit = Fit(model, PLANTED)
    counts = purchase_counts(fit, SOME, horizon, 5_000)
    np.testing.assert_allclose(counts.sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_allclose(
        counts @ np.arange(5_001), expected_purchases(fit, SOME, horizon), rtol=1e-8
    )


@pytest.mark.parametrize("model", MODELS)
def test_expectation_of_who_buys_very_often(model: str) -> None:
    """More than a hundred purchases take more than 64 nodes; so they get them."""
    fit = Fit(model, PLANTED)
    often = histories([1000, 1000, 300], [1000, 2990, 299], [1000, 3000, 300])
    mean = purchase_counts(fit, often, 3_650, 20_000) @ np.arange(20_001)
    assert mean.max() > 400
    np.testing.assert_allclose(expected_purchases(fit, often, 3_650), mean, rtol=2e-6)


def test_table_of_tails_equals_the_tails() -> None:
    """Summed probabilities and the incomplete beta function are one distribution."""
    fit = Fit("mbg_nbd", PLANTED)
    age, counts = np.array([0.0, 50, 700]), np.array([0, 1, 2, 17, 256, 257, 400])
    table = tail_table(fit, 3, age, counts, 365)
    np.testing.assert_allclose(
        table, purchase_tail(fit, 3, age[:, None], counts, 365), rtol=1e-9, atol=1e-14
    )
    assert (table[:, 0] == 1).all()


@pytest.mark.parametrize("model", MODELS)
def test_quantiles_equal_those_of_a_simulation(model: str) -> None:
    """Purchases within one, spend within 3 %: what 40,000 draws can tell."""
    fit = Fit(model, PLANTED)
    (exact,) = predict(fit, VALUES, SOME, [365])
    drawn = simulate(fit, VALUES, SOME, 365, draws=40_000, seed=1, mean_value=MEAN_VALUE)
    assert drawn.spend is not None
    for side, count, factor in (
        (0.1, exact.lower_purchases, exact.lower_factor),
        (0.9, exact.upper_purchases, exact.upper_factor),
    ):
        assert factor is not None
        simulated = np.quantile(drawn.purchases, side, axis=0, method="inverted_cdf")
        assert np.all(np.abs(count - simulated) <= np.maximum(1, 0.01 * simulated))
        money = spend(VALUES, factor, SOME.frequency, MEAN_VALUE)
        drawn_money = np.quantile(drawn.spend, side, axis=0)
        # The lower quantile of who may be gone is steep; the level is what is compared there.
        level = (drawn.spend <= money).mean(axis=0)
        near = np.abs(money - drawn_money) <= 0.03 * drawn_money
        assert np.all(near | (np.abs(level - side) < 0.006) | (money == drawn_money))
    np.testing.assert_allclose(drawn.purchases.mean(axis=0), exact.expected_purchases, rtol=0.04)


@pytest.mark.parametrize("model", MODELS)
def test_an_80_percent_interval_holds_80_percent(model: str) -> None:
    """An 80 % interval of spend holds 78 to 82 % of customers whose spend can miss both ways.

    Of all customers more: where P(nothing) is above 10 %, the interval begins at 0, and nobody
    is below it.
    """
    seen = planted(model, 20_000, seed=8, horizon=180, parameters=STEADY)
    (found,) = predict(Fit(model, STEADY), VALUES, seen.histories, [180])
    assert found.lower_factor is not None
    assert found.upper_factor is not None
    frequency = seen.histories.frequency
    lower = spend(VALUES, found.lower_factor, frequency, seen.mean_value)
    upper = spend(VALUES, found.upper_factor, frequency, seen.mean_value)
    both = lower > 0
    assert both.sum() > 5_000
    held = (seen.spend >= lower) & (seen.spend <= upper)
    assert 0.78 < held[both].mean() < 0.82
    # Where only the upper end can miss, it does so in a tenth of the cases.
    one = ~both & (upper > 0)
    assert 0.88 < held[one].mean() < 0.92
    counted = (seen.purchases >= found.lower_purchases) & (seen.purchases <= found.upper_purchases)
    assert counted[both].mean() > 0.8
    assert (seen.purchases > found.upper_purchases).mean() < 0.1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.filterwarnings("error")
def test_nothing_overflows(model: str) -> None:
    """X to 1,000, T to 3,000 days, horizons to 3,650, parameters from bound to bound."""
    rows = [
        (x, recency, age)
        for x, age in product([0, 1, 1000], [1.0, 300, 3000])
        for recency in ([0.0] if x == 0 else [min(1.0, age), age])
    ]
    some = histories(*np.array(rows).T)
    for r, alpha, a, b in (
        (1e-4, 1e-2, 1e-4, 1e-4),
        (1e-4, 1e6, 1e4, 1e-4),
        (1e4, 1e-2, 1e4, 1e4),
        (1e4, 1e6, 1e-4, 1e4),
        (0.25, 30.0, 0.8, 2.4),
    ):
        fit = Fit(model, {"r": r, "alpha": alpha, "a": a, "b": b})
        for found in predict(fit, VALUES, some, [0, 3_650]):
            assert found.lower_factor is not None
            assert found.upper_factor is not None
            for values in (
                found.probability_alive,
                found.expected_purchases,
                found.lower_purchases,
                found.upper_purchases,
                found.lower_factor,
                found.upper_factor,
            ):
                assert np.all(np.isfinite(values) & (values >= 0))
            assert np.all(found.lower_purchases <= found.upper_purchases)
            assert np.all(found.lower_factor <= found.upper_factor)
        counts = purchase_counts(fit, some, 3_650, 100)
        assert np.all((counts >= 0) & (counts <= 1))


def test_order_of_the_groups_does_not_matter() -> None:
    """Each group has its own figures, independent of the other groups."""
    fit = Fit("mbg_nbd", PLANTED)
    (together,) = predict(fit, VALUES, SOME, [90])
    order = np.array([4, 0, 6, 2, 1, 5, 3])
    shuffled = histories(SOME.frequency[order], SOME.recency[order], SOME.age[order])
    (other,) = predict(fit, VALUES, shuffled, [90])
    assert together.upper_factor is not None
    assert other.upper_factor is not None
    assert together.upper_factor[order].tolist() == pytest.approx(other.upper_factor.tolist())
    assert together.upper_purchases[order].tolist() == other.upper_purchases.tolist()


def test_no_customers_and_no_values() -> None:
    """Empty in, empty out; without a Gamma-Gamma there is no spend."""
    (found,) = predict(Fit("bg_nbd", PLANTED), None, histories([], [], []), [30])
    assert found.expected_purchases.shape == (0,)
    assert found.lower_factor is None


def test_one_seed_one_future() -> None:
    """A simulation is repeated by its seed."""
    fit = Fit("mbg_nbd", PLANTED)
    one, same, other = (
        simulate(fit, None, SOME, 90, draws=50, seed=seed).purchases for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_the_empirical_band_uses_the_t_distribution() -> None:
    """Student's t around 0 of the logarithms; None where there is nothing to learn from."""
    band = empirical_band([100, 100, 100], [110, 90, 105])
    assert band is not None
    spread = np.sqrt((np.log([1.1, 0.9, 1.05]) ** 2).mean())
    # 1.6377 is the 90 % quantile of Student's t with three degrees of freedom.
    assert np.log(band.upper) == pytest.approx(1.637744 * spread, rel=1e-6)
    assert band.lower == pytest.approx(1 / band.upper)
    assert band.origins == 3
    assert empirical_band([100, 0, 50], [110, 5, 0]) is None
    assert empirical_band([100, 50], [100, 50]) == Band(1.0, 1.0, 2)
