"""Customers with planted parameters, the real ones of CDNOW, and subscribers from a paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ltv_platform.forecasting.repeat_buying.fit import Fit
from ltv_platform.forecasting.repeat_buying.histories import Floats, Histories, histories

#: Days; near what CDNOW gives.
PLANTED = {"r": 0.6, "alpha": 30.0, "a": 0.8, "b": 2.4}
#: Customers of whom most will buy again.
STEADY = {"r": 2.0, "alpha": 20.0, "a": 0.3, "b": 6.0}
VALUES = Fit("gamma_gamma", {"p": 6.25, "q": 3.75, "v": 15.4})
#: Survivors of 1,000 after 0 to 7 years, in two segments (Fader & Hardie 2007, table 1).
HIGH_END = np.array([1000, 869, 743, 653, 593, 551, 517, 491])
REGULAR = np.array([1000, 631, 468, 382, 326, 289, 262, 241])
FIRST_DAY, CALIBRATION = pd.Timestamp("1997-01-01"), pd.Timestamp("1997-09-30")


@dataclass(frozen=True)
class Planted:
    """Customers who did what the model says, up to their age and in the time after it."""

    histories: Histories
    mean_value: Floats
    purchases: Floats
    spend: Floats


def planted(
    model: str,
    customers: int,
    seed: int,
    horizon: float = 0.0,
    parameters: Mapping[str, float] = PLANTED,
) -> Planted:
    """Customers in continuous time, aged 200 to 400 days, drawn purchase by purchase.

    Written after the story the model tells, not after its formulas.
    """
    random = np.random.default_rng(seed)
    age = random.integers(200, 400, customers).astype(float)
    rate = random.gamma(parameters["r"], 1 / parameters["alpha"], customers)
    dropout = random.beta(parameters["a"], parameters["b"], customers)
    p, q, v = VALUES.parameters.values()
    scale = random.gamma(q, 1 / v, customers)
    now, last = np.zeros(customers), np.zeros(customers)
    frequency, later = np.zeros(customers), np.zeros(customers)
    spent, spent_later = np.zeros(customers), np.zeros(customers)
    active = np.arange(customers)
    if model == "mbg_nbd":
        active = active[random.random(customers) >= dropout]
    while len(active):
        now[active] += random.exponential(1, len(active)) / rate[active]
        active = active[now[active] <= age[active] + horizon]
        value = random.gamma(p, 1 / scale[active])
        seen = now[active] <= age[active]
        frequency[active[seen]] += 1
        last[active[seen]] = now[active[seen]]
        spent[active[seen]] += value[seen]
        later[active[~seen]] += 1
        spent_later[active[~seen]] += value[~seen]
        active = active[random.random(len(active)) >= dropout[active]]
    mean = spent / np.maximum(frequency, 1)
    return Planted(histories(frequency, last, age), mean, later, spent_later)


@dataclass(frozen=True)
class Cdnow:
    """Customers of CDNOW in days: calibration to 1997-09-30, then 39 weeks of holdout."""

    frequency: Floats
    recency: Floats
    age: Floats
    mean_value: Floats
    first_day: Floats
    holdout_purchases: Floats

    def histories(self, unit: float) -> Histories:
        """In units of that many days."""
        return histories(self.frequency, self.recency / unit, self.age / unit)


def cdnow(folder: Path, name: str) -> Cdnow:
    """The ``sample`` or the ``master`` file, a purchase day per customer and day."""
    columns = ["customer", "number", "date", "cds", "dollars"]
    if name == "master":
        columns.remove("number")
    purchases = pd.read_csv(
        folder / "cdnow" / f"CDNOW_{name}.txt",
        sep=r"\s+",
        names=columns,
        skiprows=1 if name == "master" else 0,
    )
    purchases["date"] = pd.to_datetime(purchases["date"].astype(str))
    days = purchases.groupby(["customer", "date"], as_index=False)["dollars"].sum()
    seen = days[days["date"] <= CALIBRATION]
    each = seen.groupby("customer")["date"].agg(["min", "max", "size"])
    repeats = seen[seen["date"] > seen["customer"].map(each["min"])]
    value = repeats.groupby("customer")["dollars"].mean().reindex(each.index).fillna(0)
    later = days[days["date"] > CALIBRATION].groupby("customer").size().reindex(each.index)
    return Cdnow(
        frequency=each["size"].to_numpy(float) - 1,
        recency=(each["max"] - each["min"]).dt.days.to_numpy(float),
        age=(CALIBRATION - each["min"]).dt.days.to_numpy(float),
        mean_value=value.to_numpy(float),
        first_day=(each["min"] - FIRST_DAY).dt.days.to_numpy(float),
        holdout_purchases=later.fillna(0).to_numpy(float),
    )
