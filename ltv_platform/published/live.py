"""The current snapshot, kept open for a process that answers many questions.

Opening a snapshot reads the footers of all of its files; a server must not do that for every
question. A :class:`LiveSnapshot` keeps one connection and follows the pointer: a question that
begins after a publication reads the new snapshot, one that has begun keeps its own.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import duckdb

from ltv_platform.errors import UserError
from ltv_platform.published.current import Snapshot, damaged, require_snapshot
from ltv_platform.published.intact import Looks
from ltv_platform.published.query import connect_to_snapshot, not_published
from ltv_platform.settings import Settings

#: Seconds between two interrupts, and seconds to wait for what is interrupted.
_BETWEEN_INTERRUPTS, _ENDS_WITHIN = 0.05, 5.0
#: Seconds between two marks: pruning spares a snapshot for minutes after each.
_MARK_EVERY = 20.0
#: Seconds between two looks at the pointer in the background.
_LOOK_EVERY = 0.5


@dataclass(frozen=True)
class Reading:
    """What one question reads.

    Attributes:
        snapshot: The snapshot.
        connection: A cursor of its own on it, so that questions can run at the same time.
    """

    snapshot: Snapshot
    connection: duckdb.DuckDBPyConnection


class _Opened:
    """A snapshot with its connection, and the number of questions that still read it."""

    def __init__(self, settings: Settings, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.connection = connect_to_snapshot(settings, snapshot)
        self.marked = time.monotonic()
        self.readers = 0
        self.is_current = True


class LiveSnapshot:
    """Keeps the current snapshot open; safe for several threads.

    Args:
        settings: Name the LTV_HOME, and limit memory and threads.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prepare: list[Callable[[Reading], None]] = []
        self._follower: threading.Thread | None = None
        self._ended = threading.Event()
        self._lock = threading.RLock()
        self._opened: _Opened | None = None
        self._running: set[duckdb.DuckDBPyConnection] = set()

    def prepare(self, function: Callable[[Reading], None]) -> None:
        """Call a function with each snapshot that is opened, before any question reads it."""
        self._prepare.append(function)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """The current snapshot, for one question.

        Raises:
            SnapshotError: nothing is published, the snapshot is damaged, or a query needs a table
                or column that it does not have.
        """
        opened = self._entered()
        cursor = opened.connection.cursor()
        with self._lock:
            self._running.add(cursor)
        try:
            with self._explaining(opened.snapshot):
                yield Reading(opened.snapshot, cursor)
        finally:
            with self._lock:
                self._running.discard(cursor)
            cursor.close()
            self._leave(opened)

    def interrupt(self) -> None:
        """Interrupt questions that still run, and wait for their end.

        A process that ends while a thread runs in the engine would be aborted.
        """
        self._ended.set()
        give_up = time.monotonic() + _ENDS_WITHIN
        while time.monotonic() < give_up:
            with self._lock:
                running = list(self._running)
                for cursor in running:
                    cursor.interrupt()
            if not running:
                return
            # Again: between two statements, an interrupt has no effect.
            time.sleep(_BETWEEN_INTERRUPTS)

    def close(self) -> None:
        """Close the connection; questions that still run keep theirs until they end."""
        with self._lock:
            self._retire()

    @contextmanager
    def following(self) -> Iterator[None]:
        """Meanwhile, new snapshots are opened in the background.

        No question waits for one; until it is open, questions read the one before.
        """
        self._ended.clear()
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()
        try:
            yield
        finally:
            self._ended.set()
            self._follower.join()
            self._follower = None

    def _follow(self) -> None:
        while not self._ended.wait(_LOOK_EVERY):
            # One that is damaged, or removed again, does not replace the last one.
            with suppress(UserError, OSError, duckdb.Error), self.reading() as reading:
                if (snapshot := self._newer(reading.snapshot)) is not None:
                    newer = self._open(snapshot)
                    with self._lock:
                        self._retire()
                        self._opened = newer

    def _newer(self, last: Snapshot) -> Snapshot | None:
        """The current snapshot, unless it is this one."""
        if last.path.name == self._pointer():
            return None
        snapshot = require_snapshot(self._settings)
        return None if snapshot.path == last.path else snapshot

    def _entered(self) -> _Opened:
        with self._lock:
            opened = self._opened
            if opened is None:
                opened = self._opened = self._open(require_snapshot(self._settings))
            elif self._follower is None and (newer := self._newer(opened.snapshot)) is not None:
                self._retire()
                opened = self._opened = self._open(newer)
            if time.monotonic() - opened.marked > _MARK_EVERY:
                opened.snapshot.mark_used()
                opened.marked = time.monotonic()
            opened.readers += 1
            return opened

    def _open(self, snapshot: Snapshot) -> _Opened:
        opened = _Opened(self._settings, snapshot)
        cursor = opened.connection.cursor()
        with self._lock:
            self._running.add(cursor)
        try:
            for function in self._prepare:
                with self._explaining(snapshot):
                    function(Reading(snapshot, cursor))
        except BaseException:
            opened.connection.close()
            raise
        finally:
            with self._lock:
                self._running.discard(cursor)
            cursor.close()
        return opened

    @contextmanager
    def _explaining(self, snapshot: Snapshot) -> Iterator[None]:
        """Say what is wrong with a snapshot when a query on it fails."""
        try:
            yield
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            if older := not_published(self._settings, snapshot, error):
                raise older from error
            raise
        except duckdb.Error as error:
            # Nobody changes files of a snapshot, so otherwise the query is wrong.
            if not Looks(self._settings).is_whole(snapshot):
                raise damaged(snapshot.path.name, str(error)) from error
            raise

    def _pointer(self) -> str | None:
        """The name in the pointer; reading the manifest each time would cost more than a query."""
        try:
            return (self._settings.published_path / "current").read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):  # reading it in full says what is wrong
            return None

    def _leave(self, opened: _Opened) -> None:
        with self._lock:
            opened.readers -= 1
            if not opened.readers and not opened.is_current:
                opened.connection.close()

    def _retire(self) -> None:
        if self._opened is not None:
            self._opened.is_current = False
            if not self._opened.readers:
                self._opened.connection.close()
            self._opened = None
