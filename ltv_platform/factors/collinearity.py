"""Levels of factors that repeat what earlier factors say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ltv_platform.factors.tweedie import Patterns, cross_tables

if TYPE_CHECKING:
    from ltv_platform.factors.tweedie import Floats

#: Two levels are the same if this share of the customers of either have both.
SAME_CUSTOMERS = 0.95
#: A factor adds nothing if a combination of its levels follows from earlier factors with this
#: squared canonical correlation: its variances would be inflated by 20.
FOLLOWS = 0.95


@dataclass(frozen=True)
class Separable:
    """The levels of a factor that a model can separate.

    Attributes:
        levels: Indices of these levels, the most frequent first; none if fewer than two are
            left to compare.
        same_as: By index of a level that is left out: (factor, index of the level) of the earlier
            one that nearly the same customers have, and that stands for it.
    """

    levels: list[int] = field(default_factory=list)
    same_as: Mapping[int, tuple[int, int]] = field(default_factory=dict)


def separable_levels(every: Patterns) -> list[Separable]:
    """Levels of each factor that a model can separate, the most frequent first.

    Factors are taken in their order. Two kinds are left out: levels that nearly the same customers
    have as a level of an earlier factor (a customer without purchases has no payment method
    either), then factors of which a combination of levels follows from the earlier ones (cities lie
    in countries).

    Args:
        every: Patterns in which every level has a column, so that code 0 does not occur.
    """
    table = cross_tables(every, every.customers)
    size = table[0]
    earlier: list[int] = []
    kept = [0]
    chosen: list[Separable] = []
    # Per column of the earlier factors: the factor and the level that represent its customers.
    representatives: dict[int, tuple[int, int]] = {}
    for factor in range(len(every.widths)):
        columns = every.columns_of(factor)
        present = [column for column in range(columns.start, columns.stop) if size[column]]
        present.sort(key=lambda column: (-size[column], column))
        known = {column: _same(table, column, earlier) for column in present}
        separate = [column for column in present if known[column] is None]
        if len(separate) > 1 and not _follow(table, separate[1:], kept):
            start = columns.start
            same_as = {
                column: representatives[other]
                for column, other in known.items()
                if other is not None
            }
            representatives |= {column: (factor, column - start) for column in separate} | same_as
            earlier += present
            kept += separate[1:]
            chosen.append(
                Separable(
                    [column - start for column in separate],
                    {column - start: other for column, other in same_as.items()},
                )
            )
        else:
            chosen.append(Separable())
    return chosen


def _same(table: "Floats", column: int, earlier: Sequence[int]) -> int | None:
    """The first of the earlier levels that nearly the same customers have."""
    both = table[column, earlier]
    either = table[0, column] + table[0, earlier] - both
    same = (both >= SAME_CUSTOMERS * either).nonzero()[0]
    return earlier[int(same[0])] if len(same) else None


def _follow(table: "Floats", columns: Sequence[int], kept: Sequence[int]) -> bool:
    """Whether a combination of columns nearly follows from those in the model.

    The least eigenvalue of the rest of their covariance, against that without the factors
    before, is 1 - the largest squared canonical correlation.
    """
    import numpy as np  # noqa: PLC0415 - definitions are loaded without it

    def left(without: Sequence[int]) -> "Floats":
        across = table[np.ix_(without, columns)]
        explained = across.T @ np.linalg.solve(table[np.ix_(without, without)], across)
        remaining: Floats = table[np.ix_(columns, columns)] - explained
        return remaining

    root = np.linalg.inv(np.linalg.cholesky(left([0])))
    return float(np.linalg.eigvalsh(root @ left(kept) @ root.T)[0]) < 1 - FOLLOWS
