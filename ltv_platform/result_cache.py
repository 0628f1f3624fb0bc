"""Results of slow pure functions, kept under LTV_HOME for the processes that come after.

To render and parse the SELECTs takes a second, half of it for importing what does so, and most
commands need only what came out. Each result is found by a hash of everything that it depends
on: it is never out of date, and whoever deletes the file loses a second and nothing else.

The file is a log, a line per result, appended by whoever found it; several processes may do so at
once. A line that is not as it was written is passed by, and what it held is found again.
"""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

#: What JSON gives back as it took it.
Result = TypeVar("Result", str, list[str])

#: A larger file is begun anew. One version under one set of settings needs about half a megabyte.
_LARGEST = 8 << 20


#: What this process has found or read, in whatever home: results know nothing of one.
_OF_PROCESS: dict[str, Any] = {}


class ResultCache:
    """The results of one LTV_HOME, as they were when the process began, and its own.

    Args:
        home: LTV_HOME; nothing is written where there is none yet.
        found: Results that are known already; those that are found are added.
    """

    def __init__(self, home: Path, found: dict[str, Any] | None = None) -> None:
        self._path = home / "cache" / "results"
        self._found = {} if found is None else found
        self._kept: set[str] = set()
        self._lines: dict[bytes, bytes] = {}
        # Without leave to read or write it, without room: then nothing is kept.
        with suppress(OSError):
            if self._path.stat().st_size > _LARGEST:
                self._path.unlink()
            for line in self._path.read_bytes().split(b"\n"):
                key, _, rest = line.partition(b" ")
                self._lines[key] = rest

    def known(self, key: str) -> Any:
        """The result of a key; None: nobody has found it yet."""
        if key not in self._kept:
            read = _read(key.encode(), self._lines.get(key.encode(), b""))
            if read is None and key in self._found:  # in another home
                self._append(key, self._found[key])
            elif read is None:
                return None
            else:
                self._found[key] = read
            self._kept.add(key)
        return self._found[key]

    def once(self, key: str, find: Callable[[], Result]) -> Result:
        """The result of a key; found where no process has kept it.

        Args:
            key: A :func:`key_of` everything that the result depends on.
            find: The function; a pure one.
        """
        if self.known(key) is None:
            self._found[key] = find()
        result: Result = self.known(key)
        return result

    def _append(self, key: str, result: str | list[str]) -> None:
        content = json.dumps(result).encode()
        line = b" ".join((key.encode(), _digest(key.encode(), content), content)) + b"\n"
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)  # and no LTV_HOME where there is none
            log = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(log, line)  # at once, so that lines of two processes do not mix
            finally:
                os.close(log)


@lru_cache(maxsize=4)
def cache_of(home: Path) -> ResultCache:
    """What is kept in an LTV_HOME; read once per process."""
    return ResultCache(home, _OF_PROCESS)


def key_of(*parts: object) -> str:
    """A hash of what a result depends on, with the name of the function that gives it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _read(key: bytes, line: bytes) -> Any:
    """The result in a line without its key; None where it is not as it was written."""
    digest, _, content = line.partition(b" ")
    if not content or digest != _digest(key, content):
        return None
    return json.loads(content)


def _digest(key: bytes, content: bytes) -> bytes:
    return hashlib.sha256(key + content).hexdigest()[:32].encode()
