"""Answers of the IHC API with their journeys, from a file or the snapshot."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ltv_platform.errors import UserError
from ltv_platform.parameters.redistribution import Redistribution
from ltv_platform.published.current import require_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render
from ltv_platform.warehouse.opening import open_in_memory

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_GZIP = b"\x1f\x8b"
#: Columns with the number of sessions sent, and in the full journey; both are optional.
_SENT, _REAL = "sessions_in_scored_group", "sessions_in_full_journey"
_HINT = (
    "A file of answers has a header and one line per conversion and session; docs/attribution.md "
    "lists its columns."
)


@dataclass(frozen=True)
class AnsweredJourneys:
    """Complete journeys that the API scored, one row per conversion and session.

    Attributes:
        table: Rows of ``sql/queries/ihc/answered_journeys.sql``, ordered by conversion and
            position.
    """

    table: "pa.Table"

    def column(self, name: str) -> NDArray[Any]:
        """A column as an array; NULL numbers are NaN."""
        values: NDArray[Any] = self.table[name].to_numpy()
        return values

    @cached_property
    def ihc(self) -> Floats:
        """The credit given by the API."""
        return self.column("ihc").astype(np.float64)

    @cached_property
    def sessions(self) -> Integers:
        """The length of the journey of each row."""
        return self.column("sessions_in_journey").astype(np.int64)

    @cached_property
    def position(self) -> Integers:
        """The position of each row in its journey, from 1."""
        return self.column("position").astype(np.int64)

    @cached_property
    def starts(self) -> Integers:
        """The first row of each journey."""
        return np.flatnonzero(self.position == 1)

    @cached_property
    def journey(self) -> Integers:
        """The number of the journey of each row, from 0."""
        return np.cumsum(self.position == 1) - 1

    @cached_property
    def cell(self) -> Integers:
        """The number of the channel and day of each row, from 0."""
        import pyarrow.compute as pc  # noqa: PLC0415

        channels = self.table["channel_name"].combine_chunks().dictionary_encode().indices
        days = pc.cast(self.table["session_date"], "int32").to_numpy().astype(np.int64)
        days -= days.min()
        pairs = channels.to_numpy() * (days.max() + 1) + days
        return np.unique(pairs, return_inverse=True)[1].astype(np.int64)

    @property
    def long_journeys(self) -> int:
        """The number of journeys with two or more sessions: for the others all models agree."""
        return int(np.count_nonzero(self.sessions[self.starts] > 1))

    def where(self, chosen: Flags) -> "AnsweredJourneys":
        """The journeys with a true flag."""
        return AnsweredJourneys(self.table.filter(chosen[self.journey]))


def engine_settings(settings: Settings, preset: str) -> Settings:
    """Settings of the local engine with a preset, without redistribution."""
    return settings.model_copy(
        update={"ihc_preset": preset, "ihc_redistribution": Redistribution()}
    )


def _journeys(answers: "pa.Table", settings: Settings) -> AnsweredJourneys:
    sql = render("queries/ihc/answered_journeys.sql", engine_settings(settings, "published"))
    with closing(open_in_memory(settings)) as database:
        return AnsweredJourneys(database.fetch(sql, answers=answers))


def published_answers(settings: Settings) -> AnsweredJourneys:
    """The answers in the snapshot for the current journeys.

    Only answers for LTV_IHC_CONVERSION_TYPE, without redistribution.

    Raises:
        UserError: nothing is published, or there are no such answers.
    """
    with open_snapshot(settings, require_snapshot(settings)) as connection:
        sql = render("queries/ihc/published_answers.sql", engine_settings(settings, "published"))
        answers = connection.sql(sql).to_arrow_table()
    if not answers.num_rows:
        raise UserError(
            "The snapshot has no IHC API answer to any current journey, for "
            f"LTV_IHC_CONVERSION_TYPE={settings.ihc_conversion_type!r} and without redistribution.",
            "Set IHC_API_KEY and the conversion type, then run `ltv run`; or give a file with "
            "--from.",
        )
    return _journeys(answers, settings)


def _text(cell: str) -> str:
    if not cell:
        raise ValueError("empty")
    return cell


def _time(cell: str) -> datetime:
    time = datetime.fromisoformat(cell)
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def _flag(cell: str) -> bool:
    return {"0": False, "1": True, "false": False, "true": True}[cell.strip().lower()]


def _share(cell: str) -> float:
    share = float(cell)
    if not 0 <= share <= 1:  # NaN is refused, too
        raise ValueError("not between 0 and 1")
    return share


@dataclass(frozen=True)
class _Column:
    """A column of a file: its name here, its parser, and its format in words."""

    name: str
    meaning: Callable[[str], Any]
    form: str


_COLUMNS: Mapping[str, _Column] = {
    "conversion_id": _Column("conv_id", _text, "an id"),
    "session_id": _Column("session_id", _text, "an id"),
    "timestamp": _Column("session_ts", _time, "a time such as 2025-03-01 10:00:00"),
    "channel_label": _Column("channel_name", _text, "a channel"),
    "holder_engagement": _Column("holder_engagement", _flag, "0 or 1"),
    "closer_engagement": _Column("closer_engagement", _flag, "0 or 1"),
    "impression_interaction": _Column("impression_interaction", _flag, "0 or 1"),
    "ihc": _Column("ihc", _share, "a number from 0 to 1"),
}
_LENGTHS: Mapping[str, _Column] = {
    column: _Column(column, int, "a number of sessions") for column in (_SENT, _REAL)
}


def read_answers(path: Path, settings: Settings) -> AnsweredJourneys:
    """The answers in a CSV file, which may be gzipped.

    Columns: conversion_id, session_id, timestamp, channel_label, holder_engagement,
    closer_engagement, impression_interaction, ihc; others are ignored. If sessions_in_scored_group
    and sessions_in_full_journey exist, rows in which they differ are left out: the journey was cut
    before it was scored.

    Raises:
        UserError: the file cannot be read, lacks a column, or has an invalid value, a duplicate
            row, or a journey whose ihc does not add up to 1.
    """
    import pyarrow as pa  # noqa: PLC0415

    rows: dict[tuple[str, str], tuple[Any, ...]] = {}
    for line, row in _whole_journeys(path):
        values = tuple(_value(path, line, row, column, of) for column, of in _COLUMNS.items())
        if values[:2] in rows:
            raise UserError(
                f"{path}, line {line}: conversion {values[0]} and session {values[1]} appear "
                "twice.",
                _HINT,
            )
        rows[values[0], values[1]] = values
    if not rows:
        raise UserError(f"{path} has no answer to a complete journey.", _HINT)
    columns = zip(*rows.values(), strict=True)
    names = (of.name for of in _COLUMNS.values())
    table = pa.table(dict(zip(names, map(list, columns), strict=True)))
    table = table.append_column("session_date", table["session_ts"].cast(pa.date32(), safe=False))
    journeys = _journeys(table, settings)
    _check_sums(path, journeys)
    return journeys


def _whole_journeys(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The records of a file with their last line numbers, without those of cut journeys."""
    with _open(path) as file:
        reader = csv.DictReader(file, strict=True)
        header = reader.fieldnames or ()
        if missing := [column for column in _COLUMNS if column not in header]:
            raise UserError(
                f"{path} lacks the column {', '.join(missing)}; it has "
                f"{', '.join(header) or 'none at all'}.",
                _HINT,
            )
        may_be_cut = _SENT in header and _REAL in header
        for row in reader:
            if None in row or None in row.values():
                raise UserError(
                    f"{path}, line {reader.line_num}: not {len(header)} fields as in the header.",
                    _HINT,
                )
            lengths = {
                _value(path, reader.line_num, row, column, of)
                for column, of in _LENGTHS.items()
                if may_be_cut
            }
            if len(lengths) > 1:
                continue
            yield reader.line_num, row


