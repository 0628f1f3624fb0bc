"""Chain-ladder forecasts of cohort revenue, with credibility and leave-one-out intervals.

A cohort's revenue so far is multiplied by how much the revenue of older cohorts still grew from
that age on. Sources: T. Mack, Distribution-free calculation of the standard error of chain ladder
reserve estimates, ASTIN Bulletin 23(2), 1993 (volume-weighted factors, eq. 3); H. Bühlmann,
Experience rating and credibility, ASTIN Bulletin 4(3), 1967 (Z = n / (n + k)); K. D. Schmidt,
Methods and models of loss reserving based on run-off triangles, CAS Forum, Fall 2006, sec. 5
(additive form). Intervals come from the residuals of left-out cohorts: :mod:`.residuals`.

Plain arrays in, plain arrays out: no table, no money type, no Dagster. Revenue may be in any single
unit; as whole numbers of a small unit its sums are exact in any order of the cohorts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ltv_platform.forecasting.cohorts.residuals import (
    LEAST_COHORTS,
    Booleans,
    Integers,
    ResidualSpread,
)
from ltv_platform.forecasting.cohorts.running import Running
from ltv_platform.forecasting.cohorts.triangle import Triangle
from ltv_platform.forecasting.repeat_buying.histories import Floats

#: Payers at which a group's own factor has the same weight as that of all cohorts. Of 10 to 1,000,
#: over nine simulated mixes of campaigns that develop alike, a little or very differently, it had
#: the smallest mean error, a quarter less than Bühlmann–Straub credibility by age, where the noise
#: of single days hides the difference of a campaign on all days.
CREDIBILITY_PAYERS = 30
#: Payers below which a cohort's own revenue is too uncertain to be multiplied.
LEAST_PAYERS = 30
#: Cohorts whose residuals are used: those known longest, the newest of these first. More would
#: cost memory and change nothing.
_MOST_RESIDUALS = 5_000
#: Cohorts computed at once: their rows fit into the processor's cache, which saves a third.
_CACHED_ROWS = 128
#: Least growth of a cohort: refunds may take all, and a logarithm needs a number above 0.
_LEAST_GROWTH = 1e-9


@dataclass(frozen=True)
class Factors:
    """Development factors: [g, a] takes the revenue of the first a days to that of a + 1.

    Attributes:
        raw: (groups, ages): volume-weighted over the group's own cohorts; NaN: none, or not
            above 0.
        pool: (1, ages): the same over all cohorts.
        weight: (groups, ages): Z, the share of the raw factor in the shrunk one.
        shrunk: (groups, ages): Z × raw + (1 − Z) × pool.
        cohorts: (groups, ages): cohorts known at age a + 1.
        payers: (groups, ages): their payers within a + 1 days.
    """

    raw: Floats
    pool: Floats
    weight: Floats
    shrunk: Floats
    cohorts: Floats
    payers: Floats


@dataclass(frozen=True)
class Forecast:
    """Revenue of cohorts at a horizon; NaN if too few cohorts are mature.

    Attributes:
        predicted: (cohorts,): expected revenue of the first horizon days.
        lower: (cohorts,): lower end of the interval.
        upper: (cohorts,): upper end.
        multiplicative: (cohorts,): revenue so far × factors; else so far + installs × remaining.
        residuals: (cohorts,): mature cohorts whose residuals the interval is based on.
    """

    predicted: Floats
    lower: Floats
    upper: Floats
    multiplicative: Booleans
    residuals: Integers


@dataclass(frozen=True)
class _Sums:
    """Sums over the cohorts known at the end of each step from age a to a + 1; (rows, ages)."""

    before: Floats
    after: Floats
    installs: Floats
    payers: Floats
    cohorts: Floats

    @property
    def together(self) -> "_Sums":
        """One row over all rows."""
        return _Sums(
            self.before.sum(axis=0, keepdims=True),
            self.after.sum(axis=0, keepdims=True),
            self.installs.sum(axis=0, keepdims=True),
            self.payers.sum(axis=0, keepdims=True),
            self.cohorts.sum(axis=0, keepdims=True),
        )

    def minus(self, others: "_Sums") -> "_Sums":
        """These sums without those of others."""
        return _Sums(
            self.before - others.before,
            self.after - others.after,
            self.installs - others.installs,
            self.payers - others.payers,
            self.cohorts - others.cohorts,
        )

    def without(self, triangle: Triangle, rows: "Integers | slice", own: Integers) -> "_Sums":
        """A row per cohort: the sums of its row without the cohort itself.

        Beyond its known age a row has no meaning.
        """
        before, after = triangle.revenue[own, :-1], triangle.revenue[own, 1:]
        return _Sums(
            self.before[rows] - before,
            self.after[rows] - after,
            self.installs[rows] - triangle.installs[own, None],
            self.payers[rows] - triangle.payers[own, 1:],
            self.cohorts[rows] - 1,
        )


def _sums(triangle: Triangle, many: int) -> _Sums:
    """Sums per group."""
    order = np.argsort(triangle.groups, kind="stable")
    groups = triangle.groups[order]
    present, starts = np.unique(groups, return_index=True)
    known = triangle.known[order, None] > np.arange(triangle.ages)

    def add(values: Floats) -> Floats:
        sums = np.zeros((many, triangle.ages))
        if len(present):
            sums[present] = np.add.reduceat(np.where(known, values, 0.0), starts, axis=0)
        return sums

    def count(each: Floats) -> Floats:
        """Sums of a figure that does not depend on age, over the cohorts known that long."""
        ending = np.zeros((many, triangle.ages + 1))
        np.add.at(ending, (triangle.groups, triangle.known), each)
        longer: Floats = np.cumsum(ending[:, :0:-1], axis=1)[:, ::-1]
        return longer

    return _Sums(
        add(triangle.revenue[order, :-1]),
        add(triangle.revenue[order, 1:]),
        count(triangle.installs),
        add(triangle.payers[order, 1:]),
        count(np.ones(len(order))),
    )


def _factors(own: _Sums, pool: _Sums) -> Factors:
    """Raw, pooled and shrunk factors; NaN if the volume is not above 0."""
    raw, pooled = _growth(own), _growth(pool)
    weight, shrunk = _shrunk(raw, pooled, own.payers)
    return Factors(raw, pooled, weight, shrunk, own.cohorts, own.payers)


def _shrunk(raw: Floats, pooled: Floats, payers: Floats) -> tuple[Floats, Floats]:
    """Z = n / (n + k), 0 without a raw value, and Z × raw + (1 − Z) × pool."""
    weight = payers / (payers + CREDIBILITY_PAYERS)
    weight[np.isnan(raw)] = 0
    return weight, np.where(weight > 0, pooled + weight * (raw - pooled), pooled)


def _growth(sums: _Sums) -> Floats:
    """Volume-weighted factors (Mack 1993, eq. 3); NaN if refunds took all revenue."""
    sound = (sums.before > 0) & (sums.after > 0)
    growth: Floats = np.divide(sums.after, sums.before, out=_nan(sums.before), where=sound)
    return growth


def _nan(like: Floats) -> Floats:
    return np.full(like.shape, np.nan)


@dataclass(frozen=True)
class _LeftOut:
    """Mature cohorts at a horizon, each forecast from an age by all others.

    ``grown`` and ``added`` are numbers of cohorts; the spreads are None if too few have one.
    """

    grown: Integers
    grown_forecast: Floats
    by_factor: ResidualSpread | None
    added: Integers
    added_forecast: Floats
    by_addition: ResidualSpread | None
    falls: bool


class ChainLadder:
    """Factors, forecasts and residuals of one triangle.

    Args:
        triangle: The cohorts.
        horizons: Ages in days for which forecasts are needed.
    """

    def __init__(self, triangle: Triangle, horizons: Sequence[int]) -> None:
        self.triangle = triangle
        self.horizons = tuple(horizons)
        groups = int(triangle.groups.max(initial=-1)) + 1
        self._own = _sums(triangle, groups)
        self._pool = self._own.together
        self.factors = _factors(self._own, self._pool)
        self._growth = Running(np.log(self.factors.shrunk))
        self._remaining = Running(_remaining(self._own, self._pool))
        self._left: dict[tuple[int, int], _LeftOut] = {}

    def forecast(self, cohorts: Integers, age: int, horizon: int) -> Forecast:
        """The revenue at a horizon of cohorts as they were at an age.

        Args:
            cohorts: (n,): their numbers in the triangle.
            age: Days of life to forecast from, 0 to horizon − 1; known for all of them.
            horizon: Days of life to forecast to, at most the triangle's ages.
        """
        triangle, left = self.triangle, self._left_out(age, horizon)
        revenue, installs = triangle.revenue[cohorts, age], triangle.installs[cohorts]
        payers = triangle.payers[cohorts, age]
        predicted, lower, upper = (np.full(len(cohorts), np.nan) for _ in range(3))
        residuals = np.zeros(len(cohorts), dtype=np.int64)
        grown = np.zeros(len(cohorts), dtype=bool)
        if left.by_addition is not None:
            remaining = self._remaining.between(triangle.groups[cohorts], age, horizon)
            predicted = revenue + installs * remaining
            low, high = left.by_addition.reach(installs)
            lower, upper = predicted + installs * low, predicted + installs * high
            residuals[:] = len(left.added)
        if left.by_factor is not None:
            factor = np.exp(self._growth.between(triangle.groups[cohorts], age, horizon))
            grown = _enough_payers(payers, revenue) & np.isfinite(factor)
            low, high = left.by_factor.reach(payers)
            by_factor = revenue * factor
            predicted = np.where(grown, by_factor, predicted)
            lower = np.where(grown, by_factor * np.exp(low), lower)
            upper = np.where(grown, by_factor * np.exp(high), upper)
            residuals = np.where(grown, len(left.grown), residuals)
        if not left.falls:  # no cohort's revenue has fallen, so none is expected to fall
            lower = np.where(lower < revenue, np.minimum(revenue, predicted), lower)
        return Forecast(predicted, lower, upper, grown, residuals)

    def expected(self, cohorts: Integers, age: int, horizon: int, own_until: int) -> Floats:
        """(n,): the revenue at a horizon, from any number of mature cohorts and without interval.

        NaN if no cohort is known that long. Of the given cohorts, nothing beyond the age is used
        if their known age in the triangle is not beyond it either.

        Args:
            cohorts: As for :meth:`forecast`.
            age: As for :meth:`forecast`.
            horizon: As for :meth:`forecast`.
            own_until: Days of life from which on a group develops as all others do, as if none of
                its own cohorts were older.
        """
        triangle, groups = self.triangle, self.triangle.groups[cohorts]
        revenue, payers = triangle.revenue[cohorts, age], triangle.payers[cohorts, age]
        own = min(max(age, own_until), horizon)
        growth = self._growth.between(groups, age, own)
        remaining = self._remaining.between(groups, age, own)
        if own < horizon:
            growth_elsewhere, remaining_elsewhere = self._elsewhere
            growth = growth + growth_elsewhere.between(groups, own, horizon)
            remaining = remaining + remaining_elsewhere.between(groups, own, horizon)
        factor = np.exp(growth)
        grown = _enough_payers(payers, revenue) & np.isfinite(factor)
        added = revenue + triangle.installs[cohorts] * remaining
        expected: Floats = np.where(grown, revenue * factor, added)
        return expected

    def path(self, cohorts: Integers, age: int, multiplicative: Booleans) -> Floats:
        """(n, ages − age): expected revenue of the first age + 1, age + 2, … days; NaN: unknown.

        Args:
            cohorts: As for :meth:`forecast`.
            age: As for :meth:`forecast`.
            multiplicative: (n,): the form that their forecasts have.
        """
        ahead = slice(age + 1, None)
        revenue = self.triangle.revenue[cohorts, age, None]
        groups = self.triangle.groups[cohorts]
        growth = self._growth.between(groups, age, ahead)
        remaining = self._remaining.between(groups, age, ahead)
        added = revenue + self.triangle.installs[cohorts, None] * remaining
        path: Floats = np.where(multiplicative[:, None], revenue * np.exp(growth), added)
        return path

    def left_out(self, age: int, horizon: int) -> tuple[Integers, Floats, Booleans]:
        """Forecasts of mature cohorts by all others: the cohorts' numbers, revenue, held or not.

        Held: the interval from the other cohorts' residuals contains the actual revenue.
        """
        left = self._left_out(age, horizon)
        predicted = np.full(len(self.triangle.known), np.nan)
        held = np.zeros(len(predicted), dtype=bool)
        if left.by_addition is not None:
            predicted[left.added] = left.added_forecast
            held[left.added] = left.by_addition.holds()
        if left.by_factor is not None:
            predicted[left.grown] = left.grown_forecast
            held[left.grown] = left.by_factor.holds()
        cohorts = np.flatnonzero(np.isfinite(predicted))
        return cohorts, predicted[cohorts], held[cohorts]

    def _left_out(self, age: int, horizon: int) -> _LeftOut:
        if (age, horizon) not in self._left:
            self._left[age, horizon] = self._leave_out(age, horizon)
        return self._left[age, horizon]

    @cached_property
    def _elsewhere(self) -> tuple[Running, Running]:
        """Growth and remaining revenue per customer of each group, according to all others."""
        others = self._pool.minus(self._own)
        return Running(np.log(_growth(others))), Running(_per_install(others))

    @cached_property
    def _others(self) -> tuple[Integers, Running, Running]:
        """Cohorts mature at any horizon, and each with its growth according to all others."""
        triangle = self.triangle
        cohorts = np.flatnonzero(triangle.mature(min(self.horizons)))
        keys = (cohorts, -triangle.weeks[cohorts], -triangle.known[cohorts])
        cohorts = np.sort(cohorts[np.lexsort(keys)[:_MOST_RESIDUALS]])
        growth, remaining = (np.empty((len(cohorts), triangle.ages)) for _ in range(2))
        for start in range(0, len(cohorts), _CACHED_ROWS):
            rows = slice(start, start + _CACHED_ROWS)
            own = cohorts[rows]
            pool = self._pool.without(triangle, slice(None), own)
            others = self._own.without(triangle, triangle.groups[own], own)
            growth[rows] = np.log(_factors(others, pool).shrunk)
            remaining[rows] = _remaining(others, pool)
        return cohorts, Running(growth), Running(remaining)

    def _leave_out(self, age: int, horizon: int) -> _LeftOut:
        cohorts, growth, remaining = self._others
        triangle = self.triangle
        rows = np.flatnonzero(triangle.known[cohorts] >= horizon)
        numbers = cohorts[rows]
        before, after = triangle.revenue[numbers, age], triangle.revenue[numbers, horizon]
        installs, payers = triangle.installs[numbers], triangle.payers[numbers, age]
        added = before + installs * remaining.between(rows, age, horizon)
        grown = before * np.exp(growth.between(rows, age, horizon))
        adds = np.isfinite(added)
        grows = _enough_payers(payers, before) & np.isfinite(grown)
        by_addition = by_factor = None
        if adds.sum() >= LEAST_COHORTS:
            errors = (after - added)[adds] / installs[adds]
            by_addition = ResidualSpread.of(errors, installs[adds])
        if grows.sum() >= LEAST_COHORTS:
            growths = np.maximum(after[grows] / grown[grows], _LEAST_GROWTH)
            by_factor = ResidualSpread.of(np.log(growths), payers[grows])
        return _LeftOut(
            numbers[grows],
            grown[grows],
            by_factor,
            numbers[adds],
            added[adds],
            by_addition,
            bool((after < before).any()),
        )


def _enough_payers(payers: Floats, revenue: Floats) -> Booleans:
    """Whether the revenue so far is certain enough to be multiplied."""
    enough: Booleans = (payers >= LEAST_PAYERS) & (revenue > 0)
    return enough


def _remaining(own: _Sums, pool: _Sums) -> Floats:
    """(rows, ages): net revenue of each day of life per customer, shrunk as the factors are."""
    return _shrunk(_per_install(own), _per_install(pool), own.payers)[1]


def _per_install(sums: _Sums) -> Floats:
    """(rows, ages): net revenue of each day of life per customer; NaN without customers."""
    gained = sums.after - sums.before
    return np.divide(gained, sums.installs, out=_nan(gained), where=sums.installs > 0)
