"""Frames of the user's code as Arrow tables, and back: pandas, Arrow, Polars and their like."""

import sys
from typing import Any

import pyarrow as pa

from ltv_platform.errors import UserError

_KINDS = "pandas.DataFrame, pyarrow.Table or polars.DataFrame"


def to_arrow(frame: Any, what: str) -> pa.Table:
    """A frame as an Arrow table.

    Args:
        frame: A pandas or Polars DataFrame, an Arrow table, or anything else with Arrow's
            ``__arrow_c_stream__``. A named index of pandas becomes columns; one without a name
            says nothing and is left out.
        what: Whose frame it is, for messages.

    Raises:
        UserError: it is no frame, or has columns that no table can have.
    """
    if isinstance(frame, pa.Table):
        table = frame
    elif _is_pandas(frame):
        table = _of_pandas(frame, what)
    elif hasattr(frame, "__arrow_c_stream__"):
        table = pa.table(frame)
    else:
        lazy = " Call its collect() first." if hasattr(frame, "collect") else ""
        raise UserError(
            f"{what} returned a {type(frame).__module__}.{type(frame).__qualname__}, "
            f"which is not a frame.{lazy}",
            f"Return a {_KINDS}, or a Query; annotate an asset that writes no table with -> None.",
        )
    names = [name.lower() for name in table.column_names]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(
            f"{what} has more than one column {', '.join(twice)}: the case of letters does not "
            "count in a table.",
            "Rename them; nothing was written.",
        )
    return _plain(table)


def from_arrow(table: pa.Table, kind: Any, what: str) -> Any:
    """An Arrow table as the frame that an annotation asks for.

    Args:
        table: The rows.
        kind: ``pandas.DataFrame``, ``pyarrow.Table`` or ``polars.DataFrame``; ``typing.Any``, as
            without annotation, is pandas.
        what: Which input it is, for messages.

    Returns:
        The frame. Arrow and Polars keep DECIMAL and DATE as they are; in pandas they are float64
        and datetime64, because its functions know no others.

    Raises:
        UserError: the annotation is another one.
    """
    if kind is pa.Table:
        return table
    package, name = getattr(kind, "__module__", "").partition(".")[0], getattr(kind, "__name__", "")
    if kind is Any or (package, name) == ("pandas", "DataFrame"):
        return _with_doubles(table).to_pandas(date_as_object=False)
    if (package, name) == ("polars", "DataFrame"):
        return sys.modules["polars"].from_arrow(table)
    raise UserError(f"{what} is annotated as {name or kind}.", f"Annotate it as {_KINDS}.")


def _is_pandas(frame: Any) -> bool:
    # Who has a frame of it has it loaded; it takes half a second.
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(frame, pandas.DataFrame)


def _of_pandas(frame: Any, what: str) -> pa.Table:
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    if odd := [str(name) for name in frame.columns if not isinstance(name, str)]:
        raise UserError(
            f"{what} has columns whose names are not text: {', '.join(odd)}.",
            "Rename them, as in frame.columns = […]; nothing was written.",
        )
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError) as error:
        raise UserError(
            f"{what} has a column that no table can have: {' '.join(map(str, error.args))}",
            "Make its values be of one type, as by frame.astype; nothing was written.",
        ) from error


def _plain(table: pa.Table) -> pa.Table:
    """Categories as the values that they stand for: others come every day, types stay."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table[place].cast(field.type.value_type))
    return table


def _with_doubles(table: pa.Table) -> pa.Table:
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(place, field.name, table[place].cast(pa.float64()))
    return table
