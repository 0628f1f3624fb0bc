"""docs/metrics.md, outlook of campaigns: the interval of a sum over a campaign's cohorts."""

import numpy as np
import pytest

from ltv_platform.forecasting.cohorts.chain_ladder import ChainLadder
from ltv_platform.forecasting.cohorts.parts import LEAST_PARTS, Parts
from ltv_platform.forecasting.cohorts.triangle import Triangle
from ltv_platform_tests.forecasting.cohorts.triangles import numbers, triangle
from ltv_platform_tests.forecasting.cohorts.worlds import world

#: 90 % quantile of Student's t with five degrees of freedom, from a printed table.
T5 = 1.475884


def five_campaigns(older: float, newer: float) -> Triangle:
    """Each with two cohorts that bring 100 on the first day and then grow to older and newer.

    The first campaign has a third one of the same size, one day old.
    """
    curves = [[100, older], [100, newer]] * 5
    return triangle(
        [*curves, [100]],
        groups=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0],
        weeks=[0, 1] * 5 + [2],
    )


def test_an_interval_by_hand() -> None:
    """All grow to 200, then to 100: the parts are off by +1 and −0.5, so the mean of e² is 0.625.

    Parts are of one size, so nothing is between. 100 payers forecast from 100 have 1 / 100 +
    1 / 130; the third cohort, forecast from 200, has 1 / 100 + 1 / 230.
    """
    reach = T5 * np.sqrt(0.625 * (1 / 100 + 1 / 230) / (1 / 100 + 1 / 130))
    given = Parts(five_campaigns(200, 100), 2).interval(numbers(10), np.array([150.0]))
    # 150 × (1 − reach) is below the 100 that were seen, and no part has lost revenue.
    assert given is not None
    assert given[:2] == pytest.approx((100, 150 * (1 + reach)), rel=1e-6)
    assert given[2] == 10


def test_revenue_may_fall_if_parts_lost_some() -> None:
    """Newer cohorts lose half of 100: the lower end may be below the 100 that were seen."""
    given = Parts(five_campaigns(100, 50), 2).interval(numbers(10), np.array([75.0]))
    assert given is not None
    lower, upper, _ = given
    assert lower < 75 < upper
    assert lower + upper == pytest.approx(150)


def test_equal_development_has_no_error() -> None:
    """Cohorts that all double are forecast exactly, alone and in sum."""
    given = Parts(five_campaigns(200, 200), 2).interval(numbers(10), np.array([200.0]))
    assert given is not None
    assert given[:2] == pytest.approx((200, 200))


def test_few_parts_are_no_basis() -> None:
    """Fewer than nine: None. One campaign is cut into nine, a cohort each."""
    some = triangle([[100, 200]] * 8 + [[100]])
    assert Parts(some, 2).interval(numbers(8), np.array([200.0])) is None
    enough = triangle([[100, 200]] * 9 + [[100]])
    given = Parts(enough, 2).interval(numbers(9), np.array([200.0]))
    assert given is not None
    assert given[2] == LEAST_PARTS == 9


def test_without_cohorts_of_its_own_a_campaign_is_like_the_others() -> None:
    """The own factor 3 and the pool's 2 give 2.5; from the day of the age on, 5 / 3 elsewhere."""
    cohorts = triangle([[100, 300], [300, 500], [100]], payers=[30, 10, 30], groups=[0, 1, 0])
    ladder = ChainLadder(cohorts, [2])
    assert ladder.expected(numbers(2), 1, 2, own_until=2) == pytest.approx(250)
    assert ladder.expected(numbers(2), 1, 2, own_until=1) == pytest.approx(100 * 5 / 3)


def test_a_campaign_without_mature_cohorts_is_less_certain() -> None:
    """A new campaign of the same size: parts do not know their own campaign, so e is larger."""
    curves = [[100, 150 + 30 * campaign] for campaign in range(5) for _ in range(2)]
    alike = triangle(
        [*curves, [100], [100]],
        groups=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 2, 5],
        weeks=[0, 1] * 5 + [2, 2],
    )
    known = Parts(alike, 2).interval(numbers(10), np.array([210.0]))
    new = Parts(alike, 2).interval(numbers(11), np.array([210.0]))
    assert known is not None
    assert new is not None
    assert new[1] - new[0] > 2 * (known[1] - known[0])


@pytest.mark.parametrize(("ages", "least"), [(90, 0.8), (365, 0.78)])
def test_coverage_in_simulated_worlds(ages: int, least: float) -> None:
    """80 % of sums lie in their intervals; with independent weeks, far fewer would."""
    held, independent = [], []
    for seed in range(25):
        cohorts, revenue = world(seed, ages)
        if np.count_nonzero(cohorts.mature(ages)) < LEAST_PARTS:
            continue
        ladder, parts = ChainLadder(cohorts, [ages]), Parts(cohorts, ages)
        expected, width = np.zeros(len(cohorts.known)), np.zeros(len(cohorts.known))
        for age in np.unique(cohorts.known[cohorts.known < ages]).tolist():
            members = np.flatnonzero(cohorts.known == age)
            forecast = ladder.forecast(members, age, ages)
            expected[members] = forecast.predicted
            width[members] = (forecast.upper - forecast.lower) / 2
        for group in np.unique(cohorts.groups).tolist():
            own = np.flatnonzero((cohorts.groups == group) & (cohorts.known < ages))
            total, actual = expected[own].sum(), revenue[own, ages].sum()
            if not total > 0:
                continue
            given = parts.interval(own, expected[own])
            if given is not None:
                held.append(given[0] <= actual <= given[1])
                independent.append(abs(actual - total) <= np.sqrt((width[own] ** 2).sum()))
    assert len(held) > 120
    assert least <= np.mean(held) <= 0.95
    assert np.mean(independent) < 0.6
