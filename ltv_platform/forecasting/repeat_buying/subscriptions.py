"""Shifted beta-geometric: how long subscribers stay, if it is known who has left.

In each period a subscriber leaves with their own probability, θ ~ Beta(α, β). Retention then
rises with time although nobody changes: who is likely to leave has left (Fader & Hardie, How to
Project Customer Retention, Journal of Interactive Marketing 21(1), 2007).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln

from ltv_platform.forecasting.repeat_buying.fit import LEAST_CUSTOMERS, Fit, Status
from ltv_platform.forecasting.repeat_buying.histories import Floats
from ltv_platform.forecasting.repeat_buying.maximum_likelihood import HIGHEST, LOWEST, maximize
from ltv_platform.forecasting.repeat_buying.quadrature import beta_quadrature

PARAMETERS = ("alpha", "beta")
#: One period has one share of leavers, which does not identify two parameters.
_LEAST_PERIODS = 2
#: The mean over θ has a pole at θ = −d. This many nodes keep the relative error below 1e-9 down to
#: this discount; at a hundredth of it, the error would be 3 %.
_LIFETIME_NODES, LEAST_DISCOUNT = 1024, 1e-4

_STARTS = ((1.0, 3.0), (0.5, 1.0), (1.0, 30.0), (10.0, 100.0))
_AT_BOUND = {
    ("alpha", LOWEST): "hardly anybody leaves",
    ("beta", LOWEST): "hardly anybody stays",
    ("alpha", HIGHEST): "all subscribers leave with the same probability",
    ("beta", HIGHEST): "all subscribers leave with the same probability, or hardly ever",
}


def fit_shifted_beta_geometric(at_risk: ArrayLike, left: ArrayLike) -> Fit:
    """The shifted beta-geometric by maximum likelihood.

    Cohorts of different ages are added up period by period: those who have not lived through a
    period are not at risk in it. For one cohort this is equation 6 of Fader & Hardie (2007).

    Args:
        at_risk: Subscribers at the beginning of period 1, 2, …, shape (periods,).
        left: How many of them left in it.

    Returns:
        Parameters alpha, beta (pure numbers). ``customers`` are those at risk in period 1.

    Raises:
        ValueError: Somebody left who was not there.
    """
    present, gone = np.asarray(at_risk, np.float64), np.asarray(left, np.float64)
    if present.shape != gone.shape or np.any((gone < 0) | (gone > present)):
        msg = "left must be between 0 and at_risk in every period"
        raise ValueError(msg)
    customers = float(present[0]) if len(present) else 0.0
    if few := _too_few(int(np.count_nonzero(present)), customers):
        return few
    period = np.arange(len(present), dtype=np.float64)
    all_gone, stayed = gone.sum() / customers, (present - gone) / customers

    def objective(log_parameters: Floats) -> tuple[float, Floats]:
        """By hazards: in period t, α/(α+β+t−1) leave and (β+t−1)/(α+β+t−1) stay."""
        alpha, beta = np.exp(log_parameters)
        both = alpha + beta + period
        present_part = present / customers
        value = (
            all_gone * log_parameters[0]
            + (stayed * np.log(beta + period) - present_part * np.log(both)).sum()
        )
        shared = (present_part / both).sum()
        gradient = np.array([all_gone / alpha - shared, (stayed / (beta + period)).sum() - shared])
        return float(value), gradient * np.exp(log_parameters)

    optimum = maximize(objective, _STARTS)
    fit = optimum.fit("shifted_beta_geometric", PARAMETERS, (1, 1), customers, _AT_BOUND)
    return replace(fit, log_likelihood=optimum.log_likelihood * customers)


def _too_few(periods: int, customers: float) -> Fit | None:
    """A fit that says what is missing; None if there is enough."""
    status: Status
    if periods < _LEAST_PERIODS:
        status = "too_few_periods"
        known = "1 period" if periods == 1 else f"{periods} periods"
        reason = f"{known} of renewals; a fit takes {_LEAST_PERIODS} or more"
    elif customers < LEAST_CUSTOMERS:
        status = "too_few_customers"
        reason = f"{customers:g} subscribers; a fit takes {LEAST_CUSTOMERS} or more"
    else:
        return None
    return Fit("shifted_beta_geometric", {}, {}, None, status, reason, round(customers))


def survival(fit: Fit, periods: ArrayLike) -> Floats:
    """Share still subscribed after that many periods: B(α, β+t) / B(α, β) (equation 6).

    Args:
        fit: A shifted beta-geometric.
        periods: t ≥ 0, any shape.
    """
    alpha, beta = (fit.parameters[name] for name in PARAMETERS)
    lived: Floats = np.exp(
        betaln(alpha, beta + np.asarray(periods, np.float64)) - betaln(alpha, beta)
    )
    return np.minimum(lived, 1)


def retention(fit: Fit, periods: ArrayLike) -> Floats:
    """The share of those present at the beginning of a period who stay: (β+t−1) / (α+β+t−1).

    Equation 8.

    Args:
        fit: A shifted beta-geometric.
        periods: t = 1, 2, …, any shape.
    """
    alpha, beta = (fit.parameters[name] for name in PARAMETERS)
    before = np.asarray(periods, np.float64) - 1
    stay: Floats = (beta + before) / (alpha + beta + before)
    return stay


def expected_payments(fit: Fit, periods: ArrayLike, discount: float = 0.0) -> Floats:
    """Expected payments of a new subscriber up to each renewal, the first payment included.

    1 + Σ S(t) / (1 + d)^t over t = 1, 2, …, up to the renewal.

    Args:
        fit: A shifted beta-geometric.
        periods: t = 1, 2, …, shape (periods,).
        discount: d ≥ 0, per period.
    """
    still = survival(fit, periods) * (1 + discount) ** -np.asarray(periods, np.float64)
    payments: Floats = 1 + np.cumsum(still)
    return payments


def expected_lifetime(fit: Fit, discount: float = 0.0) -> float | None:
    """The expected total of a new subscriber's payments, the first one included, discounted.

    Σ S(t) / (1 + d)^t over t = 0, 1, … (Fader & Hardie, Customer-Base Valuation in a Contractual
    Setting, Marketing Science 29(1), 2010, equation 3).

    Args:
        fit: A shifted beta-geometric.
        discount: d per period: 0, or at least :data:`LEAST_DISCOUNT`.

    Returns:
        Number of (discounted) payments; None if it is infinite: without a discount, α ≤ 1
        leaves too many who stay forever.

    Raises:
        ValueError: The discount is too small or negative.
    """
    alpha, beta = (fit.parameters[name] for name in PARAMETERS)
    if discount == 0:
        return (alpha + beta - 1) / (alpha - 1) if alpha > 1 else None
    if not discount >= LEAST_DISCOUNT:
        msg = f"discount must be 0, or {LEAST_DISCOUNT} and more"
        raise ValueError(msg)
    # A subscriber with θ makes 1 / (1 − (1−θ)/(1+d)) payments.
    theta, weights = beta_quadrature(alpha, beta, _LIFETIME_NODES)
    return float(weights @ ((1 + discount) / (theta + discount)))
