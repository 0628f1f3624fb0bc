"""Results of slow pure functions, kept under LTV_HOME for later processes.

Rendering and parsing the SELECTs takes a second, half of it for imports, and most commands need
only the results. The key of a result is a hash of all its inputs, so it is never out of date;
deleting the file costs a second and nothing else.

The file is a log with one line per result; several processes may append to it at once. A damaged
line is skipped, and its result computed again.
"""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

#: Values that survive a round trip through JSON.
Result = TypeVar("Result", str, list[str])

#: A larger file is started over. One version with one set of settings needs about half a megabyte.
_LARGEST = 8 << 20


#: Results that this process has computed or read, for any home: results do not depend on it.
_OF_PROCESS: dict[str, Any] = {}


class ResultCache:
    """The results of one LTV_HOME: those of its file when the process started, and new ones.

    Args:
        home: LTV_HOME; nothing is written if it does not exist yet.
        found: Known results by key; new ones are added to it.
    """

    def __init__(self, home: Path, found: dict[str, Any] | None = None) -> None:
        self._path = home / "cache" / "results"
        self._found = {} if found is None else found
        self._kept: set[str] = set()
        self._lines: dict[bytes, bytes] = {}
        # No permission or no disk space: then nothing is kept.
        with suppress(OSError):
            if self._path.stat().st_size > _LARGEST:
                self._path.unlink()
            for line in self._path.read_bytes().split(b"\n"):
                key, _, rest = line.partition(b" ")
                self._lines[key] = rest

    def known(self, key: str) -> Any:
        """The result for a key; None if it is not known yet."""
        if key not in self._kept:
            read = _read(key.encode(), self._lines.get(key.encode(), b""))
            if read is None and key in self._found:  # computed for another home
                self._append(key, self._found[key])
            elif read is None:
                return None
            else:
                self._found[key] = read
            self._kept.add(key)
        return self._found[key]

    def once(self, key: str, find: Callable[[], Result]) -> Result:
        """The result for a key; computed if no process has kept it.

        Args:
            key: A :func:`key_of` all its inputs.
            find: Computes the result; a pure function.
        """
        if self.known(key) is None:
            self._found[key] = find()
        result: Result = self.known(key)
        return result

    def _append(self, key: str, result: str | list[str]) -> None:
        content = json.dumps(result).encode()
        line = b" ".join((key.encode(), _digest(key.encode(), content), content)) + b"\n"
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)  # creates no LTV_HOME
            log = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(log, line)  # in one write, so that lines of two processes do not mix
            finally:
                os.close(log)


@lru_cache(maxsize=4)
def cache_of(home: Path) -> ResultCache:
    """The cache of an LTV_HOME; read once per process."""
    return ResultCache(home, _OF_PROCESS)


def key_of(*parts: object) -> str:
    """A hash of the inputs of a result and the name of the function that computes it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _read(key: bytes, line: bytes) -> Any:
    """The result in a line without its key; None if the line is damaged."""
    digest, _, content = line.partition(b" ")
    if not content or digest != _digest(key, content):
        return None
    return json.loads(content)


def _digest(key: bytes, content: bytes) -> bytes:
    return hashlib.sha256(key + content).hexdigest()[:32].encode()
