"""`ltv serve` as a process of its own, on a free port."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ltv_platform.settings import variable_name
from ltv_platform_tests.testing.forked import SAMPLE_NOW

#: Seconds in which it must start and stop, on a machine that does other things as well.
_PATIENCE = 60.0
_MIB = 1 << 20


class ServerProcess:
    """A server; used as a context manager, it is ended afterwards.

    Args:
        home: LTV_HOME, filled.
        log: Where it writes its messages.
        *arguments: Of `ltv serve`.
        module: What is run instead of the command line of `ltv`.
        **settings: LTV_ settings, in lower case.
    """

    def __init__(
        self,
        home: Path,
        log: Path,
        *arguments: str,
        module: str = "ltv_platform.cli",
        **settings: str,
    ) -> None:
        self.home = home
        self._log = log
        ours = ("LTV_", "IHC_", "DAGSTER_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        given = {"home": str(home), "now": SAMPLE_NOW, "freshness_hours": "none", **settings}
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, "serve", "--port", "0", "--access-log", *arguments],
                env=kept | {variable_name(name): value for name, value in given.items()},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self.port = self._wait_for_port()
        self.address = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        code = self.end()
        if kind is None:
            assert code == 0, self.log

    def _wait_for_port(self) -> int:
        give_up = time.monotonic() + _PATIENCE
        while time.monotonic() < give_up and self._process.poll() is None:
            if found := re.search(r" on http://[^ ]+:(\d+)", self.log):
                return int(found[1])
            time.sleep(0.05)
        self._process.kill()
        raise AssertionError(f"`ltv serve` does not start:\n{self.log}")

    @property
    def log(self) -> str:
        """What it has written."""
        return self._log.read_text("utf-8", "replace")

    @property
    def process_id(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def memory(self) -> int:
        """The most memory that it has had, in MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024 // _MIB

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a path."""
        request = urllib.request.Request(self.address + path, headers=headers)
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return json.load(answer)

    def end(self) -> int:
        """End it as an operator does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
