"""Rounds binary doubles before they become text.

A double is binary, and nobody ever wrote 3.3000000000000003. So doubles are
rounded before they become text; one third, to the decimals of its column. ``rows.values`` rounds
values that arrived as text.
"""

from collections.abc import Mapping

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import quoted

#: Decimals by column of a table; None: an adapter reads the file, so the target columns are
#: unknown.
Scales = Mapping[str, int] | None

#: A double preserves any decimal of this many significant digits.
_DIGITS = 15


def scales_of(source: SourceTable) -> Scales:
    """The decimals of a table's DECIMAL columns."""
    return {column.name: column.scale for column in source.columns if column.scale is not None}


def rounded(value: float, column: str, scales: Scales) -> float:
    """Round a value to the decimals of its column, half to even.

    For an adapter, round to 15 significant digits instead, and leave whole numbers, which may be
    identifiers. Infinity and NaN are unchanged.
    """
    if scales is None:
        return value if value.is_integer() else float(f"{value:.{_DIGITS}g}")
    return round(value, scales[column]) if column in scales else value


def rounded_sql(column: str, kind: str, scales: Scales) -> str:
    """SQL that rounds exactly like :func:`rounded`.

    Args:
        column: A column of the relation.
        kind: Its engine type; only DOUBLE and FLOAT are rounded.
        scales: As for :func:`rounded`.
    """
    name = quoted(column)
    if kind not in ("DOUBLE", "FLOAT") or (scales is not None and column not in scales):
        return name
    # From its shortest text, or 0.1 as FLOAT would become 0.10000000149011612.
    value = name if kind == "DOUBLE" else f"CAST(CAST({name} AS VARCHAR) AS DOUBLE)"
    digits = f"{_DIGITS}g" if scales is None else f"{scales[column]}f"
    short = f"CAST(format('{{:.{digits}}}', {value}) AS DOUBLE)"
    return (
        short
        if scales is not None
        else f"CASE WHEN {value} = trunc({value}) THEN {value} ELSE {short} END"
    )


def rounded_count_sql(kinds: Mapping[str, str], scales: Scales) -> str:
    """SQL that counts the doubles of a row whose value :func:`rounded_sql` changes.

    Args:
        kinds: Engine types by column.
        scales: As for :func:`rounded`.
    """
    counts = [
        f"COALESCE(CAST(CAST({rounded} AS DOUBLE) <> {quoted(column)} AS INTEGER), 0)"
        for column, kind in kinds.items()
        if (rounded := rounded_sql(column, kind, scales)) != quoted(column)
    ]
    return " + ".join(counts) or "0"
