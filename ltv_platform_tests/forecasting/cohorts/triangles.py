"""Triangles for tests: given by hand, drawn at random, and as rows of the SELECT."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from ltv_platform.forecasting.cohorts.residuals import Integers
from ltv_platform.forecasting.cohorts.triangle import DAY, Triangle
from ltv_platform.forecasting.repeat_buying.histories import Floats

#: A Monday.
FIRST_WEEK = date(2024, 1, 1)


def triangle(
    revenue: Sequence[Sequence[float]],
    *,
    known: Sequence[int] | None = None,
    installs: Sequence[float] | None = None,
    payers: Sequence[float] | None = None,
    groups: Sequence[int] | None = None,
    weeks: Sequence[int] | None = None,
) -> Triangle:
    """A triangle from cumulative revenue by days 1, 2, …; shorter rows are known for less time."""
    many, ages = len(revenue), max(map(len, revenue))
    values = np.zeros((many, ages + 1))
    for row, curve in enumerate(revenue):
        values[row, 1 : len(curve) + 1] = curve
    paying = np.array([100.0] * many if payers is None else payers, dtype=float)
    return Triangle(
        revenue=values,
        known=np.array([len(curve) for curve in revenue] if known is None else known),
        installs=np.array([100.0] * many if installs is None else installs, dtype=float),
        payers=np.repeat(paying[:, None], ages + 1, axis=1),
        groups=np.array([0] * many if groups is None else groups),
        weeks=np.array(range(many) if weeks is None else weeks),
        lived_from=7 * DAY * np.array(range(many) if weeks is None else weeks),
    )


def drawn(
    seed: int, *, groups: int = 3, weeks: int = 30, ages: int = 90, customers: Sequence[int] = (60,)
) -> tuple[Triangle, Floats]:
    """Cohorts of customers who buy at random, and what they bring in once all have aged.

    Groups differ in how their revenue develops, sizes are drawn from customers, and cohorts of
    week w are known for 7 × (weeks − 1 − w) days.
    """
    chance = np.random.default_rng(seed)
    size = np.repeat(chance.choice(customers, groups), weeks)
    group, week = np.repeat(np.arange(groups), weeks), np.tile(np.arange(weeks), groups)
    shape = np.exp(-np.arange(ages) / 20) + 0.05
    late = np.exp(chance.normal(0, 0.2, groups))[group, None]
    rate = np.array([chance.gamma(0.5, 2.0, many).sum() for many in size])[:, None]
    orders = chance.poisson(
        rate * shape / shape.sum() * np.where(np.arange(ages) < 14, 1, late) * 3
    )
    spent = np.where(orders > 0, chance.gamma(np.maximum(orders, 1), 20.0), 0.0)
    revenue = np.hstack([np.zeros((len(size), 1)), np.cumsum(spent, axis=1)])
    cohorts = Triangle(
        revenue,
        np.clip(7 * (weeks - 1 - week), 0, ages),
        size * 3.0,
        np.repeat(size[:, None].astype(float), ages + 1, axis=1),
        group,
        week,
        7 * DAY * week,
    )
    return cohorts, revenue


@dataclass
class Cohort:
    """A cohort as the SELECT gives it; money in whole units, by age in days."""

    campaign: str = "ads"
    week: int = 0
    known: int = 0
    installs: int = 100
    payers: int = 40
    spend: int | None = None
    cost_complete: bool = True
    revenue: dict[int, int] = field(default_factory=dict)


def rows_of(cohorts: Sequence[Cohort], horizons: Sequence[int] = (30, 90)) -> pa.Table:
    """What ``sql/macros/weekly_cohorts.sql`` gives for these; all pay on the first day."""
    rows: list[dict[str, Any]] = []
    for cohort in cohorts:
        for age in sorted({0, *(age for age in cohort.revenue if age < cohort.known)}):
            first = age == 0
            rows.append(
                {
                    "campaign_id": cohort.campaign,
                    "install_week": FIRST_WEEK + timedelta(weeks=cohort.week),
                    "age_day": age,
                    "revenue": cohort.revenue.get(age, 0) * 1_000_000 if cohort.known else 0,
                    "payers": cohort.payers if first and cohort.known else 0,
                    "known_age_days": cohort.known if first else None,
                    "lived_from": 7 * DAY * cohort.week if first else None,
                    "installs": cohort.installs if first else None,
                    "spend": cohort.spend * 1_000_000 if first and cohort.spend else None,
                    "cost_complete": cohort.cost_complete if first else None,
                    "horizons": ",".join(map(str, horizons)) if first else None,
                }
            )
    types = {
        "campaign_id": pa.string(),
        "install_week": pa.date32(),
        "age_day": pa.int32(),
        "revenue": pa.int64(),
        "payers": pa.int64(),
        "known_age_days": pa.int32(),
        "lived_from": pa.int64(),
        "installs": pa.int64(),
        "spend": pa.int64(),
        "cost_complete": pa.bool_(),
        "horizons": pa.string(),
    }
    return pa.table(
        {name: pa.array([row[name] for row in rows], kind) for name, kind in types.items()}
    )


def numbers(*values: int) -> Integers:
    """Numbers of cohorts."""
    return np.array(values, dtype=np.int64)
