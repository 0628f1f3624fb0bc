"""Other ways to compute figures of the models, for comparison with those of the product."""

import numpy as np

from ltv_platform.forecasting.repeat_buying.buy_till_you_die import (
    expected_purchases,
    probability_alive,
)
from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import Floats, Histories
from ltv_platform.forecasting.repeat_buying.purchase_counts import tail_table


def purchase_counts(fit: Fit, histories: Histories, horizon: float, most: int) -> Floats:
    """Probability of each number of purchases in (T, T + horizon].

    Args:
        fit: A BG/NBD or an MBG/NBD.
        histories: Shape (groups,), in the unit of the fit.
        horizon: Length of the forecast, in that unit.
        most: Greatest number of purchases that is asked for.

    Returns:
        P(N = n), shape (groups, most + 1) for n = 0 … most. Rows add up to P(N ≤ most).
    """
    pairs = histories.pairs()
    exactly = np.empty((len(pairs.age), most + 1))
    for x, run in pairs.runs():
        tail = tail_table(fit, x, pairs.age[run], np.arange(most + 2), horizon)
        exactly[run] = np.maximum(tail[:, :-1] - tail[:, 1:], 0)
    alive = probability_alive(fit, histories)
    counts = alive[:, None] * exactly[pairs.index]
    counts[:, 0] += 1 - alive
    return counts


def expected_purchases_new(fit: Fit, times: Floats) -> Floats:
    """Expected repeat purchases of a new customer by each time after the first purchase.

    Fader, Hardie & Lee (2005), equation 9; Batislam et al. (2007), equation 7.

    Args:
        fit: A BG/NBD or an MBG/NBD.
        times: Since the first purchase, in the unit of the fit; any shape.
    """
    nothing = np.zeros(1)
    new = Histories(nothing, nothing, nothing, np.ones(1))
    distinct, index = np.unique(np.asarray(times, np.float64), return_inverse=True)
    expected = np.array([expected_purchases(fit, new, time)[0] for time in distinct])
    return expected[index]
