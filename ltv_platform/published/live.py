"""The current snapshot, kept open for a process that answers many questions.

Opening a snapshot reads the footers of all of its files; a server must not do that for every
question. A :class:`LiveSnapshot` keeps one connection and follows the pointer: a question that
begins after a publication reads the new snapshot, one that has begun keeps its own.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from ltv_platform.published.current import Snapshot, damaged, require_snapshot
from ltv_platform.published.intact import Looks
from ltv_platform.published.query import connect_to_snapshot, not_published
from ltv_platform.settings import Settings

#: Seconds between two marks: pruning spares a snapshot for minutes after each.
_MARK_EVERY = 20.0


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
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """The current snapshot, for one question.

        Raises:
            SnapshotError: nothing is published, the snapshot is damaged, or a query needs a table
                or column that it does not have.
        """
        opened = self._entered()
        cursor = opened.connection.cursor()
        try:
            yield Reading(opened.snapshot, cursor)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            if older := not_published(self._settings, opened.snapshot, error):
                raise older from error
            raise
        except duckdb.Error as error:
            # Nobody changes files of a snapshot, so otherwise the query is wrong.
            if not Looks(self._settings).is_whole(opened.snapshot):
                raise damaged(opened.snapshot.path.name, str(error)) from error
            raise
        finally:
            cursor.close()
            self._leave(opened)

    def close(self) -> None:
        """Close the connection; questions that still run keep theirs until they end."""
        with self._lock:
            self._retire()

    def _entered(self) -> _Opened:
        with self._lock:
            opened = self._opened
            if opened is None or opened.snapshot.path.name != self._pointer():
                snapshot = require_snapshot(self._settings)
                if opened is None or snapshot.path != opened.snapshot.path:
                    self._retire()
                    opened = self._opened = _Opened(self._settings, snapshot)
            if time.monotonic() - opened.marked > _MARK_EVERY:
                opened.snapshot.mark_used()
                opened.marked = time.monotonic()
            opened.readers += 1
            return opened

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
