"""BG/NBD and MBG/NBD: customers buy at their own rate until they drop out, unseen.

While alive, a customer buys at a Poisson rate λ ~ Gamma(r, α); after each purchase the customer
drops out with probability p ~ Beta(a, b). BG/NBD (Fader, Hardie & Lee, "Counting Your Customers"
the Easy Way, Marketing Science 24(2), 2005) asks after each *repeat* purchase, so that a customer
who bought once is alive by construction. MBG/NBD (Batislam, Denizel & Filiztekin, IJRM 24(3), 2007;
Hoppe & Wagner, Marketing JRM 29(2), 2007) asks after the first purchase too. The two differ by that
one opportunity, so each formula appears only once, with k = x (BG) or x + 1 (MBG).

Every parameter is in the unit of time of the histories: α is a time, the others are pure numbers.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, gammaln

from ltv_platform.forecasting.repeat_buying.fit import Fit, too_small
from ltv_platform.forecasting.repeat_buying.histories import Floats, Histories, distinct
from ltv_platform.forecasting.repeat_buying.maximum_likelihood import HIGHEST, LOWEST, maximize
from ltv_platform.forecasting.repeat_buying.quadrature import NODES, beta_quadrature

#: Opportunities to drop out before the first repeat purchase.
EARLY_DROPOUTS: Mapping[str, int] = {"bg_nbd": 0, "mbg_nbd": 1}
PARAMETERS = ("r", "alpha", "a", "b")
#: For up to this many purchases of a customer who stays, 64 nodes keep the error below 1e-6; it
#: grows with the purchases over the square of the nodes. The maximum exceeds that of any real
#: customer.
_FOLLOWED, _MOST_NODES = 100, 4096

#: Where a search begins: r, α as a fraction of the mean age, a, b. The first is near what retailers
#: see; the others are slow steady buyers, and many who never come back.
_STARTS = ((0.5, 0.3, 1.0, 2.5), (2.0, 1.0, 0.5, 5.0), (0.2, 0.1, 1.0, 1.0), (1.0, 1.0, 0.1, 1.0))
#: Groups computed at once: this many fit into the processor's cache.
_BLOCK = 8_192
_AT_BOUND = {
    ("r", HIGHEST): "all customers buy at the same rate",
    ("alpha", HIGHEST): "all customers buy at the same rate",
    ("a", LOWEST): "nobody seems to drop out",
    ("b", LOWEST): "nobody seems to come back",
    ("a", HIGHEST): "all customers drop out with the same probability",
    ("b", HIGHEST): "all customers drop out with the same probability, or hardly ever",
}


def fit_bg_nbd(histories: Histories) -> Fit:
    """BG/NBD by maximum likelihood.

    Args:
        histories: In any order and grouping.

    Returns:
        Parameters r, alpha, a, b; a status other than ``ok`` says why they must not be used.
    """
    return _fitted("bg_nbd", histories)


def fit_mbg_nbd(histories: Histories) -> Fit:
    """MBG/NBD by maximum likelihood; see :func:`fit_bg_nbd`."""
    return _fitted("mbg_nbd", histories)


def log_likelihood(model: str, parameters: Mapping[str, float], histories: Histories) -> Floats:
    """Natural log-likelihood of one customer of each group.

    Fader, Hardie & Lee (2005), equation 6; Batislam et al. (2007), equation 5:
    L = Γ(r+x) α^r / Γ(r) · B(a, b+k)/B(a, b) · (α+T)^-(r+x) · (1 + odds of having dropped out).

    Args:
        model: ``bg_nbd`` or ``mbg_nbd``.
        parameters: r, alpha, a, b.
        histories: Shape (groups,).
    """
    r, alpha, a, b = (parameters[name] for name in PARAMETERS)
    x = histories.frequency
    k = x + EARLY_DROPOUTS[model]
    value: Floats = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + betaln(a, b + k)
        - betaln(a, b)
        - (r + x) * np.log(alpha + histories.age)
        + np.logaddexp(0, _log_odds(model, parameters, histories))
    )
    return value


def with_log_likelihood(fit: Fit, histories: Histories) -> Fit:
    """The fit with the log-likelihood of all customers."""
    each = log_likelihood(fit.model, fit.parameters, histories)
    return replace(fit, log_likelihood=float((histories.customers * each).sum()))


def probability_alive(fit: Fit, histories: Histories) -> Floats:
    """Probability that a customer of each group has not dropped out at T.

    Hoppe & Wagner (2007), equation 13; Fader & Hardie, Computing P(alive) using the BG/NBD model
    (2008): 1 / (1 + odds).

    Args:
        fit: A BG/NBD or an MBG/NBD.
        histories: Shape (groups,), in the unit of the fit.
    """
    odds = _log_odds(fit.model, fit.parameters, histories)
    alive: Floats = np.exp(-np.logaddexp(0, odds))
    return alive


def expected_purchases(fit: Fit, histories: Histories, horizon: float) -> Floats:
    """Expected purchases of one customer of each group in (T, T + horizon].

    Given alive, λ ~ Gamma(r+x, α+T) and p ~ Beta(a, b+k) are independent, and a customer with
    (λ, p) makes (1 − e^(−λ p h)) / p purchases (Fader, Hardie & Lee 2005, equation 7). λ is
    integrated out exactly, p by Gauss-Jacobi quadrature, with 64 nodes, or more for customers who
    would make more than 100 purchases: the closed form with ₂F₁ (equation 10) loses all digits for
    large x, T or horizon. The relative error is below 1e-6 up to 400,000 purchases without dropout.

    Args:
        fit: A BG/NBD or an MBG/NBD.
        histories: Shape (groups,), in the unit of the fit.
        horizon: Length of the forecast, in that unit; 0 gives 0.

    Raises:
        ValueError: The horizon is negative.
    """
    if horizon < 0:
        msg = "horizon must not be negative"
        raise ValueError(msg)
    r, alpha, a, b = (fit.parameters[name] for name in PARAMETERS)
    pairs = histories.pairs()
    expected = np.empty(len(pairs.age))
    for x, run in pairs.runs():
        part = horizon / (alpha + pairs.age[run])
        nodes = _nodes((r + x) * part)
        of_run = expected[run]
        for several in np.unique(nodes).tolist():
            chosen = nodes == several
            p, weights = beta_quadrature(a, b + x + EARLY_DROPOUTS[fit.model], several)
            of_run[chosen] = (-np.expm1(-(r + x) * np.log1p(part[chosen, None] * p)) / p) @ weights
    return probability_alive(fit, histories) * expected[pairs.index]


def _log_odds(model: str, parameters: Mapping[str, float], histories: Histories) -> Floats:
    """Logarithm of P(dropped out) / P(alive) at T: a/(b+k−1) · ((α+T)/(α+t_x))^(r+x)."""
    r, alpha, a, b = (parameters[name] for name in PARAMETERS)
    x = histories.frequency
    k = x + EARLY_DROPOUTS[model]
    since_last = np.log1p((histories.age - histories.recency) / (alpha + histories.recency))
    odds: Floats = np.where(
        k > 0,
        np.log(a) - np.log(np.where(k > 0, b + k - 1, 1)) + (r + x) * since_last,
        -np.inf,
    )
    return odds


def _nodes(followed: Floats) -> NDArray[np.int64]:
    """Nodes needed for customers who would make this many purchases without dropping out."""
    doublings = np.ceil(np.log2(np.maximum(followed / _FOLLOWED, 1)) / 2)
    nodes: NDArray[np.int64] = np.minimum(NODES * 2**doublings, _MOST_NODES).astype(np.int64)
    return nodes


class _Objective:
    """Log-likelihood per customer of scaled histories, and its gradient by log-parameters.

    Gamma functions are taken per distinct x, logarithms per distinct time.
    """

    def __init__(self, model: str, histories: Histories, scale: float) -> None:
        early = EARLY_DROPOUTS[model]
        weights = histories.customers / histories.total
        self.x, x_index = distinct(histories.frequency)
        self.k = self.x + early
        self.weight_of_x = np.bincount(x_index, weights)
        self.age, age_index = distinct(histories.age)
        self.age /= scale
        self.weight_of_age = np.bincount(age_index, weights)
        self.purchases_of_age = np.bincount(age_index, weights * histories.frequency)
        # Customers who cannot have dropped out yet do not enter the second term.
        able = histories.frequency + early > 0
        self.recency, recency_index = distinct(histories.recency[able])
        self.recency /= scale
        self.weights = weights[able]
        self.frequency = histories.frequency[able]
        self.indices = x_index[able], recency_index, age_index[able]

    def __call__(self, log_parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(log_parameters)
        log_alpha = log_parameters[1]
        x, k = self.x, self.k
        log_age = np.log(alpha + self.age)
        purchasing = r * self.weight_of_age + self.purchases_of_age
        # If k = 0 the denominator is not used.
        follows = np.where(k > 0, b + k - 1, 1.0)
        dropped, dropped_of_x = self._dropped(r, alpha, log_age, np.log(a) - np.log(follows))
        value = (
            self.weight_of_x
            * (gammaln(r + x) - gammaln(r) + r * log_alpha + betaln(a, b + k) - betaln(a, b))
        ).sum()
        value += dropped[0] - (purchasing * log_age).sum()
        gradient = np.array(
            [
                (self.weight_of_x * (digamma(r + x) - digamma(r) + log_alpha)).sum()
                - (self.weight_of_age * log_age).sum()
                + dropped[1],
                r / alpha - (purchasing / (alpha + self.age)).sum() + dropped[2],
                (self.weight_of_x * (digamma(a + b) - digamma(a + b + k))).sum()
                + dropped_of_x.sum() / a,
                (
                    self.weight_of_x
                    * (digamma(b + k) - digamma(a + b + k) - digamma(b) + digamma(a + b))
                ).sum()
                - (dropped_of_x / follows).sum(),
            ]
        )
        return float(value), gradient * np.exp(log_parameters)

    def _dropped(
        self, r: float, alpha: float, log_age: Floats, log_odds: Floats
    ) -> tuple[Floats, Floats]:
        """Sums over groups of log(1 + odds of having dropped out) and of its derivatives.

        Returns:
            The sum with its derivatives by r and α, shape (3,), and the probability of having
            dropped out summed per distinct x.
        """
        log_recency = np.log(alpha + self.recency)
        by_age, by_recency = 1 / (alpha + self.age), 1 / (alpha + self.recency)
        sums, dropped_of_x = np.zeros(3), np.zeros(len(self.x))
        for start in range(0, len(self.weights), _BLOCK):
            block = slice(start, start + _BLOCK)
            x, recency, age = (indices[block] for indices in self.indices)
            weights = self.weights[block]
            since_last = log_age[age] - log_recency[recency]
            exponent = r + self.frequency[block]
            odds = log_odds[x] + exponent * since_last
            small = np.exp(-np.abs(odds))
            dropped = weights * np.where(odds >= 0, 1.0, small) / (1 + small)
            by_alpha = by_age[age] - by_recency[recency]
            sums[0] += (weights * (np.maximum(odds, 0) + np.log1p(small))).sum()
            sums[1] += (dropped * since_last).sum()
            sums[2] += (dropped * exponent * by_alpha).sum()
            dropped_of_x += np.bincount(x, dropped, len(self.x))
        return sums, dropped_of_x


def _fitted(model: str, histories: Histories) -> Fit:
    customers = round(histories.total)
    small = too_small(histories.total, histories.repeaters)
    if small:
        return Fit(model, {}, {}, None, *small, customers)
    grouped = histories.grouped()
    scale = grouped.mean_age
    optimum = maximize(_Objective(model, grouped, scale), _STARTS)
    fit = optimum.fit(model, PARAMETERS, (1, scale, 1, 1), grouped.total, _AT_BOUND)
    return with_log_likelihood(fit, grouped)
