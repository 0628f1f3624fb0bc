"""Random futures of customers, for comparison with the exact intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ltv_platform.forecasting.repeat_buying import gamma_gamma
from ltv_platform.forecasting.repeat_buying.buy_till_you_die import (
    EARLY_DROPOUTS,
    PARAMETERS,
    probability_alive,
)
from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import Floats, Histories

#: Purchases beyond which a Poisson number is drawn no more exactly; no generator takes more.
_MOST = 1e15


@dataclass(frozen=True)
class Draws:
    """Possible futures; one customer per group. Their sums over groups are possible totals.

    Attributes:
        purchases: Shape (draws, groups).
        spend: Shape (draws, groups); None where no values were given.
    """

    purchases: NDArray[np.int64]
    spend: Floats | None


def simulate(
    fit: Fit,
    values: Fit | None,
    histories: Histories,
    horizon: float,
    *,
    draws: int,
    seed: int,
    mean_value: Floats | None = None,
) -> Draws:
    """Draws what one customer of each group does in (T, T + horizon].

    Args:
        fit: A BG/NBD or an MBG/NBD.
        values: A Gamma-Gamma; None for purchases only.
        histories: Shape (groups,), in the unit of the fit.
        horizon: Length of the forecast, in that unit.
        draws: How many futures.
        seed: The same seed gives the same futures.
        mean_value: m of each group; needed with values, read only where x > 0.
    """
    r, alpha, a, b = (fit.parameters[name] for name in PARAMETERS)
    random = np.random.default_rng(seed)
    shape = (draws, len(histories))
    x = histories.frequency
    rate = random.gamma(r + x, 1 / (alpha + histories.age), shape)
    dropout = random.beta(a, b + x + EARLY_DROPOUTS[fit.model], shape)
    alive = random.random(shape) < probability_alive(fit, histories)
    wanted = random.poisson(np.minimum(rate * horizon, _MOST))
    # A probability that rounding made 0 is one that nobody lives to see.
    until_dropout = random.geometric(np.maximum(dropout, 1 / _MOST))
    purchases = np.where(alive, np.minimum(wanted, until_dropout), 0)
    if values is None or mean_value is None:
        return Draws(purchases, None)
    p, q, v = (values.parameters[name] for name in gamma_gamma.PARAMETERS)
    scale = random.gamma(p * x + q, 1 / (v + np.where(x > 0, x * mean_value, 0.0)), shape)
    total = random.gamma(p * np.maximum(purchases, 1), 1.0)
    return Draws(purchases, np.where(purchases > 0, total / scale, 0.0))
