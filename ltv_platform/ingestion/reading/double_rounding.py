"""Binary doubles on their way to text.

A double has no decimals of its own: 3.3000000000000003 was never written by anybody, so it is
rounded before it becomes text, and one third to the decimals of its column. Of what came as text
``rows.values`` says what is rounded.
"""

from collections.abc import Mapping

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import quoted

#: Decimals of a table's columns; None: an adapter takes the file, and nobody knows what for.
Scales = Mapping[str, int] | None

#: Any decimal of so many significant digits comes back from a double.
_DIGITS = 15


def scales_of(source: SourceTable) -> Scales:
    """The decimals of the table's DECIMAL columns."""
    return {column.name: column.scale for column in source.columns if column.scale is not None}


def rounded(value: float, column: str, scales: Scales) -> float:
    """The double nearest to the value at the scale of its column, half even.

    For an adapter, the double nearest to its 15 significant digits; whole numbers, which may be
    identifiers, stay as they are. Infinity and NaN stay what they are.
    """
    if scales is None:
        return value if value.is_integer() else float(f"{value:.{_DIGITS}g}")
    return round(value, scales[column]) if column in scales else value


def rounded_sql(column: str, kind: str, scales: Scales) -> str:
    """As :func:`rounded`, digit for digit, in SQL.

    Args:
        column: A column of the relation.
        kind: Its engine type; only DOUBLE and FLOAT are rounded.
        scales: As there.
    """
    name = quoted(column)
    if kind not in ("DOUBLE", "FLOAT") or (scales is not None and column not in scales):
        return name
    # By its shortest text, or 0.1 of a FLOAT would be 0.10000000149011612.
    value = name if kind == "DOUBLE" else f"CAST(CAST({name} AS VARCHAR) AS DOUBLE)"
    digits = f"{_DIGITS}g" if scales is None else f"{scales[column]}f"
    short = f"CAST(format('{{:.{digits}}}', {value}) AS DOUBLE)"
    return (
        short
        if scales is not None
        else f"CASE WHEN {value} = trunc({value}) THEN {value} ELSE {short} END"
    )


def rounded_count_sql(kinds: Mapping[str, str], scales: Scales) -> str:
    """How many doubles of a row :func:`rounded_sql` makes another number of.

    Args:
        kinds: Engine types by column.
        scales: As there.
    """
    counts = [
        f"COALESCE(CAST(CAST({rounded} AS DOUBLE) <> {quoted(column)} AS INTEGER), 0)"
        for column, kind in kinds.items()
        if (rounded := rounded_sql(column, kind, scales)) != quoted(column)
    ]
    return " + ".join(counts) or "0"
