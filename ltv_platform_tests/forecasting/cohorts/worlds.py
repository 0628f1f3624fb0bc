"""Simulated worlds of campaigns whose whole future is known."""

import numpy as np

from ltv_platform.forecasting.cohorts.triangle import DAY, Triangle
from ltv_platform.forecasting.repeat_buying.histories import Floats

WEEKS = 66
#: First week of a campaign: most run all the time, the last is eight weeks old.
_STARTS = (0, 0, 0, 0, 20, 40, 58)


def world(seed: int, ages: int) -> tuple[Triangle, Floats]:
    """3 to 12 campaigns, and the revenue of their cohorts once all have aged.

    They differ in size, share of payers, price, how often and how long customers buy; the value of
    new customers drifts. Cohorts of week w are known for 7 × (WEEKS − 1 − w) days.
    """
    chance = np.random.default_rng(seed)
    days = np.arange(ages)
    heads: list[tuple[int, int, int]] = []
    revenue, payers = [], []
    for group in range(int(chance.integers(3, 13))):
        size, share = np.exp(chance.uniform(np.log([5, 0.03]), np.log([400, 0.8])))
        price, often = np.exp(chance.normal([1.5, 1.2], [0.8, 0.5]))
        unlike, varying = chance.uniform([0.3, 0.5], [2, 1.5])
        early, drift = chance.uniform(0, 0.5), chance.normal(0, 0.15)
        late_shape, early_shape = np.exp(-days / np.exp(chance.normal(4.1, 0.6))), np.exp(-days / 5)
        shape = (
            1 - early
        ) * late_shape / late_shape.sum() + early * early_shape / early_shape.sum()
        for week in range(int(chance.choice(_STARTS)), WEEKS):
            installs = int(chance.poisson(size))
            paying = int(chance.binomial(installs, share))
            mean = often * np.exp(drift * week / WEEKS + chance.normal(0, 0.05))
            orders = chance.poisson(chance.gamma(unlike, mean / unlike, paying).sum() * shape)
            spent = chance.gamma(np.maximum(orders, 1) / varying**2, price * varying**2)
            revenue.append(np.cumsum(np.where(orders > 0, spent, 0.0)))
            payers.append(paying * -np.expm1(-np.cumsum(orders) / max(paying, 1)) // 1)
            heads.append((group, week, installs))
    groups, weeks, installed = np.array(heads).T
    grown = np.pad(np.array(revenue), ((0, 0), (1, 0)))
    cohorts = Triangle(
        grown,
        np.clip(7 * (WEEKS - 1 - weeks), 0, ages),
        installed.astype(float),
        np.pad(np.array(payers), ((0, 0), (1, 0))),
        groups,
        weeks,
        7 * DAY * weeks,
    )
    return cohorts, grown