@contextmanager
def _open(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        opened = gzip.open if packed else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
            yield text
    except (csv.Error, UnicodeDecodeError, EOFError, zlib.error) as error:
        raise UserError(f"{path} is not CSV text in UTF-8: {error}", _HINT) from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}", _HINT) from error


def _value(path: Path, line: int, row: Mapping[str, str], column: str, of: _Column) -> Any:
    cell = row[column]
    try:
        return of.meaning(cell)
    except (KeyError, ValueError, OverflowError) as error:
        raise UserError(
            f"{path}, line {line}: {column} is {cell!r}, not {of.form}.", _HINT
        ) from error


def _check_sums(path: Path, journeys: AnsweredJourneys) -> None:
    """Refuse answers that do not add up to 1, apart from rounding: they lack rows."""
    sums = np.add.reduceat(journeys.ihc, journeys.starts)
    lengths = journeys.sessions[journeys.starts]
    wrong = np.flatnonzero(np.abs(sums - 1) > np.maximum(5e-5 * lengths, 1e-3))
    if wrong.size:
        example = journeys.column("conv_id")[journeys.starts[wrong[0]]]
        raise UserError(
            f"{path}: ihc does not add up to 1 in {wrong.size} of {lengths.size} conversions, such "
            f"as {example} with {sums[wrong[0]]:.4f}.",
            "Rows are missing, or the journeys were cut off; remove these conversions.",
        )
