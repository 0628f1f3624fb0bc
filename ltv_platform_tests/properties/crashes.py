"""A process that dies at a statement: what it had not committed is lost, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import duckdb

from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.connection import open_warehouse


class Crash(BaseException):
    """The process is dead; no handler of the platform may go on."""


class Fuse:
    """Counts down with every statement, over all connections of a process.

    Args:
        statements: So many statements begin; None: it never ends.
        after: The last of them still runs, but nobody hears of it.
    """

    def __init__(self, statements: int | None, *, after: bool) -> None:
        self.left = statements
        self.after = after

    def burn(self, statement: Callable[[], Any]) -> Any:
        """Run a statement, or die before or after it; once dead, always dead."""
        if self.left is None:
            return statement()
        self.left -= 1
        if self.left > 0:
            return statement()
        if self.left == 0 and self.after:
            statement()
        raise Crash

    def connect(self, settings: Settings) -> Callable[[], AbstractContextManager[Any]]:
        """A factory of connections that die with the process."""

        @contextmanager
        def connection() -> Iterator[Any]:
            with open_warehouse(settings) as opened:
                yield _Connection(opened, self)

        return connection


class _Connection:
    """A DuckDB connection of which every statement goes through the fuse."""

    def __init__(self, opened: duckdb.DuckDBPyConnection, fuse: Fuse) -> None:
        self._opened = opened
        self._fuse = fuse

    def execute(self, *arguments: Any) -> Any:
        return self._fuse.burn(lambda: self._opened.execute(*arguments))

    def sql(self, *arguments: Any, **options: Any) -> Any:
        return self._fuse.burn(lambda: self._opened.sql(*arguments, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)
