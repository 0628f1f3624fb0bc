"""Shrunk means and corrected tests against the printed formulas."""

import numpy as np
import pytest

from ltv_platform.factors.shrinkage import adjusted_p_values, shrunk_means


def test_shrunk_means_follow_the_formula() -> None:
    """Two groups that differ, one of them small: the small one is shrunk more."""
    groups = [np.array([1.0, 3.0] * 50), np.array([5.0, 7.0] * 5)]
    counts = [len(group) for group in groups]
    shrunk = shrunk_means(counts, [g.sum() for g in groups], [(g**2).sum() for g in groups])
    mean = np.concatenate(groups).mean()
    pooled = 110 / 108
    v = [max(100 / 99, pooled) / 100, max(10 / 9, pooled) / 10]
    off = [2 - mean, 6 - mean]
    weight = sum(1 / x for x in v)
    between = (sum(o**2 / x for o, x in zip(off, v, strict=True)) - 1) / (
        weight - sum(x**-2 for x in v) / weight
    )
    expected = [mean + between / (between + x) * o for o, x in zip(off, v, strict=True)]
    assert shrunk == pytest.approx(expected, rel=1e-12)
    assert 2 < shrunk[0] < mean < shrunk[1] < 6


@pytest.mark.parametrize(
    ("customers", "sums", "squares", "expected"),
    [
        ([], [], [], []),
        ([7], [14.0], [30.0], [2.0]),
        ([1, 1], [1.0, 3.0], [1.0, 9.0], [2.0, 2.0]),  # every group is one customer
        ([2, 2], [2.0, 6.0], [2.0, 18.0], [1.0, 3.0]),  # within groups nothing varies
        ([4, 4], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_shrunk_means_of_little(
    customers: list[int], sums: list[float], squares: list[float], expected: list[float]
) -> None:
    """Nothing to compare gives the mean of all, and no division by zero."""
    assert shrunk_means(customers, sums, squares) == pytest.approx(expected)


def test_adjusted_p_values_are_those_of_benjamini_and_hochberg() -> None:
    """The example of their paper (1995, section 3.2): 4 of 15 are significant at 0.05."""
    printed = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    printed += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    backwards = adjusted_p_values(printed[::-1])
    adjusted = adjusted_p_values(printed)
    assert adjusted == backwards[::-1]
    assert adjusted[:2] == pytest.approx([0.0015, 0.003])
    assert sum(chance <= 0.05 for chance in adjusted) == 4
    assert adjusted == sorted(adjusted)
    assert adjusted_p_values([]) == []
