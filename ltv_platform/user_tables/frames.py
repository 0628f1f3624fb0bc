"""Frames of the user's code as Arrow tables, and back: pandas, Arrow, Polars and their like."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from ltv_platform.errors import UserError
from ltv_platform.user_tables.columns import NOTHING

_KINDS = "pandas.DataFrame, pyarrow.Table or polars.DataFrame"
#: Types that a message names of a column with values of many.
_MOST_TYPES = 3


def to_arrow(frame: Any, what: str) -> pa.Table:
    """A frame as an Arrow table.

    Args:
        frame: A pandas or Polars DataFrame, an Arrow table, or anything else with Arrow's
            ``__arrow_c_stream__``. A named index of pandas becomes columns; one without a name
            is left out.
        what: Whose frame it is, for messages.

    Raises:
        UserError: it is not a frame, or has columns that no table can have.
    """
    if isinstance(frame, pa.Table):
        table = frame
    elif _is_pandas(frame):
        table = _of_pandas(frame, what)
    elif hasattr(frame, "__arrow_c_stream__"):
        try:
            table = pa.table(frame)
        except pa.ArrowInvalid as error:  # the stream of a column, such as of a Series
            raise _not_a_frame(frame, what) from error
    else:
        raise _not_a_frame(frame, what)
    _require_distinct(table.column_names, what)
    table = _plain(table)
    if odd := [f"{name} is {kind}" for name, kind in _types_of_no_table(table)]:
        raise _unfit(what, odd)
    return table


def from_arrow(table: pa.Table, kind: Any, what: str, *, exact: bool = False) -> Any:
    """An Arrow table as the frame that an annotation asks for.

    Args:
        table: The rows.
        kind: ``pandas.DataFrame``, ``pyarrow.Table`` or ``polars.DataFrame``; ``typing.Any``, as
            without annotation, is pandas.
        what: Which input it is, for messages.
        exact: In pandas, keep the types of the table.

    Returns:
        The frame. Arrow and Polars keep DECIMAL and DATE as they are. In pandas they are float64
        and datetime64, because many of its functions take no others; with ``exact`` its columns
        are Arrow's, which keep them.

    Raises:
        UserError: the annotation is another one.
    """
    if kind is pa.Table:
        return table
    package, name = getattr(kind, "__module__", "").partition(".")[0], getattr(kind, "__name__", "")
    if kind is Any or (package, name) == ("pandas", "DataFrame"):
        if not exact:
            return _with_doubles(table).to_pandas(date_as_object=False)
        import pandas as pd  # noqa: PLC0415 - it takes half a second

        return table.to_pandas(types_mapper=pd.ArrowDtype)
    if (package, name) == ("polars", "DataFrame"):
        return sys.modules["polars"].from_arrow(table)
    raise UserError(f"{what} is annotated as {name or kind}.", f"Annotate it as {_KINDS}.")


def _not_a_frame(value: Any, what: str) -> UserError:
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    described = "None" if value is None else f"a {module}{kind.__qualname__}"
    calls = [method for method in ("collect", "to_frame") if hasattr(value, method)]
    advice = f" Call its {calls[0]}() first." if calls else ""
    return UserError(
        f"{what} returned {described}, which is not a data frame.{advice}",
        f"Return a {_KINDS}, or a Query; annotate an asset that writes no table with -> None.",
    )


def _is_pandas(frame: Any) -> bool:
    # Who has a frame of it has it loaded; it takes half a second.
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(frame, pandas.DataFrame)


def _of_pandas(frame: Any, what: str) -> pa.Table:
    index = [name for name in frame.index.names if name is not None]
    names = [*index, *frame.columns]
    if odd := [str(name) for name in names if not isinstance(name, str)]:
        raise UserError(
            f"{what} has columns whose names are not text: {', '.join(odd)}.",
            f"Rename them, as in frame.columns = […]. {NOTHING}",
        )
    _require_distinct(names, what)
    if index:
        frame = frame.reset_index()
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError) as error:
        raise _unfit(what, [_type_of(frame[name]) for name in _failing(frame)]) from error


def _failing(frame: Any) -> list[str]:
    """Columns of a pandas frame that Arrow cannot convert."""
    failing = []
    for name in frame.columns:
        try:
            pa.Table.from_pandas(frame[[name]], preserve_index=False)
        except (pa.ArrowException, ValueError):
            failing.append(name)
    return failing


def _type_of(column: Any) -> str:
    """What a pandas column is, in the words of its user."""
    if str(column.dtype) != "object":
        return f"{column.name} is {column.dtype}"
    kinds = list(dict.fromkeys(type(value).__name__ for value in column.dropna()))
    more = ", …" if len(kinds) > _MOST_TYPES else ""
    return f"{column.name} has values of {', '.join(kinds[:_MOST_TYPES])}{more}"


def _types_of_no_table(table: pa.Table) -> Iterator[tuple[str, str]]:
    """Columns of types that the warehouse does not have, with the names of these."""
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_float16(kind):
            yield name, "float16"
        elif pa.types.is_decimal256(kind):
            yield name, f"a decimal of {kind.precision} digits, of at most 38"
        elif isinstance(kind, pa.BaseExtensionType) and kind.extension_name.startswith("pandas."):
            yield name, f"of the type {kind.extension_name.removeprefix('pandas.')}"


def _unfit(what: str, columns: Iterable[str]) -> UserError:
    return UserError(
        f"{what} has a column that cannot be stored: {'; '.join(columns)}.",
        "Convert it to one supported type, for example with frame.astype, or with "
        f"dt.to_timestamp() for periods. {NOTHING}",
    )


def _require_distinct(names: Iterable[str], what: str) -> None:
    seen = [name.lower() for name in names]
    if twice := sorted({name for name in seen if seen.count(name) > 1}):
        raise UserError(
            f"{what} has more than one column {', '.join(twice)}: the case of letters does not "
            "count in a table.",
            f"Rename them. {NOTHING}",
        )


def _plain(table: pa.Table) -> pa.Table:
    """Categories as their values: every day has other categories, and types stay."""
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(index, field.name, table[index].cast(field.type.value_type))
    return table


def _with_doubles(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(index, field.name, table[index].cast(pa.float64()))
    return table
