"""Ends a statement of the engine that takes too long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


@contextmanager
def time_limit(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt what the connection executes in the block when the time limit is reached.

    Args:
        connection: The connection; it stays usable.
        seconds: The limit.

    Raises:
        TimeoutError: the limit was reached.
    """
    reached = threading.Event()

    def interrupt() -> None:
        reached.set()
        connection.interrupt()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        if reached.is_set():
            raise TimeoutError(f"took longer than {seconds:g} seconds") from error
        raise
    finally:
        # Join the timer, so that a late interrupt does not hit the next statement.
        timer.cancel()
        timer.join()
