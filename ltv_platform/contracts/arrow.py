"""Rows made in Python as Arrow tables with a contract's types; doubles are rounded.

Dagster's definitions import this module, so heavy imports are inside functions.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ltv_platform.contracts.model import Table

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

#: Significant digits of estimates: the last digits of a double differ between processors.
_DIGITS = 12


def arrow_schema(contract: Table) -> "pa.Schema":
    """The columns of a contract, in order, with their Arrow types."""
    import pyarrow as pa  # noqa: PLC0415 - definitions are loaded without it

    types = {
        "VARCHAR": pa.string(),
        "BOOLEAN": pa.bool_(),
        "INTEGER": pa.int32(),
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "DECIMAL(18,6)": pa.decimal128(18, 6),
        "DECIMAL(38,6)": pa.decimal128(38, 6),
        "DATE": pa.date32(),
    }
    return pa.schema([(column.name, types[column.type]) for column in contract.columns])


def arrow_table(contract: Table, rows: Iterable[Sequence[Any]]) -> "pa.Table":
    """Rows as an Arrow table; doubles are rounded.

    Args:
        contract: The table.
        rows: Values in the order of its columns.
    """
    import pyarrow as pa  # noqa: PLC0415

    schema = arrow_schema(contract)
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    doubles = [pa.types.is_floating(field.type) for field in schema]
    return pa.table(
        [
            pa.array(map(rounded, values) if is_double else values, field.type)
            for values, field, is_double in zip(columns, schema, doubles, strict=True)
        ],
        schema=schema,
    )


def rounded(value: float | None) -> float | None:
    """The value with :data:`_DIGITS` significant digits; None for NaN."""
    if value is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return None
    return float(f"{value:.{_DIGITS}g}")


def rounded_array(values: "np.ndarray") -> "np.ndarray":
    """:func:`rounded` for an array of finite values."""
    import numpy as np  # noqa: PLC0415

    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(np.abs(values)))
    scale = 10.0 ** (_DIGITS - 1 - np.where(np.isfinite(exponent), exponent, 0))
    kept: np.ndarray = np.rint(values * scale) / scale
    return kept
