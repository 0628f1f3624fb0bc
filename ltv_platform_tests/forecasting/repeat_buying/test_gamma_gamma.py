"""Gamma-Gamma on planted customers, in edge cases, and against its formulas."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.gamma_gamma import (
    _Objective,
    expected_value,
    fit_gamma_gamma,
    log_likelihood,
)
from ltv_platform_tests.forecasting.repeat_buying.customers import VALUES, planted


def test_planted_parameters_are_found() -> None:
    """A fit lies within three standard errors of the truth."""
    seen = planted("bg_nbd", 30_000, seed=2)
    fit = fit_gamma_gamma(seen.histories.frequency, seen.mean_value)
    assert (fit.status, fit.customers) == ("ok", (seen.histories.frequency > 0).sum())
    for name, truth in VALUES.parameters.items():
        error = fit.standard_errors[name]
        assert error is not None
        assert abs(fit.parameters[name] - truth) < 3 * error
        assert error < 0.1 * truth


def test_gradient_equals_differences() -> None:
    """The analytic gradient is that of the value."""
    random = np.random.default_rng(4)
    frequency = random.integers(1, 9, 200).astype(float)
    objective = _Objective(frequency, random.gamma(2, 0.5, 200), np.full(200, 1 / 200))
    for place in ([1.8, 1.3, -0.6], [-2.0, 3.0, 4.0], [5.0, -1.0, -3.0]):
        at = np.array(place)
        numeric = approx_fprime(at, lambda place: objective(place)[0], 1e-7)
        np.testing.assert_allclose(objective(at)[1], numeric, rtol=1e-5, atol=1e-6)


def test_log_likelihood_is_a_density_of_the_mean() -> None:
    """Fader & Hardie (2013), equation 1a: it integrates to 1 over m, for any x."""
    mean = np.exp(np.linspace(-12, 14, 40_001))
    for frequency in (1.0, 4.0):
        density = np.exp(log_likelihood(VALUES.parameters, np.full_like(mean, frequency), mean))
        assert np.trapezoid(density * mean, np.log(mean)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("factor", [0.01, 150.0, 1e6])
def test_any_currency_gives_the_same(factor: float) -> None:
    """Only v is money."""
    seen = planted("bg_nbd", 2_000, seed=7)
    frequency = seen.histories.frequency
    one, other = (fit_gamma_gamma(frequency, seen.mean_value * rate) for rate in (1, factor))
    for name in ("p", "q"):
        assert other.parameters[name] == pytest.approx(one.parameters[name], rel=1e-9)
    assert other.parameters["v"] == pytest.approx(factor * one.parameters["v"], rel=1e-9)


def test_order_and_grouping_change_no_bit() -> None:
    """Customers one by one, shuffled, or with their number."""
    random = np.random.default_rng(9)
    frequency = random.integers(1, 5, 400)
    value = np.ceil(random.gamma(6 * frequency) / frequency / random.gamma(4, 0.25, 400))
    order = random.permutation(400)
    pairs, customers = np.unique(np.column_stack([frequency, value]), axis=0, return_counts=True)
    assert len(pairs) < 400
    fit = fit_gamma_gamma(frequency, value)
    assert fit == fit_gamma_gamma(frequency[order], value[order])
    assert fit == fit_gamma_gamma(pairs[:, 0], pairs[:, 1], customers)


def test_who_is_left_out() -> None:
    """Only positive means of repeat purchases count; fewer than 30 are too few."""
    frequency = np.array([0] * 50 + [2] * 40 + [1] * 29)
    value = np.array([5.0] * 50 + [0.0] * 20 + [-3.0] * 20 + [8.0] * 29)
    fit = fit_gamma_gamma(frequency, value)
    assert (fit.status, fit.customers, dict(fit.parameters)) == ("too_few_repeaters", 29, {})


def test_degenerate_values_have_a_status() -> None:
    """All values equal: p at its bound; tails without a mean: q ≤ 1."""
    same = fit_gamma_gamma(np.arange(1, 101), np.full(100, 9.99))
    assert same.status == "at_bound"
    assert "p is at its bound: all purchases of a customer have the same value" in same.reason
    random = np.random.default_rng(3)
    wild = fit_gamma_gamma(random.integers(1, 9, 300), random.pareto(0.5, 300) + 1e-3)
    assert wild.status == "infinite_mean"
    with pytest.raises(ValueError, match="infinite"):
        expected_value(wild, np.zeros(1), np.zeros(1))


def test_expected_value() -> None:
    """Everybody's mean without a purchase, nearly the customer's own after many."""
    fit = Fit("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0})
    value = expected_value(fit, np.array([0.0, 1, 1000]), np.array([np.nan, 50, 50]))
    assert value.tolist() == pytest.approx([30.0, 6 * 65 / 9, 6 * 50_015 / 6_003])


@pytest.mark.parametrize("value", [9.99, 10.0, 0.01, 250_000.0])
@pytest.mark.parametrize(("customers", "most"), [(59, 5), (200, 1), (200, 9)])
def test_equal_purchases_warn_nobody(value: float, customers: int, most: int) -> None:
    """All purchases cost the same: p is at its bound, and no step of the search overflows.

    Warnings are errors here; users saw "overflow encountered in exp" with paths of source files.
    """
    frequency = (np.arange(customers) % most + 1).astype(np.float64)
    fit = fit_gamma_gamma(frequency, np.full(customers, value))
    assert fit.status == "at_bound"
    assert fit.reason.startswith("p is at its bound: all purchases of a customer have")
    expected = expected_value(fit, frequency, np.full(customers, value, np.float64))
    assert 0.99 < expected.mean() / value < 1.01


def test_nearly_equal_purchases_warn_nobody() -> None:
    """A cent up or down is still not enough."""
    value = np.where(np.arange(200) % 2, 9.99, 10.0)
    assert fit_gamma_gamma(np.arange(200) % 9 + 1.0, value).status == "at_bound"
