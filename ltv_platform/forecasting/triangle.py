"""Cohorts by age, as arrays: what forecasts of cohorts are made from."""

from dataclasses import dataclass

import numpy as np

from ltv_platform.forecasting.histories import Floats
from ltv_platform.forecasting.residuals import Booleans, Integers


@dataclass(frozen=True)
class Triangle:
    """Cohorts by age: what each brought in within its first days.

    Attributes:
        revenue: (cohorts, ages + 1): net revenue of the first a days; column 0 is 0. Columns
            beyond the known age are not looked at.
        known: (cohorts,): days of life that are known of every customer, at most ages.
        installs: (cohorts,): customers.
        payers: (cohorts, ages + 1): customers who paid within the first a days.
        groups: (cohorts,): number of the group, such as a campaign, from 0.
        weeks: (cohorts,): number of the week of install; only differences matter.
    """

    revenue: Floats
    known: Integers
    installs: Floats
    payers: Floats
    groups: Integers
    weeks: Integers

    @property
    def ages(self) -> int:
        """The longest age in days."""
        return int(self.revenue.shape[1]) - 1

    def mature(self, horizon: int) -> Booleans:
        """(cohorts,): those with customers, all of whom have lived that many days."""
        mature: Booleans = (self.known >= horizon) & (self.installs > 0)
        return mature

    def at_origin(self, week: int, age: int) -> "Triangle":
        """What was known when the cohorts of a week were that many days old.

        Age 0 of the new triangle is that age, as nothing before it is of use to a forecast from
        it; cohorts keep their order, later ones are left out.
        """
        began = self.weeks <= week
        known = np.minimum(self.known[began] - age, 7 * (week - self.weeks[began]))
        ages = slice(age, age + max(int(known.max(initial=0)), 0) + 1)
        return Triangle(
            self.revenue[began, ages],
            np.maximum(known, 0),
            self.installs[began],
            self.payers[began, ages],
            self.groups[began],
            self.weeks[began],
        )
