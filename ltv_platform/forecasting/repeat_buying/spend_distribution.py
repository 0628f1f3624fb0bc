"""The distribution of what several purchases cost together, tabulated once per frequency."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, betaincinv

from ltv_platform.forecasting.repeat_buying import gamma_gamma
from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import Floats

#: Counts up to this one have a distribution each; above it, the counts of a bin of 4 % share one.
_SEPARATE, _BIN = 48, 1.04
#: Least counts of the bins, in ascending order.
COUNTS = np.concatenate(
    [np.arange(_SEPARATE), np.ceil(_SEPARATE * _BIN ** np.arange(430)).astype(np.int64)]
)
#: The mean count of each bin, which represents all of them.
_MIDDLES = np.concatenate([(COUNTS[:-1] + COUNTS[1:] - 1) / 2, COUNTS[-1:]])
#: Points of a spend distribution, evenly spaced in its logarithm.
_POINTS = 96
#: Spend below this fraction of the median purchase counts as nothing.
_NOTHING = 1e-6


@dataclass(frozen=True)
class Spends:
    """P(spend > points · (v + x·m)) for each bin of purchases, at points of one frequency.

    Attributes:
        points: Multiples of v + x·m, ascending, shape (points,).
        exceeded: Shape (bins without 0, points).
    """

    points: Floats
    exceeded: Floats

    @classmethod
    def of(cls, values: Fit, frequency: float, bins: int, forgotten: float) -> "Spends":
        """The table for one frequency.

        Args:
            values: A Gamma-Gamma.
            frequency: x.
            bins: Bins of :data:`COUNTS` that are used.
            forgotten: Tail probability that may lie beyond the last point.
        """
        p, q, _ = (values.parameters[name] for name in gamma_gamma.PARAMETERS)
        shape = p * _MIDDLES[1 : max(bins, 2)]
        seen = p * frequency + q
        low, middle = betaincinv(shape[0], seen, [forgotten, 0.5])
        above = max(betaincinv(seen, shape[-1], forgotten), np.finfo(np.float64).tiny)
        least = max(low / (1 - low), _NOTHING * middle / (1 - middle))
        points = np.geomspace(least, max((1 - above) / above, 2 * least), _POINTS)
        return cls(points, betaincc(shape[:, None], seen, points / (1 + points)))

    def above(self, tail: Floats) -> Floats:
        """P(spend > 0) and P(spend > each point) of customers with these counts.

        Args:
            tail: P(N ≥ n) at :data:`COUNTS`, shape (ages, bins).

        Returns:
            Shape (ages, 1 + points).
        """
        bins = tail[:, 1:].copy()
        bins[:, :-1] -= tail[:, 2:]
        return np.hstack([tail[:, 1:2], bins @ self.exceeded[: bins.shape[1]]])

    def factor(self, above: Floats, rows: NDArray[np.int64], level: Floats) -> Floats:
        """The factor that is exceeded with the probability ``level``.

        Args:
            above: From :meth:`above`.
            rows: Row of each group.
            level: Of each group.
        """
        column = first_at_most(above, rows, level)
        upper = np.clip(column, 2, len(self.points))
        more, less = above[rows, upper - 1], above[rows, upper]
        # Two equal neighbors leave nothing to interpolate.
        weight = np.clip((more - level) / np.where(more > less, more - less, 1), 0, 1)
        logs = np.log(self.points)
        between = np.exp(logs[upper - 2] + weight * (logs[upper - 1] - logs[upper - 2]))
        return np.where(column == 0, 0.0, np.where(column == 1, self.points[0], between))


def first_at_most(table: Floats, rows: NDArray[np.int64], level: Floats) -> NDArray[np.int64]:
    """First column of each row at which the table is at most the level.

    Args:
        table: Probabilities, each row descending, shape (rows, columns).
        rows: Row to search, per level.
        level: Levels; above 1 they count as 1.

    Returns:
        One column per level; the number of columns if there is none.
    """
    # Rows laid end to end ascend, so one binary search serves all levels.
    ascending = 2.0 * np.arange(len(table))[:, None] + (1 - table)
    column: NDArray[np.int64] = np.searchsorted(
        ascending.ravel(), 2.0 * rows + (1 - np.minimum(level, 1))
    )
    column -= rows * table.shape[1]
    return column
