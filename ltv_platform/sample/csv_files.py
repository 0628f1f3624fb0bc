"""The nine CSV files: their columns, the exact text of values, and the order of rows.

Nothing here knows what the values mean. Arrow renders whole batches at millions of rows per
second; every value reaches it as an integer or text, so no float is ever formatted.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.csv as arrow_csv  # type: ignore[import-untyped, unused-ignore]

from ltv_platform.sample.draws import Ints, Mask

COLUMNS: dict[str, tuple[str, ...]] = {
    "customers": (
        *("customer_id", "registration_date", "country", "city", "age", "gender"),
        *("acquisition_source", "segment", "is_active", "campaign_id", "platform", "updated_at"),
    ),
    "transactions": (
        *("transaction_id", "customer_id", "transaction_date", "amount", "is_refund", "order_id"),
        *("product_category", "transaction_type", "payment_method", "currency", "updated_at"),
    ),
    "customer_interactions": (
        *("interaction_id", "customer_id", "interaction_date", "interaction_type", "channel"),
        *("duration_seconds", "satisfaction_score", "updated_at"),
    ),
    "session_sources": (
        *("session_id", "user_id", "channel_name", "event_date", "event_time"),
        *("holder_engagement", "closer_engagement", "impression_interaction"),
    ),
    "conversions": ("conv_id", "user_id", "conv_date", "conv_time", "revenue"),
    "session_costs": ("session_id", "cost"),
    "campaign_costs": (
        *("campaign_id", "date", "country", "cost", "currency", "impressions", "clicks"),
    ),
    "campaigns": ("campaign_id", "campaign_name", "media_source", "platform", "objective"),
    "fx_rates": ("date", "currency", "rate"),
}
TABLES = tuple(COLUMNS)

_ROWS_PER_WRITE = 65_536
_BUFFER_BYTES = 16_000_000
_BODY = arrow_csv.WriteOptions(
    include_header=False, batch_size=_ROWS_PER_WRITE, quoting_style="none"
)

Column: TypeAlias = pa.Array


def identifiers(prefix: str | Ints, numbers: Ints, width: int) -> Column:
    """Return ids of one letter and `width` digits, such as c00000042.

    Args:
        prefix: The letter, or the code point of each row's letter.
        numbers: One non-negative number < 10**width per row.
        width: Digits after the letter.
    """
    text = np.empty((len(numbers), width + 1), dtype=np.uint8)
    text[:, 0] = ord(prefix) if isinstance(prefix, str) else prefix
    remaining = numbers.astype(np.uint32)
    for position in range(width, 0, -1):
        text[:, position] = remaining % 10 + ord("0")
        remaining //= 10
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * (width + 1)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(text))


def timestamps(seconds: Ints) -> Column:
    """Return `YYYY-MM-DD HH:MM:SS` for seconds since 1970-01-01 UTC."""
    return pa.array(seconds).cast(pa.timestamp("s"))


def dates(epoch_days: Ints) -> Column:
    """Return `YYYY-MM-DD` for days since 1970-01-01."""
    return pa.array(epoch_days.astype(np.int32)).cast(pa.date32())


def times(seconds: Ints) -> Column:
    """Return `HH:MM:SS` for seconds since midnight."""
    return pa.array(seconds.astype(np.int32)).cast(pa.time32("s"))


def decimals(units: Ints, scale: int, missing: Mask | None = None) -> Column:
    """Return exact decimals with `scale` places for non-negative integer units of 10**-scale."""
    low_and_high_word = np.zeros((len(units), 2), dtype=np.int64)
    low_and_high_word[:, 0] = units
    valid = None if missing is None else pa.array(~missing).buffers()[1]
    return pa.Array.from_buffers(
        pa.decimal128(18, scale), len(units), [valid, pa.py_buffer(low_and_high_word)]
    )


def integers(values: Ints, missing: Mask | None = None) -> Column:
    """Return whole numbers; rows of `missing` are empty."""
    return pa.array(values, mask=missing)


def texts(codes: Ints, values: Sequence[str | None]) -> Column:
    """Return values[code] for each row; None is written as an empty field."""
    return pa.array(values, type=pa.string()).take(pa.array(codes))


class TableFile:
    """One `<table>.csv`, written in batches: UTF-8, newline-terminated lines, a header.

    Rows of a batch are sorted by time. Rows that a real feed delivers late (held back, or delivered
    twice) are buffered as text and written at the end of the file, far out of order. In a
    very large file, the buffer is also written between batches, before it fills memory.

    Attributes:
        table: Its name.
        rows: Lines written so far without the header, including buffered ones.
        repeated: Rows among them that were written a second time, in full.
        late: Rows among them that are out of order, not counting repeated ones.
    """

    def __init__(self, folder: Path, table: str) -> None:
        """Name the file; entering the context opens it."""
        self.table = table
        self._path = folder / f"{table}.csv"
        self._late = BytesIO()
        self.rows = 0
        self.repeated = 0
        self.late = 0

    def __enter__(self) -> Self:
        """Open the file, replacing an older one, and write the header."""
        self._file: BinaryIO = self._path.open("wb")
        self._file.write(",".join(COLUMNS[self.table]).encode() + b"\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write the buffered rows and close the file."""
        self._write_late()
        self._file.close()

    def write(
        self,
        columns: Sequence[Column],
        moments: Ints,
        late: Mask | None = None,
        repeated: Mask | None = None,
    ) -> None:
        """Write a batch of rows.

        Args:
            columns: One array per column of the table, in the order of COLUMNS.
            moments: Sort key of the rows; rows with equal keys keep their order.
            late: Rows to buffer instead.
            repeated: Rows to buffer as well.
        """
        if self._late.tell() > _BUFFER_BYTES:
            self._write_late()
        batch = pa.table(list(columns), names=list(COLUMNS[self.table]))
        in_time = np.arange(len(moments)) if late is None else np.flatnonzero(~late)
        ordered = in_time[np.argsort(moments[in_time], kind="stable")]
        arrow_csv.write_csv(batch.take(pa.array(ordered)), self._file, _BODY)
        second = np.flatnonzero(repeated) if repeated is not None else np.empty(0, dtype=np.int64)
        delayed = np.flatnonzero(late) if late is not None else np.empty(0, dtype=np.int64)
        if len(delayed) + len(second):
            at_the_end = pa.array(np.concatenate([delayed, second]))
            arrow_csv.write_csv(batch.take(at_the_end), self._late, _BODY)
        self.rows += len(moments) + len(second)
        self.repeated += len(second)
        self.late += len(delayed)

    def write_lines(self, lines: Sequence[str], *, at_the_end: bool = False) -> None:
        """Write finished lines (without line ends), here or at the end of the file."""
        target = self._late if at_the_end else self._file
        target.write("".join(f"{line}\n" for line in lines).encode())
        self.rows += len(lines)

    def _write_late(self) -> None:
        """Write the buffered rows, in their order of arrival."""
        self._file.write(self._late.getvalue())
        self._late = BytesIO()
