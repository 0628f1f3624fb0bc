"""Recognizes the format of a file by its columns, never by its name."""

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

#: Number of JSON records whose keys are read.
_INSPECTED_RECORDS = 50
_DELIMITERS = (",", ";", "\t", "|")

#: Advice for an unknown file.
_OTHERWISE = (
    "Give its table (`ltv ingest transactions FILE`), or map its columns with an adapter: "
    "docs/exports.md shows how."
)


@dataclass(frozen=True)
class Recognized:
    """What a file was recognized as.

    Attributes:
        name: Usual name of the format.
        adapter: The adapter that reads it; None: it has the columns of the table.
        table: The source table, if the file has its columns.
    """

    name: str
    adapter: str | None = None
    table: str | None = None


@cache
def known_formats() -> dict[str, Layout]:
    """The formats that can be recognized, by the name of their adapter."""
    layouts = {
        name: parse_layout(name, text)
        for name, text in bundled_adapters().items()
        if "-- format:" in text
    }
    return {name: layout for name, layout in sorted(layouts.items()) if layout.name}


def recognize(copy: PrivateCopy, sources: Mapping[str, SourceTable]) -> Recognized:
    """Recognize a file.

    Args:
        copy: The private copy.
        sources: The contracts: a file may have the columns of one of them.

    Raises:
        UserError: the file fits none of the known formats, or several.
    """
    if copy.path.stat().st_size == 0:
        raise UserError(f"{copy.name} is empty.", "Nothing to load; check how it was made.")
    headers = list(_headers(copy))
    formats = known_formats()
    found = [
        Recognized(layout.name, adapter=name)
        for name, layout in formats.items()
        if any(_fits(layout, header, index) for index, header in headers)
    ]
    if not found:
        first = max((header for index, header in headers if index == 0), key=len, default=())
        found = [
            Recognized(f"a file of {source.name}", table=source.name)
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
            f"{copy.name} can be {' or '.join(each.name for each in found)}: it has the columns "
            "of each.",
            f"Choose one: {ways}.",
        )
    raise _unknown(copy.name, headers, formats)


#: Index of a record in the file (from 0), and its fields as column names.
_Header = tuple[int, Sequence[str]]


def _headers(copy: PrivateCopy) -> list[_Header]:
    """Candidates for the header of a file."""
    if copy.format == "csv":
        return [
            (index, names)
            for delimiter in _DELIMITERS
            for index, (_, names) in enumerate(first_records(copy, Dialect(), delimiter))
        ]
    if copy.format == "parquet":
        return [(0, _parquet_columns(copy))]
    return [(0, keys) for keys in _json_keys(copy)]


def _fits(layout: Layout, header: Sequence[str], index: int) -> bool:
    return (index == 0 or layout.dialect.titled) and all(
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
            "Check how it was made; nothing was loaded.",
        ) from error


def _json_keys(copy: PrivateCopy) -> list[list[str]]:
    """The keys of the first objects: of the objects themselves, and of those they may wrap."""
    with open_text(copy.path) as opened:
        if copy.format == "ndjson":
            lines = (line.strip() for line in opened)
            return [_keys(islice((line for line in lines if line), _INSPECTED_RECORDS))]
        text = opened.read()
    found = []
    for wanted in (None, ()):
        try:
            records = json_records(text, wanted, copy.name)
        except (json.JSONDecodeError, RecursionError, UserError):  # loading it reports the error
            continue
        found.append(_keys(text[start:end] for start, end in records.spans[:_INSPECTED_RECORDS]))
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
    """The error for a file that fits none of the known formats."""
    first: Sequence[str] = max(
        (names for index, names in headers if index == 0), key=len, default=()
    )
    nearest = (0.0, "", FoundColumns({}, {}, ()), first)
    for layout in formats.values():
        for index, header in headers:
            if index and not layout.dialect.titled:
                continue
            found = find_columns(layout.needed, header)
            share = len(set(found.names)) / len(layout.needed)
            if share > nearest[0]:
                nearest = (share, layout.name, found, header)
    share, layout_name, found, header = nearest
    if not is_unicode("".join(header)):
        return UserError(
            f"{name} is not UTF-8: its header contains invalid bytes.",
            'Export it as UTF-8; in a spreadsheet, choose "CSV UTF-8".',
        )
    is_near = share >= 1 / 2
    near = (
        f" The closest is {layout_name}, which also has {some(found.missing)}."
        if is_near
        else " docs/exports.md lists the formats, docs/tables.md the tables."
    )
    return UserError(
        f"{name} is not a known export. It has {some(header if is_near else first)}." + near,
        f"{found.remedy} If it is something else: {_OTHERWISE}"
        if is_near and found.remedy
        else _OTHERWISE,
    )
