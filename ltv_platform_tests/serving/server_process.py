"""``ltv serve`` as a real process: started on a free port, ended in any case."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ltv_platform.settings import variable_name

#: Seconds to wait for the address.
_STARTS_WITHIN = 300
#: The command, on any free port.
_SERVE = "serve --port 0"


@dataclass(frozen=True)
class ServerProcess:
    """A running server.

    Attributes:
        port: Its port on 127.0.0.1.
        process: The process.
        log: The file with all that it says.
    """

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def address(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """What it has said."""
        return self.log.read_text("utf-8", errors="replace")


@contextmanager
def server_process(
    home: Path,
    *arguments: str,
    module: str = "ltv_platform.cli",
    command: str = _SERVE,
    **settings: str,
) -> Iterator[ServerProcess]:
    """``ltv serve`` on a home under further LTV_ settings, given in lower case.

    Args:
        home: LTV_HOME.
        *arguments: Further options.
        module: What runs instead of the command line of ``ltv``.
        command: The command, if it is another one that serves.
        **settings: The settings.
    """
    log = home.parent / "server.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LTV_")}
    given = {variable_name(name): value for name, value in settings.items()}
    called = (sys.executable, "-m", module, *command.split(), *arguments)
    with (
        log.open("wb") as out,
        subprocess.Popen(
            called, env={**kept, "LTV_HOME": str(home), **given}, stdout=out, stderr=out
        ) as process,
    ):
        try:
            yield ServerProcess(_port(process, log), process, log)
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    give_up = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < give_up and process.poll() is None:
        if found := re.search(r"on http://127\.0\.0\.1:(\d+);", log.read_text("utf-8")):
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text('utf-8')}")
