"""Takes events in: splits a body, stores its rows, and says how many of them keep the contract.

Rows that break it are stored like all others: they reach quarantine with the load. To say so at
once, rows that are not cleared wait for the judge, together with those of other requests.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.sources import (
    CAMPAIGN_COSTS,
    CONVERSIONS,
    CUSTOMER_INTERACTIONS,
    CUSTOMERS,
    SESSION_COSTS,
    SESSION_SOURCES,
    TRANSACTIONS,
)
from ltv_platform.countries import country_of
from ltv_platform.errors import UserError
from ltv_platform.events.bodies import MalformedError, Posted, Row, inflated, rows_of
from ltv_platform.events.clearing import Bounds, Clearing, bounds
from ltv_platform.events.judging import Judge, Reasons
from ltv_platform.events.spool import CLOSED_AFTER, Spool, SpoolError
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.settings import Settings

#: The source tables that take events.
TABLES = tuple(
    table.name
    for table in (
        CUSTOMERS,
        TRANSACTIONS,
        CUSTOMER_INTERACTIONS,
        SESSION_SOURCES,
        CONVERSIONS,
        SESSION_COSTS,
        CAMPAIGN_COSTS,
    )
)
#: From this many bytes on, a body is split in a thread, so that other requests need not wait.
_LARGE = 1 << 18
#: Seconds for which the first partition and the latest date are taken as unchanged.
_REMEMBERED = 1.0
#: Most bytes of bodies in memory at once; their rows take about ten times as much.
MOST_HELD = 128 << 20


@dataclass(frozen=True)
class Taken:
    """What became of the rows of a body.

    Attributes:
        successful: Rows that keep the contract.
        quarantined: Rows that break it.
    """

    successful: int
    quarantined: int


@dataclass(frozen=True)
class _Question:
    texts: Sequence[bytes]
    answer: "asyncio.Future[list[Reasons]]"


class Intake:
    """Takes events in for an LTV_HOME.

    Args:
        settings: The settings.
        sources: The contracts by name.
        closed_after: Seconds after which a segment goes to landing.
    """

    def __init__(
        self,
        settings: Settings,
        sources: Mapping[str, SourceTable],
        closed_after: float = CLOSED_AFTER,
    ) -> None:
        self._settings = settings
        self._sources = {name: sources[name] for name in TABLES}
        self._clearings = {name: Clearing(source) for name, source in self._sources.items()}
        self._spool = Spool(settings, closed_after)
        self._held = 0
        self._asked: dict[str, list[_Question]] = {}
        self._judging: asyncio.Task[None] | None = None
        self._known: tuple[float, date | None, Bounds] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take events in inside.

        Raises:
            BusyError: another server does so for this LTV_HOME.
        """
        self._judge = Judge(self._settings, self._sources)
        with (
            ThreadPoolExecutor(1, "judge") as self._judges,
            ThreadPoolExecutor(1, "bodies") as self._splitters,
        ):
            try:
                with self._spool.open():
                    yield
            finally:
                self._judge.close()

    def check(self) -> None:
        """Refuse events if too many wait to be loaded.

        Raises:
            SpoolError: they do.
        """
        self._spool.check()

    @contextmanager
    def holding(self) -> Iterator[Callable[[int], None]]:
        """Hold a body in memory; yields a function to call with the size of each part.

        It raises SpoolError if there are too many bytes at once.
        """
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            if self._held + size > MOST_HELD:
                raise SpoolError(
                    "Too many large bodies arrive at once.", "Try again later.", retry_after=1
                )
            self._held += size
            held += size

        try:
            yield hold
        finally:
            self._held -= held

    async def take(self, table: str, body: bytes, *, compressed: bool, wait: bool) -> Taken:
        """Store the rows of a body.

        Args:
            table: One of :data:`TABLES`.
            body: The body.
            compressed: Whether it is gzip.
            wait: Whether to answer only when the rows survive a power cut.

        Raises:
            MalformedError: it is not JSON rows, or restates a cost twice; nothing is stored.
            TooLargeError: it is too large; nothing is stored.
            SpoolError: it was not stored; the sender may try again.
        """
        limits = self._limits()
        if len(body) < _LARGE and not compressed:
            posted, doubtful = self._split(table, body, limits)
        else:
            loop = asyncio.get_running_loop()
            posted, doubtful = await loop.run_in_executor(
                self._splitters, self._split_large, table, body, compressed, limits
            )
        lines = b"\n".join(posted.texts) + b"\n"
        stored = self._spool.append(table, lines, synced=wait)
        if not doubtful:
            await stored
            return Taken(len(posted.rows), 0)
        answers, _ = await asyncio.gather(
            self._ask(table, [posted.texts[index] for index in doubtful]), stored
        )
        for index, reasons in zip(doubtful, answers, strict=True):
            if not reasons:
                self._clearings[table].remember(posted.rows[index])
        quarantined = sum(map(bool, answers))
        return Taken(len(posted.rows) - quarantined, quarantined)

    def _split_large(
        self, table: str, body: bytes, compressed: bool, limits: Bounds
    ) -> tuple[Posted, list[int]]:
        return self._split(table, inflated(body) if compressed else body, limits)

    def _split(self, table: str, body: bytes, limits: Bounds) -> tuple[Posted, list[int]]:
        """The rows of a body, and the indexes of those that the judge must see."""
        posted = rows_of(body)
        source = self._sources[table]
        if source.replaces is not None and len(posted.rows) > 1:
            _refuse_repeated(source, posted.rows)
        return posted, self._clearings[table].doubtful(posted.texts, posted.rows, limits)

    def _limits(self) -> Bounds:
        """The bounds of dates now."""
        now = asyncio.get_running_loop().time()
        if self._known is None or now - self._known[0] > _REMEMBERED:
            try:
                start = read_start(self._settings)
            except UserError:  # loading reports it
                start = None
            self._known = now, start, bounds(self._settings, start)
        return self._known[2]

    async def _ask(self, table: str, texts: Sequence[bytes]) -> list[Reasons]:
        """The reasons of the judge for each row."""
        question = _Question(texts, asyncio.get_running_loop().create_future())
        self._asked.setdefault(table, []).append(question)
        if self._judging is None or self._judging.done():
            self._judging = asyncio.create_task(self._answer())
        return await question.answer

    async def _answer(self) -> None:
        """Judge the rows of all questions, in one statement per table, until none is left."""
        loop = asyncio.get_running_loop()
        while self._asked:
            asked, self._asked = self._asked, {}
            for table, questions in asked.items():
                texts = [text for question in questions for text in question.texts]
                start = None if self._known is None else self._known[1]
                try:
                    reasons = await loop.run_in_executor(
                        self._judges, self._judge.reasons, table, texts, start
                    )
                except Exception as error:  # the requests that asked must end
                    for question in questions:
                        if not question.answer.done():
                            question.answer.set_exception(error)
                    continue
                answers = iter(reasons)
                for question in questions:
                    own = [next(answers) for _ in question.texts]
                    if not question.answer.done():  # else the client has gone
                        question.answer.set_result(own)


def _refuse_repeated(source: SourceTable, rows: Sequence[Row]) -> None:
    """Refuse rows of a cost that restate each other.

    In a file they add up, as several ad sets of a campaign do. An event restates its key, and only
    one of them would count.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for number, row in enumerate(rows, 1):
        key = tuple(_folded(name, row.get(name)) for name in source.key)
        seen[key] += 1
        if seen[key] > 1:
            raise MalformedError(
                f"Row {number} has the same {', '.join(source.key)} as an earlier row of the "
                "request.",
                "An event restates the cost of its key, so send their sum as one row; nothing was "
                "stored.",
            )


def _folded(name: str, value: object) -> str:
    text = "" if value is None else str(value).strip()
    if name == "country":
        return country_of(text)
    return text[:10] if name == "date" else text
