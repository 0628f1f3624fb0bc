"""Sums of growth from any age to any other: what a step per day adds up to."""

import numpy as np

from ltv_platform.forecasting.cohorts.residuals import Booleans, Integers
from ltv_platform.forecasting.repeat_buying.histories import Floats


class Running:
    """Running sums along the ages of steps that may be undefined at some.

    Args:
        steps: (rows, ages); NaN if undefined.
    """

    def __init__(self, steps: Floats) -> None:
        undefined = np.isnan(steps)
        self._sums = _sums_before(np.where(undefined, 0.0, steps) if undefined.any() else steps)
        self._gaps = _sums_before(undefined) if undefined.any() else None

    def between(self, rows: "Integers | slice", first: int, last: "int | slice") -> Floats:
        """Sum of the steps from age first to the last ages; NaN if one is undefined.

        (rows,) for one last age, (rows, ages) for a slice of them.
        """
        start = slice(first, first + 1) if isinstance(last, slice) else first
        between: Floats = self._sums[rows, last] - self._sums[rows, start]
        if self._gaps is not None:
            between[self._gaps[rows, last] > self._gaps[rows, start]] = np.nan
        return between


def _sums_before(steps: "Floats | Booleans") -> Floats:
    """(rows, ages + 1): sums of the steps before each age."""
    sums = np.zeros((steps.shape[0], steps.shape[1] + 1))
    np.cumsum(steps, axis=1, out=sums[:, 1:])
    return sums
