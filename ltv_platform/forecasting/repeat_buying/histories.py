"""Purchase histories: all that the models of repeat buying need to know about a customer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", np.float64, np.int64)

#: Whole numbers up to this size are counted in a table, even if there are few.
_TABLED = 10_000


@dataclass(frozen=True)
class Histories:
    """Customers grouped by what they have done; customers with the same history are one entry.

    Time is in one unit throughout (days, weeks); the fitted parameters and horizons are in the
    same unit.

    Attributes:
        frequency: x: repeat purchases (purchase days after the first), shape (groups,).
        recency: t_x: time from the first to the last purchase; 0 if there is none.
        age: T: time from the first purchase to the end of the observation.
        customers: How many customers have this history.

    Raises:
        ValueError: Shapes differ, or a history is impossible (not 0 ≤ t_x ≤ T, or no time
            between several purchases, or some time after a single one).
    """

    frequency: Floats
    recency: Floats
    age: Floats
    customers: Floats

    def __post_init__(self) -> None:
        for name in ("frequency", "recency", "age", "customers"):
            values = np.asarray(getattr(self, name), np.float64)
            if values.ndim != 1 or len(values) != np.size(self.frequency):
                msg = f"{name} must be one number per group"
                raise ValueError(msg)
            if not np.all(np.isfinite(values) & (values >= 0)):
                msg = f"{name} must be finite and not negative"
                raise ValueError(msg)
            object.__setattr__(self, name, values)
        if np.any(self.recency > self.age):
            msg = "recency must not be above age"
            raise ValueError(msg)
        if np.any((self.frequency > 0) != (self.recency > 0)):
            msg = "recency must be above 0 where frequency is, and 0 where it is 0"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.frequency)

    @property
    def total(self) -> float:
        """Number of customers."""
        return float(self.customers.sum())

    @property
    def repeaters(self) -> float:
        """Number of customers with a repeat purchase."""
        return float(self.customers[self.frequency > 0].sum())

    @property
    def mean_age(self) -> float:
        """Mean T over the customers."""
        return float((self.customers * self.age).sum() / self.total)

    def grouped(self) -> "Histories":
        """The same customers with every history once, in order.

        For any order and grouping of the customers, the result is identical to the last bit, and so
        is any fit to it.
        """
        columns = (self.age, self.recency, self.frequency)
        found, customers = merged(columns, self.customers)
        age, recency, frequency = found
        return Histories(frequency, recency, age, customers)

    def pairs(self) -> "Pairs":
        """The distinct pairs of frequency and age, and which of them each group has."""
        frequency, of_frequency = distinct(self.frequency)
        age, of_age = distinct(self.age)
        found, index = distinct(of_frequency * len(age) + of_age)
        return Pairs(frequency[found // len(age)], age[found % len(age)], index)


@dataclass(frozen=True)
class Pairs:
    """Distinct (x, T): all that the future of a customer who is alive depends on.

    Attributes:
        frequency: x, ascending, shape (pairs,).
        age: T, ascending within a frequency, shape (pairs,).
        index: Which pair each group has, shape (groups,).
    """

    frequency: Floats
    age: Floats
    index: NDArray[np.int64]

    def runs(self) -> Iterator[tuple[float, slice]]:
        """Each frequency with the pairs that have it."""
        frequencies = np.unique(self.frequency)
        ends = np.searchsorted(self.frequency, frequencies, side="right").tolist()
        for frequency, start, end in zip(frequencies.tolist(), [0, *ends], ends, strict=False):
            yield frequency, slice(start, end)


def histories(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, customers: ArrayLike | None = None
) -> Histories:
    """Histories from anything like arrays; one customer per entry without ``customers``.

    Args:
        frequency: x, repeat purchases.
        recency: t_x, time from first to last purchase.
        age: T, time from first purchase to the end of the observation.
        customers: Customers per entry.
    """
    repeats = np.asarray(frequency, np.float64)
    weights = np.ones_like(repeats) if customers is None else np.asarray(customers, np.float64)
    return Histories(repeats, np.asarray(recency, np.float64), np.asarray(age, np.float64), weights)


def distinct(values: NDArray[Number]) -> tuple[NDArray[Number], NDArray[np.int64]]:
    """Distinct values in ascending order, and the index of each value among them.

    Like ``np.unique``, but whole numbers, such as counts and days, are not sorted.

    Args:
        values: Finite, shape (n,).
    """
    most = values.max(initial=0)
    if values.min(initial=0) >= 0 and most <= max(_TABLED, 4 * len(values)):
        whole = values.astype(np.int64)
        if np.array_equal(whole, values):
            present = np.zeros(int(most) + 1, np.bool_)
            present[whole] = True
            return np.flatnonzero(present).astype(values.dtype), (np.cumsum(present) - 1)[whole]
    found, index = np.unique(values, return_inverse=True)
    return found, index


def merged(columns: tuple[Floats, ...], weights: Floats) -> tuple[tuple[Floats, ...], Floats]:
    """Distinct rows in ascending order with their summed weights; rows of weight 0 are left out.

    Args:
        columns: One array per column, the first one sorts first.
        weights: Whole numbers, so that their sums do not depend on the order.
    """
    present = weights > 0
    columns = tuple(column[present] for column in columns)
    weights = weights[present]
    key = np.zeros(len(weights), np.int64)
    for column in columns:
        values, index = distinct(column)
        key = key * len(values) + index
    _, first, index = np.unique(key, return_index=True, return_inverse=True)
    summed = np.bincount(index, weights, len(first)).astype(np.float64)
    return tuple(column[first] for column in columns), summed
