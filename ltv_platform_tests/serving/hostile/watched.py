"""`ltv` that records which files it opens and what else it does outside of its memory.

The file that LTV_TEST_WATCH names gets a line per event of Python: its name, and what it is about.
What DuckDB opens by itself is not among them: see ``canary``.
"""

import os
import sys
from typing import Any

_WATCHED = {
    "open": 0,
    "os.listdir": 0,
    "os.scandir": 0,
    "os.mkdir": 0,
    "os.remove": 0,
    "os.rename": 0,
    "os.rmdir": 0,
    "os.system": 0,
    "os.exec": 0,
    "os.posix_spawn": 0,
    "os.fork": None,
    "subprocess.Popen": 0,
    "socket.connect": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}


def _watch(target: int) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _WATCHED:
            index = _WATCHED[event]
            about = "" if index is None else arguments[index]
            os.write(target, f"{event}\t{about!r}\n".encode("utf-8", "backslashreplace"))

    sys.addaudithook(hook)


if __name__ == "__main__":
    _watch(os.open(os.environ.pop("LTV_TEST_WATCH"), os.O_WRONLY | os.O_CREAT | os.O_APPEND))

    from ltv_platform.cli import main

    main()
