"""The spool: events are on disk before they are acknowledged, and one fsync serves many requests.

One thread writes. While it waits for the disk, requests gather; it then writes all of them at once.
A segment is closed after some seconds or megabytes, and moved to landing.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ltv_platform.errors import PassingError, UserError
from ltv_platform.events.leftovers import recover_locked, waiting_events
from ltv_platform.events.segments import Segment, last_modified, move_to_landing
from ltv_platform.failpoints import failpoint
from ltv_platform.locks import one_receiver
from ltv_platform.settings import Settings

_LOG = logging.getLogger(__name__)
#: Seconds and bytes after which a segment goes to landing: the landing sensor looks every ten
#: seconds, and each segment is a load.
CLOSED_AFTER, CLOSED_AT = 10.0, 64 << 20
#: Seconds between two looks at how much waits, and before another attempt after an error.
_LOOKS_EVERY = 2.0
_MEGABYTE = 1_000_000
#: Seconds that others may take to move to landing what a killed server has left.
_OTHERS_TAKE = 5.0


class SpoolError(PassingError):
    """Events were not stored; the sender may try again.

    Attributes:
        retry_after: Seconds.
    """

    def __init__(self, message: str, hint: str, retry_after: int) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


@dataclass
class _Append:
    table: str
    lines: bytes
    synced: bool
    done: "asyncio.Future[None]"


class Spool:
    """The spool of an LTV_HOME, for the server that holds its lock.

    Args:
        settings: The paths, and how many bytes may wait.
        closed_after: Seconds after which a segment is closed.
    """

    def __init__(self, settings: Settings, closed_after: float = CLOSED_AFTER) -> None:
        self._settings = settings
        self._closed_after = closed_after
        self._condition = threading.Condition()
        self._pending: list[_Append] = []
        self._stopping = False
        self._segments: dict[str, Segment] = {}
        self._closed: dict[str, list[Path]] = {}
        self._last: dict[str, tuple[int, int]] = {}
        self._waiting = 0
        self._looked = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Receive events inside; at the end all segments go to landing.

        Raises:
            BusyError: another server receives events for this LTV_HOME.
            UserError: LTV_HOME cannot be written.
        """
        self._loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            try:
                stack.enter_context(one_receiver(self._settings, _OTHERS_TAKE))
            except OSError as error:
                raise UserError(
                    f"{self._settings.home} cannot be written: {error.strerror or error}.",
                    "Free some space or fix its permissions.",
                ) from error
            recover_locked(self._settings)
            self._waiting = waiting_events(self._settings).bytes
            writer = threading.Thread(target=self._write_until_stopped, name="spool")
            writer.start()
            try:
                yield
            finally:
                with self._condition:
                    self._stopping = True
                    self._condition.notify()
                writer.join()

    def check(self) -> None:
        """Refuse events if too many wait to be loaded.

        Raises:
            SpoolError: they do.
        """
        if self._is_full:
            raise SpoolError(
                f"{self._waiting:,} bytes of events wait to be loaded.",
                "Try again later; `ltv up` or `ltv run` loads them.",
                retry_after=30,
            )

    async def append(self, table: str, lines: bytes, *, synced: bool) -> None:
        """Store rows.

        Args:
            table: Their source table.
            lines: Whole lines.
            synced: Whether to wait until they survive a power cut; otherwise they survive the end
                of this process.

        Raises:
            SpoolError: they were not stored.
        """
        self.check()
        assert self._loop is not None
        append = _Append(table, lines, synced, self._loop.create_future())
        with self._condition:
            if self._stopping:
                raise SpoolError("The server is stopping.", "Try again later.", retry_after=5)
            self._pending.append(append)
            self._condition.notify()
        await append.done

    @property
    def _is_full(self) -> bool:
        return self._waiting > self._settings.spool_limit * _MEGABYTE

    def _write_until_stopped(self) -> None:
        while True:
            with self._condition:
                if not self._pending and not self._stopping:
                    self._condition.wait(self._until_next())
                pending, self._pending = self._pending, []
                stopping = self._stopping and not pending
            self._commit(pending)
            self._close_segments(all_of_them=stopping)
            if stopping:
                return

    def _until_next(self) -> float | None:
        """Seconds until a segment must be closed, or moving one must be tried again."""
        if any(self._closed.values()) or self._is_full:
            return _LOOKS_EVERY
        opened = min((segment.opened for segment in self._segments.values()), default=None)
        if opened is None:
            return None
        return max(0.0, opened + self._closed_after - time.monotonic())

    def _commit(self, pending: list[_Append]) -> None:
        by_table: dict[str, list[_Append]] = {}
        for append in pending:
            by_table.setdefault(append.table, []).append(append)
        for table, appends in list(by_table.items()):
            try:
                self._segment(table).write(b"".join(append.lines for append in appends))
                self._waiting += sum(len(append.lines) for append in appends)
                failpoint("events written, not flushed")
                self._resolve([append for append in appends if not append.synced])
            except OSError as error:
                self._resolve(by_table.pop(table), error)
        for table, appends in by_table.items():
            if synced := [append for append in appends if append.synced]:
                try:
                    self._segments[table].sync()
                    failpoint("events flushed, not acknowledged")
                    self._resolve(synced)
                except OSError as error:
                    self._resolve(synced, error)

    def _segment(self, table: str) -> Segment:
        segment = self._segments.get(table)
        if segment is None:
            number, modified = self._last_of(table)
            number = max(time.time_ns(), number + 1)
            segment = Segment(self._settings.spool_path / table, number)
            self._last[table] = number, modified
            self._segments[table] = segment
        return segment

    def _last_of(self, table: str) -> tuple[int, int]:
        """Number and modification time of the last segment of a table."""
        if table not in self._last:
            modified = last_modified(self._settings.landing_path / table)
            self._last[table] = modified, modified
        return self._last[table]

    def _close_segments(self, *, all_of_them: bool) -> None:
        now = time.monotonic()
        for table, segment in list(self._segments.items()):
            is_due = now - segment.opened >= self._closed_after or segment.size >= CLOSED_AT
            if is_due or all_of_them:
                try:
                    segment.close()
                except OSError as error:
                    _LOG.error("%s cannot be flushed: %s", segment.path, error)
                    segment.opened = now
                    continue
                del self._segments[table]
                self._closed.setdefault(table, []).append(segment.path)
        for table, paths in self._closed.items():
            self._move(table, paths)
        if now - self._looked > _LOOKS_EVERY:
            self._looked = now
            self._waiting = waiting_events(self._settings).bytes

    def _move(self, table: str, paths: list[Path]) -> None:
        """Move closed segments to landing, in their order."""
        while paths:
            number, modified = self._last_of(table)
            try:
                modified = move_to_landing(paths[0], self._settings.landing_path / table, modified)
            except OSError as error:
                _LOG.error("%s cannot be moved to landing: %s", paths[0], error)
                return
            self._last[table] = number, modified
            paths.pop(0)

    def _resolve(self, appends: Iterable[_Append], error: OSError | None = None) -> None:
        """Let requests be answered; the loop is woken once for all of them."""
        refusal = None
        if error is not None:
            _LOG.error("events cannot be stored: %s", error)
            refusal = SpoolError(
                f"The events cannot be stored: {error.strerror or error}.",
                "Free some space on the disk of LTV_HOME, then send them again.",
                retry_after=10,
            )
        done = [append.done for append in appends]
        if done and self._loop is not None:
            with suppress(RuntimeError):  # the loop was closed
                self._loop.call_soon_threadsafe(_settle, done, refusal)


def _settle(done: "list[asyncio.Future[None]]", refusal: SpoolError | None) -> None:
    for future in done:
        if future.done():  # the client has gone
            continue
        if refusal is None:
            future.set_result(None)
        else:
            future.set_exception(refusal)
