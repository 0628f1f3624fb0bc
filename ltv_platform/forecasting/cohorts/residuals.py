"""Intervals from the errors of cohorts that were forecast from all others.

The quantiles of leave-one-out residuals bound a new residual: R. F. Barber et al., Predictive
inference with the jackknife+, Annals of Statistics 49(1), 2021, sec. 1.2. The only
assumption about their distribution is how their spread depends on the size of a cohort.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ltv_platform.forecasting.repeat_buying.histories import Floats

Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]

#: Share of cohorts that an interval contains.
COVERAGE = 0.8
#: Residuals needed to read the outer tenths: 0.1 (n + 1) is about 1.
LEAST_COHORTS = 9

_ENDS = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
#: Standard deviations by which equal residuals may differ through rounding. Small cohorts without
#: further revenue all have one residual, which may be the very end of the interval.
_SAME = 1e-9


@dataclass(frozen=True)
class ResidualSpread:
    """Residuals of cohorts, and the interval that follows for a cohort of any size.

    The variance of a residual is modeled as between + within / size: the difference between
    cohorts of any size, and the part that averages out over customers.

    Attributes:
        between: The first, in squared units of the residuals.
        within: The second, for one customer.
        scaled: (n,): residuals over their standard deviation, in ascending order.
        order: (n,): index of the residual that each of these was.
    """

    between: float
    within: float
    scaled: Floats
    order: Integers

    @classmethod
    def of(cls, residuals: Floats, sizes: Floats) -> "ResidualSpread":
        """The spread of residuals, by the moments of e² and of e² × size.

        Args:
            residuals: (n,): errors, at least one.
            sizes: (n,): customers behind each, above 0.
        """
        squares = residuals**2
        mean, inverse, size = squares.mean(), (1 / sizes).mean(), sizes.mean()
        unequal = inverse * size - 1  # 0 if all cohorts are of one size
        between = 0.0
        if unequal > 0:
            between = float((inverse * (squares * sizes).mean() - mean) / unequal)
        # At most half, so that a small cohort always has the wider interval.
        between = min(max(between, 0.0), float(mean) / 2)
        within = float((mean - between) / inverse)
        scales = np.sqrt(between + within / sizes)
        scaled = np.divide(residuals, scales, out=np.zeros(len(residuals)), where=scales > 0)
        order = np.argsort(scaled, kind="stable")
        return cls(between, within, scaled[order], order)

    def reach(self, sizes: Floats) -> tuple[Floats, Floats]:
        """Residuals between which cohorts of these sizes are expected; (m,) each.

        0 lies between them, so that an interval contains its forecast even if all errors have
        one sign.
        """
        many = len(self.scaled)
        positions = np.array(_ENDS) * (many + 1) - 1
        lower, upper = np.interp(positions, np.arange(many), self.scaled)
        scales = np.sqrt(self.between + self.within / np.maximum(sizes, 1))
        return min(lower, 0.0) * scales, max(upper, 0.0) * scales

    def holds(self) -> Booleans:
        """(n,): whether each lies between the quantiles of all other residuals."""
        many = len(self.scaled)
        ranks = np.arange(many)
        bounds = []
        for end in _ENDS:
            position = min(max(end * many - 1, 0), many - 2)
            low = int(position)
            high = min(low + 1, many - 2)
            # The others in order: from the cohort's own rank on they are one position further.
            below = self.scaled[low + (low >= ranks)]
            above = self.scaled[high + (high >= ranks)]
            bounds.append(below + (position - low) * (above - below))
        held = np.empty(many, dtype=bool)
        above_lower = self.scaled >= np.minimum(bounds[0], 0) - _SAME
        held[self.order] = above_lower & (self.scaled <= np.maximum(bounds[1], 0) + _SAME)
        return held
