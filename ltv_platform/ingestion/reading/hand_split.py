"""Splits text into records by hand when the engine's reader cannot be trusted.

The engine's CSV reader is fast, but in parallel it silently loses rows after an unterminated
quote, it counts blank lines only before bad records, truncates long ones, and fails on mixed line
ends; its JSON reader rounds numbers of more than seventeen digits. So irregular files and all JSON
are split here: every record is either accepted whole or rejected whole, under its number.
"""

import json
import re
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ltv_platform.errors import UserError
from ltv_platform.ingestion.messages import some
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.record_texts import (
    DECODER,
    LONGEST_FIELD,
    NO_TEXT,
    Ambiguous,
    delimited_records,
    is_unicode,
    json_records,
    open_text,
    too_long,
)

#: Maximum characters in memory at once, and how many an empty field or column counts as.
_BATCH = 64 << 20
_FIELD = 16
#: Maximum columns of a file: the engine reserves memory for each.
_MOST_COLUMNS = 10_000

#: Name for a column with an empty name, which the engine does not allow.
_UNNAMED = "_unnamed_1"
_SPACES = re.compile(r"[ \t]+")


class RecordFiles:
    """Parquet files of one file's records: those that could be split, and those that could not.

    Args:
        folder: A folder for these files alone.
        columns: The columns of every record; None: each record names its own.
        name: Name of the file in messages.
        single: Columns that must hold single values, not lists or objects.
        only: The columns to keep of records that name their own, whether any names them or not;
            None: all that are named.

    Attributes:
        around: Titles and notices around the records.
    """

    def __init__(
        self,
        folder: Path,
        columns: Sequence[str] | None = None,
        name: str = "The file",
        single: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> None:
        shutil.rmtree(folder, ignore_errors=True)  # left by an earlier read of the same copy
        folder.mkdir()
        self.folder = folder
        self.name = name
        self.single = frozenset(single)
        self.only = None if only is None else frozenset(only)
        self.columns = dict.fromkeys(columns or only or ())
        self.around: list[str] = []
        self._fixed = columns is not None
        self._parts = 0
        self._held = 0
        self._lines: list[int] = []
        self._fields: list[Sequence[str]] = []
        self._named: list[Mapping[str, str | None]] = []
        self._rejected: list[tuple[int, str, str]] = []

    def accept(self, line: int, fields: Sequence[str], length: int) -> None:
        """Add a record, its fields in the order of the columns.

        Args:
            line: Number of the record.
            fields: Its fields.
            length: Characters of its text.
        """
        self._lines.append(line)
        self._fields.append(fields)
        self._hold(length)

    def accept_named(self, line: int, values: Mapping[str, str | None], length: int) -> None:
        """Add a record that names its columns.

        Raises:
            UserError: the records have too many columns.
        """
        if self.only is not None:
            values = {name: value for name, value in values.items() if name in self.only}
        self._lines.append(line)
        self._named.append(values)
        self.columns.update(dict.fromkeys(values))
        check_width(len(self.columns), self.name)
        self._hold(length)

    def reject(self, line: int, text: str, reason: str) -> None:
        """Add a record that could not be split, with its whole text.

        Raises:
            UserError: the text is too long to keep.
        """
        if len(text) > LONGEST_FIELD:
            raise too_long(self.name, line)
        self._rejected.append((line, _escaped(text), reason))
        self._hold(len(text))

    def _hold(self, length: int) -> None:
        self._held += length + _FIELD * (1 + len(self.columns))
        if self._held > _BATCH:
            self._write_accepted()
            self._write_rejected()
            self._held = 0

    def finish(self, columns: Iterable[str] = ()) -> None:
        """Write the remaining records, with these columns even if no record names them."""
        self.columns.update(dict.fromkeys(columns))
        self._write_accepted()
        self._write_rejected()

    def _write_accepted(self) -> None:
        values: Iterable[Sequence[str | None]]
        # An empty field is NULL, as in the engine's own reader.
        if self._fixed and self._fields:
            values = [
                [field or None for field in column] for column in zip(*self._fields, strict=True)
            ]
        elif self._fixed:
            values = [()] * len(self.columns)
        else:
            values = [[named.get(name) or None for named in self._named] for name in self.columns]
        columns = dict(zip(self.columns, (("string", v) for v in values), strict=True))
        self._write("records", {"_line": ("int64", self._lines), **columns})
        self._lines.clear()
        self._fields.clear()
        self._named.clear()

    def _write_rejected(self) -> None:
        lines, texts, reasons = zip(*self._rejected, strict=True) if self._rejected else ((),) * 3
        self._write(
            "malformed",
            {"line": ("int64", lines), "raw": ("string", texts), "reason": ("string", reasons)},
        )
        self._rejected.clear()

    def _write(self, what: str, columns: dict[str, tuple[str, Sequence[Any]]]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - only files of this kind need Arrow
        import pyarrow.parquet as pq  # noqa: PLC0415

        arrays = {name: pa.array(values, kind) for name, (kind, values) in columns.items()}
        self._parts += 1
        pq.write_table(pa.table(arrays), self.folder / f"{what}_{self._parts:06d}.parquet")


def check_width(columns: int, name: str) -> None:
    """Refuse a file with more columns than the engine can handle.

    Raises:
        UserError: the file has too many columns.
    """
    if columns > _MOST_COLUMNS:
        raise UserError(
            f"{name} has more than {_MOST_COLUMNS:,} columns.",
            "Check its delimiter, line ends and keys, or keep only the needed columns.",
        )


def split_delimited(
    path: Path, files: RecordFiles, dialect: Dialect, delimiter: str, header: int
) -> None:
    """Split delimited text; reject records with broken quoting or a wrong number of fields.

    In a titled file, lines before the header and lines with one field after the last record are not
    records.

    Args:
        path: The file.
        files: Where the records go.
        dialect: How the file is written.
        delimiter: The field delimiter.
        header: Record number of the header; 0: there is none.
    """
    width = len(files.columns)
    # Until another record follows, these may be notices at the end.
    notices: list[tuple[int, str, str]] = []
    for number, fields, text, reason in delimited_records(
        path, dialect, delimiter, width, files.name
    ):
        line = text.rstrip("\r\n")
        if number <= header:
            if 0 < number < header:
                files.around.append(line)
            continue
        if reason and dialect.titled and len([field for field in fields if field]) == 1:
            notices.append((number, line, reason))
            continue
        for notice in notices:
            files.reject(*notice)
        notices.clear()
        if reason:
            files.reject(number, line, reason)
        else:
            files.accept(number, fields, len(text))
    files.around += [line for _, line, _ in notices]
    files.finish()


def split_on_whitespace(path: Path, files: RecordFiles, dialect: Dialect) -> None:
    """Split text whose columns are separated by runs of spaces and tabs."""
    number = 0
    with open_text(path) as text:
        for line in text:
            record = line.strip(" \t\r\n")
            if not record:
                continue
            number += 1
            if number == 1 and dialect.header:
                continue
            fields = _SPACES.split(record)
            if len(fields) != len(files.columns):
                reason = f"record: has {len(fields)} columns, not {len(files.columns)}"
                files.reject(number, line.rstrip("\r\n"), reason)
            elif not is_unicode(record):
                files.reject(number, line.rstrip("\r\n"), NO_TEXT)
            else:
                files.accept(number, fields, len(record))
    files.finish()


def split_json_lines(path: Path, files: RecordFiles, wanted: Iterable[str]) -> None:
    """Split text with one JSON object per line; every other line is rejected."""
    number = 0
    with open_text(path) as text:
        for line in text:
            record = line.strip()
            if record:
                number += 1
                _keep_json(files, number, record)
    files.finish(() if files.columns else wanted)


def split_json(path: Path, files: RecordFiles, wanted: Collection[str]) -> list[str]:
    """Split one JSON object or an array of objects, wrapped or not; a series of objects as lines.

    Returns:
        Notes on where the records were found.

    Raises:
        UserError: the file is not JSON, or it is ambiguous which of its lists holds the records.
    """
    with open_text(path) as opened:
        text = opened.read()
    try:
        records = json_records(text, wanted, files.name)
    except (json.JSONDecodeError, RecursionError) as error:
        where = (
            f"{error.msg} at line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else "nested too deep"
        )
        raise UserError(
            f"{files.name} is not valid JSON: {where}.",
            "Fix it, or write one object per line as .ndjson: then only bad lines are rejected.",
        ) from error
    if records.are_lines(text):
        split_json_lines(path, files, wanted)
        return []
    for number, (start, end) in enumerate(records.spans, 1):
        _keep_json(files, number, text[start:end])
    files.finish(() if files.columns else wanted)
    if not records.path:
        return []
    return [f"{files.name}: records read from `{some(['.'.join(records.path)])}`"]


def _keep_json(files: RecordFiles, line: int, text: str) -> None:
    values, reason = read_json(text, files.single)
    if reason:
        files.reject(line, text, reason)
    else:
        files.accept_named(line, values, len(text))


def read_json(text: str, single: Collection[str]) -> tuple[Mapping[str, str | None], str]:
    """The values of a record as text, by column, and why it cannot be split; empty: it can.

    Args:
        text: The record.
        single: Columns that must hold single values, not lists or objects.
    """
    if not is_unicode(text):
        return {}, NO_TEXT
    try:
        value = DECODER.decode(text)
        if not isinstance(value, dict):
            raise ValueError("is not a JSON object")
        values = {name or _UNNAMED: _as_text(item) for name, item in value.items()}
    except RecursionError:
        return {}, "record: is nested too deep"
    except ValueError:
        return {}, "record: is not a JSON object"
    nested = [name for name in single if isinstance(value.get(name), dict | list)]
    if isinstance(value, Ambiguous) or len(values) < len(value):
        return values, "record: names a column twice"
    if nested:
        return values, f"record: {min(nested)} is a list or an object, not one value"
    # An escape can encode half a surrogate pair.
    if "\\u" in text and not all(is_unicode(f"{n}{v}") for n, v in values.items()):
        return values, NO_TEXT
    return values, ""


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _escaped(text: str) -> str:
    """The text, with each byte that is not UTF-8 escaped."""
    if is_unicode(text):
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
