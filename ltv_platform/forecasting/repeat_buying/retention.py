"""Renewals of subscribers, counted renewal by renewal, next to the curve of a fit.

The model is in :mod:`.subscriptions`; this module makes its counts and puts its figures into rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from ltv_platform.contracts.arrow import rounded
from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import Floats
from ltv_platform.forecasting.repeat_buying.subscriptions import (
    expected_lifetime,
    expected_payments,
    fit_shifted_beta_geometric,
    retention,
    survival,
)


@dataclass(frozen=True)
class Renewals:
    """Subscribers by the number of the renewal, the first one at index 0.

    Attributes:
        at_risk: Subscribers with this renewal due, who made all earlier ones; shape (renewals,).
        left: How many of them did not renew.
    """

    at_risk: Floats
    left: Floats

    @classmethod
    def of_groups(cls, due: ArrayLike, made: ArrayLike, subscribers: ArrayLike) -> "Renewals":
        """Counts of groups of subscribers.

        Args:
            due: Renewals that came due, shape (groups,).
            made: Renewals made without a gap, at most those due.
            subscribers: Subscribers per group.
        """
        came, stayed = np.asarray(due, np.int64), np.asarray(made, np.int64)
        weights = np.asarray(subscribers, np.float64)
        last = np.minimum(came, stayed + 1)
        most = int(last.max(initial=0)) + 1
        at_risk = np.cumsum(np.bincount(last, weights, most)[::-1])[::-1].astype(np.float64)
        lost = stayed < came
        left = np.bincount(last[lost], weights[lost], most).astype(np.float64)
        return cls(at_risk[1:], left[1:])

    @classmethod
    def of_cohorts(cls, cohorts: Iterable[Sequence[int]]) -> "Renewals":
        """Counts of cohorts, each known for its own number of periods.

        Args:
            cohorts: For each cohort, its subscribers at the start and after 1, 2, … periods.
        """
        known = [np.asarray(counts, np.float64) for counts in cohorts]
        at_risk = np.zeros(max(map(len, known), default=1) - 1)
        left = np.zeros_like(at_risk)
        for counts in known:
            at_risk[: len(counts) - 1] += counts[:-1]
            left[: len(counts) - 1] -= np.diff(counts)
        return cls(at_risk[at_risk > 0], left[at_risk > 0])


@dataclass(frozen=True)
class CurveRow:
    """One period of a retention curve; None if a figure is not known.

    Attributes:
        period: Number of the renewal, from 1.
        at_risk: Subscribers with this renewal due.
        renewed: How many of them renewed.
        retention: renewed / at_risk.
        survival: Product of the retention so far: the share of subscribers still there.
        expected_retention: The model's figure.
        expected_survival: The model's figure.
        expected_payments: Payments of a new subscriber up to this renewal, the first payment
            included, discounted.
    """

    period: int
    at_risk: int | None
    renewed: int | None
    retention: float | None
    survival: float | None
    expected_retention: float | None
    expected_survival: float | None
    expected_payments: float | None


COLUMNS = tuple(field.name for field in fields(CurveRow))


@dataclass(frozen=True)
class Projection:
    """What is expected from subscribers.

    Attributes:
        fit: A shifted beta-geometric.
        curve: Observed and expected retention of each period.
        expected_lifetime: The total of a new subscriber's payments, the first one included,
            discounted; None if it is infinite, or the fit is not usable.
    """

    fit: Fit
    curve: Sequence[CurveRow]
    expected_lifetime: float | None


def project(renewals: Renewals, horizon: int, discount: float = 0.0) -> Projection:
    """Fit the model to renewals and project them.

    Args:
        renewals: The counts.
        horizon: Periods to project; the curve is longer if more are known.
        discount: Per period: 0, or at least :data:`~.subscriptions.LEAST_DISCOUNT`.
    """
    fit = fit_shifted_beta_geometric(renewals.at_risk, renewals.left)
    lifetime = expected_lifetime(fit, discount=discount) if fit.usable else None
    return Projection(fit, _curve(renewals, fit, horizon, discount), rounded(lifetime))


def _curve(renewals: Renewals, fit: Fit, horizon: int, discount: float) -> list[CurveRow]:
    kept = 1 - renewals.left / renewals.at_risk
    remaining = np.cumprod(kept)
    periods = np.arange(1, max(len(kept), horizon) + 1)
    expected = np.full((3, len(periods)), np.nan)
    if fit.usable:
        payments = expected_payments(fit, periods, discount)
        expected = np.stack([retention(fit, periods), survival(fit, periods), payments])
    rows = []
    for index, period in enumerate(periods.tolist()):
        at_risk = renewed = share = left_over = None
        if index < len(kept):
            at_risk = round(renewals.at_risk[index])
            renewed = at_risk - round(renewals.left[index])
            share, left_over = float(kept[index]), float(remaining[index])
        figures = share, left_over, *expected[:, index].tolist()
        rows.append(CurveRow(period, at_risk, renewed, *map(rounded, figures)))
    return rows
