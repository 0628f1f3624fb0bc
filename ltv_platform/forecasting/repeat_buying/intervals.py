"""What a customer will buy and spend, with the interval that the model itself implies.

Intervals are quantiles of the predictive distribution. They include the customer's own chance, but
neither the uncertainty of the parameters nor the errors of the model, which show in the totals of
past forecasts: :func:`empirical_band`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from ltv_platform.forecasting.repeat_buying.buy_till_you_die import (
    expected_purchases,
    probability_alive,
)
from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import Floats, Histories
from ltv_platform.forecasting.repeat_buying.purchase_counts import purchase_tail, tail_table
from ltv_platform.forecasting.repeat_buying.spend_distribution import COUNTS, Spends, first_at_most

#: Share of the probability beyond an interval that the tables leave out.
_FORGOTTEN = 1e-3
#: Ages tabulated at once: young customers need longer tables than old ones.
_AT_ONCE = 512


@dataclass(frozen=True)
class Prediction:
    """What one customer of each group will do in (T, T + horizon]; all of shape (groups,).

    Attributes:
        horizon: In the unit of the fit.
        probability_alive: At T.
        expected_purchases: Mean number.
        lower_purchases: Quantile of the number at (1 − coverage) / 2.
        upper_purchases: Quantile at (1 + coverage) / 2.
        lower_factor: Quantile of spend as a multiple of v + x·m (:func:`spend`); None if no
            values were given.
        upper_factor: The upper quantile of spend.
    """

    horizon: float
    probability_alive: Floats
    expected_purchases: Floats
    lower_purchases: Floats
    upper_purchases: Floats
    lower_factor: Floats | None
    upper_factor: Floats | None


@dataclass(frozen=True)
class Band:
    """Factors around a forecast total.

    Attributes:
        lower: At most 1.
        upper: At least 1.
        origins: The number of past forecasts behind it.
    """

    lower: float
    upper: float
    origins: int


def predict(
    fit: Fit,
    values: Fit | None,
    histories: Histories,
    horizons: Sequence[float],
    coverage: float = 0.8,
) -> tuple[Prediction, ...]:
    """Expected purchases and intervals of one customer of each group.

    Exact except for spend: counts above 48 share it in bins of 4 %, and it is interpolated on a log
    scale. As a number of purchases is whole, its interval holds *at least* the coverage.

    Args:
        fit: A BG/NBD or an MBG/NBD.
        values: A Gamma-Gamma; None for purchases only.
        histories: Shape (groups,), in the unit of the fit.
        horizons: Lengths of the forecasts, in that unit.
        coverage: Probability that the interval contains the outcome, between 0 and 1.

    Returns:
        One prediction per horizon.

    Raises:
        ValueError: A horizon is negative, or the coverage not between 0 and 1.
    """
    if not 0 < coverage < 1:
        msg = "coverage must be between 0 and 1"
        raise ValueError(msg)
    alive = probability_alive(fit, histories)
    # The smallest tail beyond the quantile, given alive. Never 0/0: a customer who is certainly
    # gone makes no purchases.
    with np.errstate(divide="ignore", over="ignore"):
        beyond = [(1 + side * coverage) / 2 / alive for side in (1, -1)]
    purchases = np.zeros((len(horizons), 2, len(histories)))
    factors = np.zeros_like(purchases)
    pairs = histories.pairs()
    order = np.argsort(pairs.index, kind="stable")
    ends = np.searchsorted(pairs.index[order], np.arange(len(pairs.age) + 1))
    forgotten = _FORGOTTEN * (1 - coverage) / 2
    for x, run in pairs.runs():
        longest = _bins(fit, x, pairs.age[run.start], max(horizons, default=0), forgotten)
        spends = values and Spends.of(values, x, longest, forgotten)
        for start in range(run.start, run.stop, _AT_ONCE):
            end = min(start + _AT_ONCE, run.stop)
            groups = order[ends[start] : ends[end]]
            rows = pairs.index[groups] - start
            age = pairs.age[start:end]
            for number, horizon in enumerate(horizons):
                bins = _bins(fit, x, age[0], horizon, forgotten)
                counts = COUNTS[:bins]
                tail = tail_table(fit, x, age, counts, horizon)
                above = spends.above(tail) if spends else None
                for side, least in enumerate(beyond):
                    level = least[groups]
                    column = first_at_most(tail, rows, level)
                    purchases[number, side, groups] = _whole(
                        fit,
                        x,
                        age=age[rows],
                        level=level,
                        counts=counts,
                        column=column,
                        horizon=horizon,
                    )
                    if spends and above is not None:
                        factors[number, side, groups] = spends.factor(above, rows, level)
    return tuple(
        Prediction(
            horizon,
            alive,
            expected_purchases(fit, histories, horizon),
            *purchases[number],
            *(factors[number] if values else (None, None)),
        )
        for number, horizon in enumerate(horizons)
    )


def spend(values: Fit, factor: Floats, frequency: Floats, mean_value: Floats) -> Floats:
    """Spend from a factor of :class:`Prediction`: factor · (v + x·m).

    Given N purchases and a customer's x purchases of mean value m, total / (v + x·m) is beta
    prime (p·N, p·x + q) distributed: ν ~ Gamma(p·x + q, v + x·m) (Fader & Hardie, The Gamma-Gamma
    Model of Monetary Value, 2013, equation 4), the total ~ Gamma(p·N, ν).

    Args:
        values: A Gamma-Gamma.
        factor: Shape (customers,).
        frequency: x of the history that the factor is for.
        mean_value: m; read only if x > 0.
    """
    spent = np.where(frequency > 0, frequency * mean_value, 0.0)
    money: Floats = factor * (values.parameters["v"] + spent)
    return money


def empirical_band(
    predicted: Sequence[float], actual: Sequence[float], coverage: float = 0.8
) -> Band | None:
    """By what factor a forecast total may miss, judged by past ones (rolling origins).

    The logarithms of actual / predicted are assumed to be normal around 0 (a forecast that always
    errs to one side gets a wide band, not a shifted one), and few origins widen the band through
    Student's t. Overlapping origins carry less information than their number suggests.

    Args:
        predicted: Total of each past forecast of the same length.
        actual: What happened.
        coverage: Probability that the band contains the outcome.

    Returns:
        The band; None if fewer than two origins have two positive totals.
    """
    used = [(p, a) for p, a in zip(predicted, actual, strict=True) if p > 0 and a > 0]
    if len(used) < 2:  # noqa: PLR2004 - one past error says nothing about their spread
        return None
    missed = np.log([a / p for p, a in used])
    width = float(student.ppf((1 + coverage) / 2, len(used)) * np.sqrt((missed**2).mean()))
    return Band(float(np.exp(-width)), float(np.exp(width)), len(used))


def _bins(fit: Fit, frequency: float, age: float, horizon: float, forgotten: float) -> int:
    """Bins of counts that leave out no more than the forgotten tail."""
    step = 8
    tail = purchase_tail(fit, frequency, np.asarray(age), COUNTS[::step], horizon)
    return min(int((tail > forgotten).sum()) * step + 1, len(COUNTS))


def _whole(
    fit: Fit,
    frequency: float,
    *,
    age: Floats,
    level: Floats,
    counts: NDArray[np.int64],
    column: NDArray[np.int64],
    horizon: float,
) -> Floats:
    """The greatest count exceeded with a probability of at most the level, in each bin."""
    high = counts[np.minimum(column, len(counts) - 1)].copy()
    low = np.where(column > 0, counts[np.minimum(column, len(counts) - 1) - 1], high - 1)
    while len(wide := np.flatnonzero(high - low > 1)):
        middle = (low[wide] + high[wide]) // 2
        tail = purchase_tail(fit, frequency, age[wide], middle, horizon)
        below = tail <= level[wide]
        high[wide] = np.where(below, middle, high[wide])
        low[wide] = np.where(below, low[wide], middle)
    return np.maximum(high - 1, 0).astype(np.float64)
