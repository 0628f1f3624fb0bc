"""Answers questions to pipes on the current snapshot."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

from ltv_platform.contracts import Column
from ltv_platform.contracts.ddl import column_list
from ltv_platform.errors import PassingError
from ltv_platform.pipes.clickhouse import written
from ltv_platform.pipes.kept import KeptTables
from ltv_platform.pipes.model import Pipe, Question
from ltv_platform.pipes.statements import Statement, Tables

if TYPE_CHECKING:
    import pyarrow as pa

    from ltv_platform.published.live import Reading
    from ltv_platform.tables.transforms import Graph

#: Values (rows × columns) of answers that are remembered: some 50 MB.
_MOST_REMEMBERED = 1_000_000
#: Questions that are answered for a new snapshot before anybody asks, seconds that all of them may
#: take, and seconds that one may have taken before.
_MOST_PREPARED = 200
_PREPARED_WITHIN = 5.0
_PREPARED_IF_WITHIN = 0.1
#: A column with the number of rows without limit and offset.
_TOTAL = '"rows before limit"'


@dataclass(frozen=True)
class Answer:
    """What a pipe answers.

    Attributes:
        columns: The columns.
        rows: The rows, their values as they are written: decimals and times as text, flags 0 or 1.
        total: Rows without limit and offset.
        elapsed: Seconds that it took.
        rows_read: Rows of the tables that were read for it; 0: it was remembered.
        bytes_read: Bytes of their files.
        as_of: Last day of the figures.
        snapshot: Name of the snapshot.
    """

    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]]
    total: int
    elapsed: float
    rows_read: int
    bytes_read: int
    as_of: date | None
    snapshot: str


class Answering:
    """Answers questions; safe for several threads.

    Args:
        read: Opens the current snapshot for one question, as ``LiveSnapshot.reading`` does.
        graph: How the tables are made.
    """

    def __init__(
        self, read: Callable[[], AbstractContextManager["Reading"]], graph: "Graph"
    ) -> None:
        self._read = read
        self._graph = graph
        self._kept = KeptTables()
        self._remembered = _Remembered()

    def prepare(self, reading: "Reading") -> None:
        """Make a snapshot fast before questions read it; see ``LiveSnapshot.prepare``.

        The newest questions to the last snapshot are likely to be asked again.
        """
        self._kept.load(reading)
        give_up = time.monotonic() + _PREPARED_WITHIN
        for pipe, question in self._remembered.newest(_MOST_PREPARED, _PREPARED_IF_WITHIN):
            if time.monotonic() > give_up:
                return
            with suppress(duckdb.OutOfMemoryException):
                self._computed(pipe, question, reading)

    def answer(self, pipe: Pipe, question: Question) -> Answer:
        """The answer to a question; the same question to the same snapshot is computed once.

        Raises:
            UserError: nothing is published, or the snapshot lacks a table.
            PassingError: there is not enough memory.
        """
        start = time.perf_counter()
        with _enough_memory(), self._read() as reading:
            answer = self._remembered.get(pipe, question, str(reading.snapshot.manifest["id"]))
            if answer is None:
                answer = self._computed(pipe, question, reading)
            else:
                answer = replace(answer, rows_read=0, bytes_read=0)
        return replace(answer, elapsed=time.perf_counter() - start)

    def frame(self, pipe: Pipe, question: Question) -> "pa.Table":
        """The rows of an answer as an Arrow table, with the types of the contract.

        Its metadata say ``as_of`` and ``snapshot``.
        """
        with _enough_memory(), self._read() as reading:
            statement = self._statement(pipe, question, reading)
            columns = column_list(pipe.columns)
            page = _page(pipe, question, columns)
            sql, values = _around(reading.connection, statement, page)
            rows = reading.connection.sql(sql, params=values).to_arrow_table()
            snapshot = reading.snapshot
            about = {"as_of": str(snapshot.as_of), "snapshot": str(snapshot.manifest["id"])}
            return rows.replace_schema_metadata(about)

    def _statement(self, pipe: Pipe, question: Question, reading: "Reading") -> Statement:
        kept = self._kept.of(reading)
        return pipe.statement(Tables(reading, self._graph, kept), question)

    def _computed(self, pipe: Pipe, question: Question, reading: "Reading") -> Answer:
        start = time.perf_counter()
        statement = self._statement(pipe, question, reading)
        columns = ", ".join(written(column) for column in pipe.columns)
        connection = reading.connection
        if statement.adds_up:
            columns += f", {_TOTAL}"
        rows = _run(
            connection, statement, _page(pipe, question, columns, counted=statement.adds_up)
        )
        total = question.offset + len(rows)
        if statement.adds_up and rows:
            total = rows[0][-1]
            rows = [row[:-1] for row in rows]
        elif len(rows) == question.limit or (not rows and question.offset):
            [(total,)] = _run(connection, statement, "SELECT COUNT(*) FROM ({})")
        manifest = reading.snapshot.manifest
        read = [manifest["tables"][name] for name in statement.tables]
        answer = Answer(
            pipe.columns,
            rows,
            total,
            time.perf_counter() - start,
            sum(table["rows"] for table in read),
            sum(part["bytes"] for table in read for part in table["parts"]),
            reading.snapshot.as_of,
            str(manifest["id"]),
        )
        self._remembered.put(pipe, question, answer)
        return answer


@contextmanager
def _enough_memory() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise PassingError(
            "The question needs more memory than there is now.",
            "Ask for less at once, or raise LTV_MEMORY_LIMIT.",
        ) from error


def _page(pipe: Pipe, question: Question, columns: str, *, counted: bool = False) -> str:
    """The statement around the SELECT of a pipe; ``{}`` stands for that."""
    order = ", ".join(f'"{name}"' for name in pipe.order)
    total = f", COUNT(*) OVER () AS {_TOTAL}" if counted else ""
    return (
        f"SELECT {columns} FROM (SELECT *{total} FROM ({{}}) AS answer ORDER BY {order} "
        f"LIMIT {question.limit} OFFSET {question.offset}) AS page"
    )


def _run(
    connection: duckdb.DuckDBPyConnection, statement: Statement, around: str
) -> list[tuple[Any, ...]]:
    return connection.execute(*_around(connection, statement, around)).fetchall()


def _around(
    connection: duckdb.DuckDBPyConnection, statement: Statement, around: str
) -> tuple[str, dict[str, Any]]:
    """The text and the values of a statement around the SELECT of a pipe."""
    values = dict(statement.parameters)
    if statement.compute is None:
        return around.format(statement.sql), values
    sums = connection.sql(statement.sql, params=values).to_arrow_table()
    connection.register("computed", statement.compute(sums))
    return around.format("SELECT * FROM computed"), {}


class _Remembered:
    """The newest questions and their answers, up to a number of values; for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[Pipe, Question, Answer]] = OrderedDict()
        self._size = 0

    def get(self, pipe: Pipe, question: Question, snapshot: str) -> Answer | None:
        """The answer of a snapshot, if it is known."""
        key = snapshot, _key(pipe, question)
        with self._lock:
            *_, answer = self._answers.get(key, (None,))
            if answer is not None:
                self._answers.move_to_end(key)
            return answer

    def put(self, pipe: Pipe, question: Question, answer: Answer) -> None:
        """Remember an answer."""
        key = answer.snapshot, _key(pipe, question)
        with self._lock:
            if key in self._answers:
                return
            self._answers[key] = pipe, question, answer
            self._size += _values(answer)
            while self._size > _MOST_REMEMBERED:
                _, (*_, oldest) = self._answers.popitem(last=False)
                self._size -= _values(oldest)

    def newest(self, count: int, within: float) -> list[tuple[Pipe, Question]]:
        """The newest questions that were answered within some seconds; the newest first."""
        with self._lock:
            every = list(self._answers.values())
        found = {
            _key(pipe, question): (pipe, question)
            for pipe, question, answer in reversed(every)
            if answer.elapsed <= within
        }
        return list(found.values())[:count]


def _key(pipe: Pipe, question: Question) -> Hashable:
    filters = tuple((each.parameter.name, each.values) for each in question.filters)
    options = tuple(sorted(question.options.items()))
    return pipe.name, filters, options, question.limit, question.offset


def _values(answer: Answer) -> int:
    return len(answer.columns) * (1 + len(answer.rows))
