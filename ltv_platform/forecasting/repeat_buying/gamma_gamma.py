"""Gamma-Gamma: what a customer's purchase is worth, given those seen so far.

The value of a purchase is Gamma(p, ν), and ν ~ Gamma(q, v) over customers, independent of how
often they buy (Fader & Hardie, The Gamma-Gamma Model of Monetary Value, 2013). v is in the
currency of the values; p and q are pure numbers.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from ltv_platform.forecasting.repeat_buying.fit import LEAST_REPEATERS, Fit
from ltv_platform.forecasting.repeat_buying.histories import Floats, merged
from ltv_platform.forecasting.repeat_buying.maximum_likelihood import HIGHEST, maximize

PARAMETERS = ("p", "q", "v")

#: Where a search begins: p, q, v as a fraction of the mean value.
_STARTS = ((4.0, 4.0, 0.5), (1.0, 3.0, 2.0), (20.0, 10.0, 0.5), (1.0, 1.5, 0.5))
_AT_BOUND = {
    ("p", HIGHEST): "all purchases of a customer have the same value",
    ("q", HIGHEST): "customers do not differ in what they spend",
    ("v", HIGHEST): "customers do not differ in what they spend",
}


def fit_gamma_gamma(
    frequency: ArrayLike, mean_value: ArrayLike, customers: ArrayLike | None = None
) -> Fit:
    """Gamma-Gamma by maximum likelihood over the customers with a positive mean.

    Args:
        frequency: x: purchases behind the mean (repeat purchases), shape (groups,); groups
            with 0 are left out.
        mean_value: m: their mean value; groups whose mean is not above 0 are left out.
        customers: Customers per group; 1 each by default.

    Returns:
        Parameters p, q, v. Status ``infinite_mean`` if q ≤ 1: a new customer's expected value
        is infinite. ``customers`` counts those used.
    """
    purchases, value, weights = buyers(frequency, mean_value, customers)
    total = float(weights.sum())
    if few := too_few_buyers(total):
        return few
    scale = float((weights * value).sum() / total)
    optimum = maximize(_Objective(purchases, value / scale, weights / total), _STARTS)
    fit = optimum.fit("gamma_gamma", PARAMETERS, (1, 1, scale), total, _AT_BOUND)
    return judged(fit, purchases, value, weights)


def buyers(
    frequency: ArrayLike, mean_value: ArrayLike, customers: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Frequency, mean value and number of the customers to fit: each pair once, in order."""
    purchases = np.asarray(frequency, np.float64)
    value = np.asarray(mean_value, np.float64)
    weights = np.ones_like(purchases) if customers is None else np.asarray(customers, np.float64)
    used = (purchases > 0) & (value > 0)
    (value, purchases), weights = merged((value[used], purchases[used]), weights[used])
    return purchases, value, weights


def too_few_buyers(customers: float) -> Fit | None:
    """A fit without parameters if there are too few customers; None if there are enough."""
    if customers >= LEAST_REPEATERS:
        return None
    reason = f"{customers:g} customers paid for a repeat purchase; a fit needs {LEAST_REPEATERS}"
    return Fit("gamma_gamma", {}, {}, None, "too_few_repeaters", reason, round(customers))


def judged(fit: Fit, frequency: Floats, mean_value: Floats, customers: Floats) -> Fit:
    """The fit with its log-likelihood, and with its status if q ≤ 1."""
    likelihood = float((customers * log_likelihood(fit.parameters, frequency, mean_value)).sum())
    fit = replace(fit, log_likelihood=likelihood)
    if fit.status == "ok" and fit.parameters["q"] <= 1:
        reason = "q is at most 1: the expected value of a purchase is infinite"
        return replace(fit, status="infinite_mean", reason=reason)
    return fit


def log_likelihood(
    parameters: Mapping[str, float], frequency: Floats, mean_value: Floats
) -> Floats:
    """Natural log-likelihood of one customer of each group (Fader & Hardie 2013, equation 1a).

    Args:
        parameters: p, q, v.
        frequency: x > 0, shape (groups,).
        mean_value: m > 0.
    """
    p, q, v = (parameters[name] for name in PARAMETERS)
    x, m = frequency, mean_value
    value: Floats = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(m)
        + p * x * np.log(x)
        - (p * x + q) * np.log(x * m + v)
    )
    return value


def expected_value(fit: Fit, frequency: Floats, mean_value: Floats) -> Floats:
    """Expected value of a future purchase: p (v + x m) / (p x + q − 1).

    Fader & Hardie (2013), equation 5: the customer's mean, pulled towards everybody's.

    Args:
        fit: A Gamma-Gamma.
        frequency: x: purchases behind the mean, shape (groups,); 0 gives everybody's mean.
        mean_value: m, in the currency of the fit; read only if x > 0.

    Raises:
        ValueError: q ≤ 1, so the mean is infinite.
    """
    p, q, v = (fit.parameters[name] for name in PARAMETERS)
    if q <= 1:
        msg = "with q ≤ 1 the expected value is infinite"
        raise ValueError(msg)
    seen = np.where(frequency > 0, frequency * mean_value, 0.0)
    value: Floats = p * (v + seen) / (p * frequency + q - 1)
    return value


class _Objective:
    """Log-likelihood per customer of scaled values, and its gradient by log-parameters."""

    def __init__(self, frequency: Floats, mean_value: Floats, weights: Floats) -> None:
        self.x, self.x_index = np.unique(frequency, return_inverse=True)
        self.weight_of_x = np.bincount(self.x_index, weights)
        self.weights = weights
        self.frequency = frequency
        self.spent = frequency * mean_value
        log_value = np.log(mean_value)
        self.log_value = (weights * log_value).sum()
        self.purchases_log_spent = (weights * frequency * (log_value + np.log(frequency))).sum()

    def __call__(self, log_parameters: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(log_parameters)
        x = self.x
        log_sum = np.log(self.spent + v)
        of_log = self.weights * log_sum
        of_inverse = self.weights / (self.spent + v)
        purchases_of_log = (self.frequency * of_log).sum()
        purchases_of_inverse = (self.frequency * of_inverse).sum()
        value = (
            (self.weight_of_x * (gammaln(p * x + q) - gammaln(p * x) - gammaln(q))).sum()
            + q * log_parameters[2]
            + p * self.purchases_log_spent
            - self.log_value
            - p * purchases_of_log
            - q * of_log.sum()
        )
        both = digamma(p * x + q)
        gradient = np.array(
            [
                (self.weight_of_x * x * (both - digamma(p * x))).sum()
                + self.purchases_log_spent
                - purchases_of_log,
                (self.weight_of_x * (both - digamma(q))).sum() + log_parameters[2] - of_log.sum(),
                q / v - p * purchases_of_inverse - q * of_inverse.sum(),
            ]
        )
        return float(value), gradient * np.exp(log_parameters)
