"""Errors of a forecast, and when they have no meaning."""

import numpy as np
import pytest

from ltv_platform.forecasting.accuracy import Accuracy, compare


def test_figures_by_hand() -> None:
    """Two groups of customers are as three customers."""
    grouped = compare([1.0, 3.0], [2.0, 2.0], [2, 1])
    assert grouped == Accuracy(5.0, 6.0, 5 / 6 - 1, 1.0, 1.0, None)
    spelt_out = compare([1.0, 2.0, 4.0], [0.0, 2.0, 5.0])
    assert spelt_out.mae == pytest.approx(2 / 3)
    assert spelt_out.rmse == pytest.approx(np.sqrt(2 / 3))
    assert spelt_out.r == pytest.approx(np.corrcoef([1, 2, 4], [0, 2, 5])[0, 1])
    assert spelt_out.bias == 0


def test_what_has_no_meaning_is_none() -> None:
    """docs/metrics.md: a ratio with a zero or missing denominator is NULL."""
    assert compare([], []) == Accuracy(0.0, 0.0, None, None, None, None)
    nothing = compare([0.1, 0.2], [0.0, 0.0])
    assert (nothing.bias, nothing.r) == (None, None)
    assert compare([0.1, 0.1], [1.0, 0.0]).r is None
