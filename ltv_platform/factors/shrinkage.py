"""Means of groups shrunk to the mean of all, and p-values corrected for multiple tests."""

import math
from collections.abc import Sequence


def shrunk_means(
    customers: Sequence[int], sums: Sequence[float], squares: Sequence[float], fewest: int = 1
) -> list[float]:
    """The empirical Bayes mean of each group, because small groups are high or low by chance.

    With mean y_j and variance s2_j of n_j customers, mean y of all, and J groups::

        v_j    = max(s2_j, s2) / n_j, where s2 is the variance within groups, pooled
        tau2   = max(0, (sum (y_j - y)^2 / v_j - (J - 1)) / (sum 1/v_j - sum 1/v_j^2 / sum 1/v_j))
        shrunk = y + tau2 / (tau2 + v_j) (y_j - y)

    Efron & Morris, Data analysis using Stein's estimator, JASA 70, 1975, with the variance between
    groups by DerSimonian & Laird, Controlled Clinical Trials 7, 1986. The larger of the two
    variances counts: without a big spender a small group's own variance is too small, and with one
    the pooled variance is too small; either alone would mistake chance for a difference.

    Args:
        customers: n_j per group, at least 1.
        sums: Sum of the values per group.
        squares: Sum of their squares per group.
        fewest: Groups of fewer customers are shrunk, but not used to estimate tau2.

    Returns:
        One mean per group. It is the mean of all if the groups differ no more than by chance, or if
        every group is a single customer.
    """
    total = sum(customers)
    if not total:
        return []
    mean = math.fsum(sums) / total
    spreads = [
        max(0.0, square - value * value / count)
        for square, value, count in zip(squares, sums, customers, strict=True)
    ]
    if total == len(customers):
        return [mean] * len(customers)
    pooled = math.fsum(spreads) / (total - len(customers))
    variances = [
        max(pooled, spread / max(count - 1, 1)) / count
        for spread, count in zip(spreads, customers, strict=True)
    ]
    off = [value / count - mean for value, count in zip(sums, customers, strict=True)]
    if pooled == 0:  # all customers of a group are alike, so any difference is real
        return [mean + own for own in off]
    large = [index for index, count in enumerate(customers) if count >= fewest]
    weight = math.fsum(1 / variances[index] for index in large)
    between = math.fsum(off[index] ** 2 / variances[index] for index in large) - (len(large) - 1)
    if len(large) < 2 or between <= 0:  # noqa: PLR2004 - one group differs from nothing
        return [mean] * len(customers)
    scale = weight - math.fsum(variances[index] ** -2 for index in large) / weight
    between /= scale
    return [
        mean + between / (between + variance) * own
        for variance, own in zip(variances, off, strict=True)
    ]


def adjusted_p_values(p_values: Sequence[float]) -> list[float]:
    """p-values after Benjamini & Hochberg (JRSS B 57, 1995), in the order given.

    Among the tests with at most q the expected share of false positives is at most q.
    """
    count = len(p_values)
    ascending = sorted(range(count), key=lambda index: p_values[index])
    adjusted = [1.0] * count
    least = 1.0
    for rank in range(count, 0, -1):
        index = ascending[rank - 1]
        least = min(least, p_values[index] * count / rank)
        adjusted[index] = least
    return adjusted
