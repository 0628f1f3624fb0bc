"""Reproducible random draws, each a pure function of (seed, stream, row, column).

Only raw 64-bit words of PCG64 and integer arithmetic are used: numpy guarantees these words across
versions and machines (NEP 19), but neither `Generator` methods nor floats.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_HALF_WORD = np.uint64(32)
_LOW_HALF = np.uint64(0xFFFF_FFFF)


class Stream(IntEnum):
    """One independent sequence per kind of row, so that changing one does not affect the others."""

    CUSTOMERS = 1
    PURCHASES = 2
    STRAY_TRANSACTIONS = 3
    INTERACTIONS = 4
    SESSIONS = 5
    EXCHANGE_RATES = 7
    SPEND = 8


class Draws:
    """A block of draws: `columns` per row, read column by column in the order of the calls.

    Rows are addressed by number, so the draws of a row do not depend on the batch size.
    """

    def __init__(self, seed: int, stream: Stream, first: int, rows: int, columns: int) -> None:
        """Select the block: rows `first` to `first + rows` of a stream."""
        words = (columns + 1) // 2
        bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(stream),)))
        bits.advance(first * words)
        self._words: NDArray[np.uint64] = bits.random_raw(rows * words).reshape(rows, words)
        self._columns = columns
        self._column = 0

    def keep(self, mask: Mask) -> None:
        """Drop the rows where `mask` is False; later calls return the remaining rows only."""
        self._words = self._words[mask]

    def below(self, limit: int | Ints) -> Ints:
        """Return the next column as integers in [0, limit), one per row.

        Args:
            limit: One positive bound < 2**32, or one per row.

        Raises:
            IndexError: all columns of the block are used up.
        """
        if self._column == self._columns:
            raise IndexError(f"all {self._columns} columns of this block are used up")
        word = self._words[:, self._column // 2]
        half = word >> _HALF_WORD if self._column % 2 else word & _LOW_HALF
        self._column += 1
        return ((half * np.asarray(limit, dtype=np.uint64)) >> _HALF_WORD).astype(np.int64)

    def chance(self, percent: int) -> Mask:
        """Return the next column as True in `percent` of 100 rows."""
        return np.less(self.below(100), percent)


def lookup(weights: Sequence[int], total: int = 100) -> Ints:
    """Return `total` codes in which code k occurs weights[k] times: a weighted pick by position.

    Raises:
        ValueError: the weights do not add up to `total`.
    """
    if sum(weights) != total:
        raise ValueError(f"weights {tuple(weights)} add up to {sum(weights)}, not {total}")
    return np.repeat(np.arange(len(weights), dtype=np.int64), weights)
