"""How far off the sum of a campaign's cohorts may be.

The errors of a campaign's cohorts are partly common, because the campaign may develop unlike the
others. So the error of their sum is measured on sums: the mature cohorts of each campaign are cut
into an older and a newer part, and each part is forecast without itself, from the same ages and in
the same proportions as the sum in question. If the campaign in question has no mature cohort, the
campaign of each part is known up to the same age only.

The variance of the relative error of a part is between + within × (1 / size + 1 / (n + k)). The
first does not average out. The second is that of a mean over the payers of the part, plus that of
the campaign's own development, estimated from n payers and shrunk with k (H. Bühlmann and
A. Gisler, A Course in Credibility Theory and its Applications, Springer 2005, ch. 3: the quadratic
loss of the credibility estimator is within / (n + k)). A new error is expected within the quantiles
of Student's t, with as many degrees of freedom as campaigns, because parts of one campaign are not
independent. Without a mature cohort of the campaign in question, the variance is at least the mean
square of these errors: its later development is unknown, however large it is.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np
from scipy.special import stdtrit

from ltv_platform.forecasting.cohorts.chain_ladder import CREDIBILITY_PAYERS, ChainLadder
from ltv_platform.forecasting.cohorts.residuals import (
    COVERAGE,
    LEAST_COHORTS,
    Integers,
    ResidualSpread,
)
from ltv_platform.forecasting.cohorts.triangle import Triangle
from ltv_platform.forecasting.repeat_buying.histories import Floats

#: Parts whose errors an interval needs, as many as cohorts for the interval of one cohort.
LEAST_PARTS = LEAST_COHORTS
#: In place of 0 in a denominator.
_TINY = 1e-9


class Parts:
    """Parts of campaigns that are mature at a horizon, each forecast by all the rest.

    Attributes:
        horizon: Days of life.
        payers: (parts,): customers of each part who paid within the horizon.
        others: (parts,): those of the other mature cohorts of its campaign.
    """

    def __init__(self, triangle: Triangle, horizon: int) -> None:
        self.horizon = horizon
        self._triangle = triangle
        mature = np.flatnonzero(triangle.mature(horizon))
        self._cohorts = mature[np.lexsort((triangle.weeks[mature], triangle.groups[mature]))]
        groups = triangle.groups[self._cohorts]
        # Few campaigns are cut into more parts, so that there are enough.
        self._folds = max(2, -(-LEAST_PARTS // max(len(np.unique(groups)), 1)))
        first = np.searchsorted(groups, groups)
        many = np.searchsorted(groups, groups, side="right") - first
        self._fold = (np.arange(len(groups)) - first) * self._folds // np.maximum(many, 1)
        labels, self._part = np.unique(groups * self._folds + self._fold, return_inverse=True)
        self._groups = labels // self._folds
        self._actual = self._sum(triangle.revenue[self._cohorts, horizon])
        self.payers = self._sum(triangle.payers[self._cohorts, horizon])
        self.others = self._mature_payers[self._groups] - self.payers
        self._expected: dict[tuple[int, int], Floats] = {}

    def interval(self, cohorts: Integers, expected: Floats) -> tuple[float, float, int] | None:
        """Between which the sum of some cohorts of one campaign is expected.

        If no part lost revenue after these ages, the lower end is not below the revenue so far.

        Args:
            cohorts: (n,): their numbers in the triangle, at least one; none is mature.
            expected: (n,): their expected revenue at the horizon; the sum is above 0.

        Returns:
            Lower end, upper end, and the number of parts whose errors give them; None: too few.
        """
        triangle = self._triangle
        campaign = triangle.groups == triangle.groups[cohorts[0]]
        own_until = min(int(triangle.known[campaign].max()), self.horizon)
        ages, rows = np.unique(triangle.known[cohorts], return_inverse=True)
        forecast = np.vstack([self._forecast(age, own_until) for age in ages.tolist()])
        sound = (np.isfinite(forecast) & (forecast > 0)).all(axis=0)
        if np.count_nonzero(sound) < LEAST_PARTS:
            return None
        errors = self._actual[sound] / forecast[:, sound] - 1
        shares = np.maximum(expected, 0) / np.maximum(expected, 0).sum()
        mean_errors = np.bincount(rows, shares) @ errors
        payers = self.payers[sound]
        spread = ResidualSpread.of(mean_errors, _effective(payers, self.others[sound]))
        # Cohorts of which more is yet to come count more: a few young ones average out less.
        weights = shares * np.sqrt(errors**2 @ (payers / max(payers.sum(), 1)))[rows]
        paying = triangle.payers[campaign, triangle.known[campaign]].sum()
        paying /= triangle.installs[campaign].sum()
        size = _size(weights, triangle.installs[cohorts] * paying)
        own = float(self._mature_payers[triangle.groups[cohorts[0]]])
        variance = spread.between + spread.within / _effective(np.array([size]), np.array([own]))[0]
        if own_until < self.horizon:
            # How it develops later is unknown, and no number of its customers says more about it.
            variance = max(variance, (mean_errors**2).mean())
        freedom = len(np.unique(self._groups[sound]))
        reach = float(stdtrit(freedom, (1 + COVERAGE) / 2) * np.sqrt(variance))
        total, so_far = expected.sum(), triangle.revenue[cohorts, triangle.known[cohorts]].sum()
        lower = total * (1 - reach)
        if not self._falls(ages, np.flatnonzero(sound)):
            lower = max(lower, min(so_far, total))
        return float(lower), float(total * (1 + reach)), len(mean_errors)

    @cached_property
    def _mature_payers(self) -> Floats:
        """(groups,): customers of the mature cohorts who paid within the horizon."""
        triangle, many = self._triangle, int(self._triangle.groups.max(initial=-1)) + 1
        payers = triangle.payers[self._cohorts, self.horizon]
        return np.bincount(triangle.groups[self._cohorts], payers, many).astype(float)

    @cached_property
    def _ladders(self) -> list[ChainLadder]:
        """For each fold, fitted without its cohorts."""
        ladders = []
        for fold in range(self._folds):
            known = self._triangle.known.copy()
            known[self._cohorts[self._fold == fold]] = 0
            ladders.append(ChainLadder(replace(self._triangle, known=known), [self.horizon]))
        return ladders

    def _forecast(self, age: int, own_until: int) -> Floats:
        """(parts,): what each was expected to bring in, from an age; NaN: unknown."""
        if (age, own_until) not in self._expected:
            cohorts = np.empty(len(self._cohorts))
            for fold, ladder in enumerate(self._ladders):
                own = self._fold == fold
                cohorts[own] = ladder.expected(self._cohorts[own], age, self.horizon, own_until)
            self._expected[age, own_until] = self._sum(cohorts)
        return self._expected[age, own_until]

    def _falls(self, ages: Integers, parts: Integers) -> bool:
        """Whether one of the parts had more revenue at one of the ages than at the horizon."""
        before = [self._sum(self._triangle.revenue[self._cohorts, age]) for age in ages.tolist()]
        return bool((self._actual[parts] < np.vstack(before)[:, parts]).any())

    def _sum(self, of_cohorts: Floats) -> Floats:
        """(parts,): sums over their cohorts."""
        return np.bincount(self._part, of_cohorts, len(self._groups)).astype(float)


def _effective(payers: Floats, others: Floats) -> Floats:
    """Payers whose mean is as uncertain as a sum together with the development it is based on."""
    own = np.maximum(payers, 1)
    effective: Floats = 1 / (1 / own + 1 / (others + CREDIBILITY_PAYERS))
    return effective


def _size(weights: Floats, payers: Floats) -> float:
    """Payers of one cohort whose mean is as uncertain as the weighted mean of several."""
    squares = weights**2 / np.maximum(payers, _TINY)
    return float(weights.sum() ** 2 / squares.sum()) if squares.sum() > 0 else float(payers.sum())
