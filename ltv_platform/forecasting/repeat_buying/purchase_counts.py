"""How many purchases a customer will make: the whole distribution, not only its mean.

A customer who is alive at T makes the smaller of two independent numbers of purchases: a Poisson
number, with λ ~ Gamma(r+x, α+T), and the geometric number at which they drop out, with
p ~ Beta(a, b+k).
So P(N ≥ n) is P(alive) times a negative binomial tail times E[(1−p)^(n−1)], and nothing needs to
be simulated or summed. (Fader, Hardie & Lee 2005, equation 8, is the special case of a new
customer.)
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln, gammaln

from ltv_platform.forecasting.repeat_buying.buy_till_you_die import EARLY_DROPOUTS, PARAMETERS
from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import Floats

#: Counts up to which tails are sums of probabilities; that is fifty times faster than the
#: incomplete beta function, and loses no significant digit.
_SUMMED = 256


def purchase_tail(
    fit: Fit, frequency: float, age: Floats, counts: NDArray[np.int64], horizon: float
) -> Floats:
    """P(N ≥ n) of customers who are alive at T, elementwise.

    Args:
        fit: A BG/NBD or an MBG/NBD.
        frequency: x of all of them.
        age: T.
        counts: n ≥ 0; broadcast against ``age``.
        horizon: Length of the forecast.
    """
    r, alpha, _, _ = (fit.parameters[name] for name in PARAMETERS)
    part = horizon / (alpha + age + horizon)
    bought = np.where(counts > 0, betainc(np.maximum(counts, 1), r + frequency, part), 1.0)
    tail: Floats = bought * _still_there(fit, frequency, counts)
    return tail


def tail_table(
    fit: Fit, frequency: float, age: Floats, counts: NDArray[np.int64], horizon: float
) -> Floats:
    """P(N ≥ n) of customers who are alive at T, for every age and count.

    Args:
        fit: A BG/NBD or an MBG/NBD.
        frequency: x of all of them.
        age: T, shape (ages,).
        counts: n, ascending from 0, shape (counts,).
        horizon: Length of the forecast.

    Returns:
        Shape (ages, counts), descending along the counts.
    """
    r, alpha, _, _ = (fit.parameters[name] for name in PARAMETERS)
    few = int(np.searchsorted(counts, _SUMMED, side="right"))
    tail = np.ones((len(age), len(counts)))
    if few > 1 and horizon > 0:
        rate = r + frequency
        n = np.arange(counts[few - 1], dtype=np.float64)
        log_chosen = gammaln(rate + n) - gammaln(rate) - gammaln(n + 1)
        log_inside = -np.log1p((alpha + age) / horizon)
        log_outside = -rate * np.log1p(horizon / (alpha + age))
        exactly = np.exp(log_chosen + n * log_inside[:, None] + log_outside[:, None])
        above = np.maximum(1 - np.cumsum(exactly, axis=1), 0)
        tail[:, 1:few] = above[:, counts[1:few] - 1]
    elif few > 1:
        tail[:, 1:few] = 0
    tail[:, :few] *= _still_there(fit, frequency, counts[:few])
    if few < len(counts):
        tail[:, few:] = purchase_tail(fit, frequency, age[:, None], counts[few:], horizon)
    return tail


def _still_there(fit: Fit, frequency: float, counts: NDArray[np.int64]) -> Floats:
    """E[(1−p)^(n−1)]: a customer who is alive does not drop out before the n-th purchase."""
    _, _, a, b = (fit.parameters[name] for name in PARAMETERS)
    returned = b + frequency + EARLY_DROPOUTS[fit.model]
    stays: Floats = np.exp(betaln(a, returned + np.maximum(counts - 1, 0)) - betaln(a, returned))
    return np.minimum(stays, 1)
