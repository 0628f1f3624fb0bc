"""The scope of a sample: how many customers, over which days, from which seed."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ltv_platform.sample.draws import Ints

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400
LAST_DAY = date(2026, 11, 29)
MONDAY_TO_FRIDAY = 5


@dataclass(frozen=True)
class Scope:
    """A sample's number of customers, install days (UTC) up to 2026-11-29, the as_of, and seed."""

    customers: int
    days: int
    seed: int

    @property
    def first_day(self) -> date:
        """The first install date."""
        return LAST_DAY - timedelta(days=self.days - 1)

    @property
    def first_epoch_day(self) -> int:
        """Days from 1970-01-01 to the first install date."""
        return (self.first_day - date(1970, 1, 1)).days

    @property
    def start(self) -> int:
        """First second of the scope, in seconds since 1970-01-01 UTC."""
        return self.first_epoch_day * SECONDS_PER_DAY

    @property
    def end(self) -> int:
        """Last second of the scope (2026-11-29 23:59:59); no event of a sample is later."""
        return self.start + self.days * SECONDS_PER_DAY - 1

    def day_of(self, timestamps: Ints) -> Ints:
        """Return the day of each timestamp (seconds), counted from the first install date."""
        return (timestamps - self.start) // SECONDS_PER_DAY

    def weekdays(self) -> Ints:
        """Return the weekday of each day of the scope, Monday = 0."""
        return (np.arange(self.days, dtype=np.int64) + self.first_day.weekday()) % 7
