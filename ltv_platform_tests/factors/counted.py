"""Customers as the SELECT counts them: levels and patterns from one row per customer."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ltv_platform.parameters.factors import ALL, FACTORS, OUTCOMES

_NUMBERS = {
    "customers": pa.int64(),
    "payers": pa.int64(),
    "floored_customers": pa.int64(),
    "revenue": pa.decimal128(38, 6),
    "squares": pa.float64(),
    "median_ltv": pa.decimal128(18, 6),
    "transactions": pa.int64(),
    "known_customers": pa.int64(),
    "min_customers": pa.int32(),
}


def counted(
    values: Sequence[float] | np.ndarray,
    levels: Mapping[str, Sequence[str]],
    min_customers: int = 10,
) -> pa.Table:
    """What the SELECT gives of these customers.

    Args:
        values: Net revenue of each in days 31 to 180.
        levels: Per factor the level of each; a factor that is absent has the level (none).
        min_customers: The setting.
    """
    people = pd.DataFrame(
        {name: list(levels.get(name, ["(none)"] * len(values))) for name in (*FACTORS, *OUTCOMES)}
    )
    people["value"] = np.round(np.maximum(values, 0), 2)
    people["floored"] = np.asarray(values) < 0
    groups = [(name, [name]) for name in (*FACTORS, *OUTCOMES)] + [(None, list(FACTORS))]
    rows: list[dict[str, Any]] = [_row(people, ALL, ALL, {})]
    for factor, columns in groups:
        for level, members in people.groupby(columns, sort=False):
            names = [str(name) for name in level]
            rows.append(_row(members, factor, names[0], dict(zip(columns, names, strict=True))))
    for row in rows:
        row |= {"known_customers": len(people), "min_customers": min_customers}
    texts = dict.fromkeys(("factor", "level", *FACTORS, *OUTCOMES), pa.string())
    types = {**texts, **_NUMBERS}
    return pa.table({n: pa.array([row.get(n) for row in rows], t) for n, t in types.items()})


def _row(
    members: pd.DataFrame, factor: str | None, level: str, pattern: Mapping[str, str]
) -> dict[str, Any]:
    values = members["value"]
    return {
        "factor": factor,
        "level": level,
        "customers": len(members),
        "payers": int((values > 0).sum()),
        "floored_customers": int(members["floored"].sum()),
        "revenue": sum((Decimal(str(value)) for value in values), Decimal(0)),
        "squares": float((values**2).sum()),
        "median_ltv": Decimal(str(round(values.median(), 6))) if len(members) else None,
        "transactions": int((values > 0).sum()),
        **pattern,
    }
