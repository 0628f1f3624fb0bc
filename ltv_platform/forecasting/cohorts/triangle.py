"""Cohorts by age, as arrays: what cohort forecasts are made from."""

from dataclasses import dataclass

import numpy as np

from ltv_platform.forecasting.cohorts.residuals import Booleans, Integers
from ltv_platform.forecasting.repeat_buying.histories import Floats

#: Minutes of a day of life.
DAY = 24 * 60


@dataclass(frozen=True)
class Triangle:
    """Cohorts by age: what each brought in within its first days.

    Attributes:
        revenue: (cohorts, ages + 1): net revenue of the first a days; column 0 is 0. Columns
            beyond the known age are ignored.
        known: (cohorts,): days of life known of every customer, at most ages.
        installs: (cohorts,): customers.
        payers: (cohorts, ages + 1): customers who paid within the first a days.
        groups: (cohorts,): number of the group, such as a campaign, from 0.
        weeks: (cohorts,): number of the week of install; only differences matter.
        lived_from: (cohorts,): minute from which the life of the youngest customer counts: a day
            later all have lived one day; only differences matter.
    """

    revenue: Floats
    known: Integers
    installs: Floats
    payers: Floats
    groups: Integers
    weeks: Integers
    lived_from: Integers

    @property
    def ages(self) -> int:
        """The longest age in days."""
        return int(self.revenue.shape[1]) - 1

    def mature(self, horizon: int) -> Booleans:
        """(cohorts,): whether there are customers and all of them have lived that many days."""
        mature: Booleans = (self.known >= horizon) & (self.installs > 0)
        return mature

    def known_at(self, minute: int) -> Integers:
        """(cohorts,): days of life known of every customer at a given minute."""
        known: Integers = np.minimum(self.known, (minute - self.lived_from) // DAY)
        return known

    def at_origin(self, minute: int, age: int) -> "Triangle":
        """What was known at a given minute of the cohorts that were at least that many days old.

        Age 0 of the new triangle is that age, as a forecast from it uses nothing earlier; cohorts
        keep their order.
        """
        known = self.known_at(minute) - age
        old = known >= 0
        ages = slice(age, age + int(known.max(initial=0)) + 1)
        return Triangle(
            self.revenue[old, ages],
            known[old],
            self.installs[old],
            self.payers[old, ages],
            self.groups[old],
            self.weeks[old],
            self.lived_from[old],
        )
