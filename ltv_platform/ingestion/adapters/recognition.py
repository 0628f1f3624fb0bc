"""Which format a file is of, told by its columns and never by its name."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice

from ltv_platform.contracts import SourceTable
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.file_columns import FoundColumns, find_columns
from ltv_platform.ingestion.adapters.files import bundled_adapters
from ltv_platform.ingestion.adapters.layout import Layout
from ltv_platform.ingestion.adapters.parsing import parse_layout
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.headers import first_records
from ltv_platform.ingestion.reading.record_texts import DECODER, is_unicode, json_records, open_text

#: JSON records whose keys are looked at.
_LOOKED_AT = 50
_DELIMITERS = (",", ";", "\t", "|")

#: How to go on with a file that nothing is known of.
_OTHERWISE = (
    "Name its table (`ltv ingest transactions FILE`), or map its columns with an adapter: "
    "docs/exports.md shows how."
)


@dataclass(frozen=True)
class Recognised:
    """What a file was taken for.

    Attributes:
        name: What people call it.
        adapter: The adapter that takes it; None: it has the columns of the table.
        table: The source table, where it has its columns.
    """

    name: str
    adapter: str | None = None
    table: str | None = None


@cache
def known_formats() -> dict[str, Layout]:
    """The formats that files are known by, by the name of their adapter."""
    layouts = {
        name: parse_layout(name, text)
        for name, text in bundled_adapters().items()
        if "-- format:" in text
    }
    return {name: layout for name, layout in sorted(layouts.items()) if layout.name}


def recognise(copy: PrivateCopy, sources: Mapping[str, SourceTable]) -> Recognised:
    """What a file is.

    Args:
        copy: The private copy.
        sources: The contracts: a file may have the columns of one of them.

    Raises:
        UserError: it is none of the formats that are known, or of several.
    """
    if copy.path.stat().st_size == 0:
        raise UserError(f"{copy.name} is empty.", "Nothing to load; check how it was made.")
    headers = list(_headers(copy))
    formats = known_formats()
    found = [
        Recognised(layout.name, adapter=name)
        for name, layout in formats.items()
        if any(_fits(layout, header, place) for place, header in headers)
    ]
    if not found:
        first = max((header for place, header in headers if place == 0), key=len, default=())
        found = [
            Recognised(f"a file of {source.name}", table=source.name)
            for source in sources.values()
            if _has_columns_of(source, first)
        ]
    if len(found) == 1:
        return found[0]
    if found:
        ways = " or ".join(
            f"`ltv ingest {each.table} FILE`" if each.table else f"--adapter {each.adapter}"
            for each in found
        )
        raise UserError(
            f"{copy.name} can be {' or '.join(each.name for each in found)}: it has the columns of "
            "each.",
            f"Say which it is: {ways}.",
        )
    raise _unknown(copy.name, headers, formats)


#: Place of a record in the file (from 0), and its fields as names of columns.
_Header = tuple[int, Sequence[str]]


def _headers(copy: PrivateCopy) -> list[_Header]:
    """What may be the names of a file's columns."""
    if copy.format == "csv":
        return [
            (place, names)
            for delimiter in _DELIMITERS
            for place, (_, names) in enumerate(first_records(copy, Dialect(), delimiter))
        ]
    if copy.format == "parquet":
        return [(0, _parquet_columns(copy))]
    return [(0, keys) for keys in _json_keys(copy)]


def _fits(layout: Layout, header: Sequence[str], place: int) -> bool:
    return (place == 0 or layout.dialect.titled) and all(
        any(column.read(name) is not None for name in header) for column in layout.needed
    )


def _has_columns_of(source: SourceTable, header: Collection[str]) -> bool:
    needed = {column.name for column in source.columns if column.required or column.present}
    return needed <= set(header) <= {column.name for column in source.columns}


def _parquet_columns(copy: PrivateCopy) -> list[str]:
    import pyarrow as pa  # noqa: PLC0415 - only files of this kind need Arrow
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        return list(pq.read_schema(copy.path).names)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{copy.name} is not a Parquet file, or a damaged one.",
            "Check how it was made; nothing of it was loaded.",
        ) from error


def _json_keys(copy: PrivateCopy) -> list[list[str]]:
    """The keys of the first objects: of each on its own, and of those that it may wrap."""
    with open_text(copy.path) as opened:
        if copy.format == "ndjson":
            lines = (line.strip() for line in opened)
            return [_keys(islice((line for line in lines if line), _LOOKED_AT))]
        text = opened.read()
    found = []
    for wanted in (None, ()):
        try:
            records = json_records(text, wanted, copy.name)
        except (json.JSONDecodeError, RecursionError, UserError):  # loading it says what is wrong
            continue
        found.append(_keys(text[start:end] for start, end in records.spans[:_LOOKED_AT]))
    return found or [[]]


def _keys(records: Iterable[str]) -> list[str]:
    keys: dict[str, None] = {}
    for record in records:
        with suppress(json.JSONDecodeError, RecursionError):
            value = DECODER.decode(record)
            if isinstance(value, dict):
                keys.update(dict.fromkeys(value))
    return list(keys)


def _unknown(name: str, headers: Sequence[_Header], formats: Mapping[str, Layout]) -> UserError:
    """What to say of a file that is none of the known formats."""
    first: Sequence[str] = max(
        (names for place, names in headers if place == 0), key=len, default=()
    )
    nearest = (0.0, "", FoundColumns({}, {}, ()), first)
    for layout in formats.values():
        for place, header in headers:
            if place and not layout.dialect.titled:
                continue
            found = find_columns(layout.needed, header)
            share = len(set(found.names)) / len(layout.needed)
            if share > nearest[0]:
                nearest = (share, layout.name, found, header)
    share, layout_name, found, header = nearest
    if not is_unicode("".join(header)):
        return UserError(
            f"{name} is not UTF-8: its header holds other bytes.",
            'Export it as UTF-8; a spreadsheet offers that as "CSV UTF-8".',
        )
    is_near = share >= 1 / 2
    near = (
        f" Nearest is {layout_name}, which also has {some(found.missing)}."
        if is_near
        else " docs/exports.md lists the formats, docs/tables.md the tables."
    )
    return UserError(
        f"{name} is none of the exports that are known by their columns. "
        f"It has {some(header if is_near else first)}." + near,
        f"{found.remedy} If it is something else: {_OTHERWISE}"
        if is_near and found.remedy
        else _OTHERWISE,
    )
