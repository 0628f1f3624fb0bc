"""How close a forecast came to what happened."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Accuracy:
    """Errors of a forecast; None if a figure has no meaning.

    Attributes:
        predicted_total: Sum over the customers.
        actual_total: Sum over the customers.
        bias: predicted_total / actual_total − 1; None if nothing happened.
        mae: Mean absolute error per customer. If most customers do nothing, forecasting 0 for
            everyone has a low error: read it together with the others.
        rmse: Root of the mean squared error per customer.
        r: Correlation over the customers; None if either side does not vary.
    """

    predicted_total: float
    actual_total: float
    bias: float | None
    mae: float | None
    rmse: float | None
    r: float | None


def compare(
    predicted: ArrayLike, actual: ArrayLike, customers: ArrayLike | None = None
) -> Accuracy:
    """Compare what was predicted for each group of customers with what they did.

    Args:
        predicted: What was predicted per customer of each group, shape (groups,).
        actual: What happened per customer of each group.
        customers: Customers per group; 1 each by default.
    """
    expected = np.asarray(predicted, np.float64)
    happened = np.asarray(actual, np.float64)
    weights = np.ones_like(expected) if customers is None else np.asarray(customers, np.float64)
    total = weights.sum()
    predicted_total = float((weights * expected).sum())
    actual_total = float((weights * happened).sum())
    if not total > 0:
        return Accuracy(predicted_total, actual_total, None, None, None, None)
    error = expected - happened
    expected_spread = expected - predicted_total / total
    happened_spread = happened - actual_total / total
    scale = np.sqrt((weights * expected_spread**2).sum() * (weights * happened_spread**2).sum())
    # A constant may vary by rounding; that does not count.
    varies = _varies(expected, weights) and _varies(happened, weights)
    return Accuracy(
        predicted_total,
        actual_total,
        predicted_total / actual_total - 1 if actual_total else None,
        float((weights * np.abs(error)).sum() / total),
        float(np.sqrt((weights * error**2).sum() / total)),
        float((weights * expected_spread * happened_spread).sum() / scale) if varies else None,
    )


def _varies(values: np.ndarray, weights: np.ndarray) -> bool:
    seen = values[weights > 0]
    return bool(seen.max() > seen.min())
