"""The shifted beta-geometric against the figures of its paper."""

import numpy as np
import pytest
from scipy.special import hyp2f1

from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.subscriptions import (
    expected_lifetime,
    expected_payments,
    fit_shifted_beta_geometric,
    retention,
    survival,
)
from ltv_platform_tests.forecasting.repeat_buying.customers import HIGH_END, REGULAR


def _fit(survivors: np.ndarray) -> Fit:
    return fit_shifted_beta_geometric(survivors[:-1], survivors[:-1] - survivors[1:])


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.2), (REGULAR, 0.704, 1.182, -1680.3)],
)
def test_the_segments_of_the_paper(
    survivors: np.ndarray, alpha: float, beta: float, log_likelihood: float
) -> None:
    """Fader & Hardie (2007): parameters of both segments."""
    fit = _fit(survivors)
    assert (fit.status, fit.customers) == ("ok", 1000)
    assert fit.parameters == pytest.approx({"alpha": alpha, "beta": beta}, abs=5e-4)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=0.05)


def test_cohorts_of_different_ages_add_up() -> None:
    """A second cohort, seen for two years only, is at risk in these two; the curve stays."""
    at_risk = HIGH_END[:-1].astype(float)
    left = at_risk - HIGH_END[1:]
    at_risk[:2] += HIGH_END[:2]
    left[:2] += HIGH_END[:2] - HIGH_END[1:3]
    fit = fit_shifted_beta_geometric(at_risk, left)
    assert fit.customers == 2000
    np.testing.assert_allclose(
        survival(fit, np.arange(8)), survival(_fit(HIGH_END), np.arange(8)), rtol=0.01
    )


def test_survival_is_the_product_of_retention() -> None:
    """Retention rises, and survival is what it leaves."""
    fit = _fit(REGULAR)
    rates = retention(fit, np.arange(1, 13))
    assert (np.diff(rates) > 0).all()
    np.testing.assert_allclose(survival(fit, np.arange(1, 13)), np.cumprod(rates), rtol=1e-12)
    assert survival(fit, 0) == 1


@pytest.mark.parametrize("discount", [0.1, 0.001])
def test_lifetime_is_that_of_the_closed_form(discount: float) -> None:
    """Fader & Hardie (2010): ₂F₁(1, β; α+β; 1/(1+d))."""
    fit = _fit(HIGH_END)
    alpha, beta = fit.parameters.values()
    closed = hyp2f1(1, beta, alpha + beta, 1 / (1 + discount))
    assert expected_lifetime(fit, discount=discount) == pytest.approx(closed, rel=1e-9)


def test_lifetime_to_a_horizon_and_for_ever() -> None:
    """Σ S(t); infinite where α ≤ 1, so None; (α+β−1)/(α−1) above. Tiny discounts are refused."""
    fit = _fit(HIGH_END)
    assert expected_payments(fit, [1, 2])[1] == pytest.approx(survival(fit, [0, 1, 2]).sum())
    assert expected_lifetime(fit) is None
    steady = Fit("shifted_beta_geometric", {"alpha": 3.0, "beta": 4.0})
    assert expected_lifetime(steady) == 3.0
    far = expected_payments(steady, np.arange(1, 20_000))[-1]
    assert far == pytest.approx(3.0, abs=1e-6)
    discounted = expected_payments(fit, np.arange(1, 1_000), 0.1)[-1]
    assert discounted == pytest.approx(expected_lifetime(fit, 0.1), rel=1e-9)
    for wrong in (-0.1, 0.00001, float("nan")):
        with pytest.raises(ValueError, match="discount must be 0, or"):
            expected_lifetime(fit, wrong)


def test_degenerate_subscribers_have_a_status() -> None:
    """Few, none leaving, all alike; and more leaving than there are is refused."""
    assert fit_shifted_beta_geometric([], []).status == "too_few_periods"
    one = fit_shifted_beta_geometric([500], [100])
    assert one.status == "too_few_periods"
    assert one.reason == "1 period of renewals; a fit takes 2 or more"
    assert fit_shifted_beta_geometric([50, 40], [10, 5]).status == "too_few_customers"
    assert fit_shifted_beta_geometric([500, 500], [0, 0]).status == "no_convergence"
    half = fit_shifted_beta_geometric([1024, 512, 256, 128], [512, 256, 128, 64])
    assert half.status == "at_bound"
    assert "leave with the same probability" in half.reason
    with pytest.raises(ValueError, match="between 0 and at_risk"):
        fit_shifted_beta_geometric([100], [101])
