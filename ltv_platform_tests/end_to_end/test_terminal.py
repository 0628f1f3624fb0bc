"""What commands show in a terminal with 80 columns."""

import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from itertools import pairwise
from pathlib import Path

from ltv_platform.cli.console import _lines_to
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import NOW, SAMPLE_NOW

#: A name that a terminal's markup would take for its own.
_NAME = "a[bold]b.csv"
_HEADER = "conv_id,user_id,conv_date,conv_time,revenue\n"


def _in_terminal(home: Path, *arguments: str) -> str:
    """All that a command writes into a terminal."""
    ours, its = pty.openpty()
    ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    code = "import sys; from ltv_platform.cli import main; sys.argv[0] = 'ltv'; main()"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LTV_")}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**kept, "LTV_HOME": str(home), "LTV_NOW": NOW, "TERM": "xterm"},
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    written = b""
    try:
        while piece := os.read(ours, 1 << 16):
            written += piece
    except OSError:  # Linux: the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode()


def test_progress_moves_while_tables_are_built(tmp_path: Path) -> None:
    """Dagster redirects what steps write to stderr into a file; people want to see it."""
    home = tmp_path / "home"
    folder = home / "landing" / "conversions"
    folder.mkdir(parents=True)
    (folder / _NAME).write_text(f"{_HEADER}v1,u,2025-03-02,10:00:00,5\nv2,u,2025-13-45,10:00,5\n")
    shown = _in_terminal(home, "run")
    assert f"reading {_NAME}" in shown or f"validating {_NAME}" in shown
    assert any(f"building {step}" in shown for step in ("core", "campaigns", "forecasts"))
    assert "marts." in shown
    listed = _in_terminal(home, "quarantine", "list")
    assert "2025-13-45" in listed
    for output in ("table", "csv", "json"):  # a program would get the value itself
        asked = _in_terminal(home, "query", "SELECT chr(27) || ']52;' AS sign", "--format", output)
        assert "]52;" in asked
        assert "\x1b]" not in asked
    assert _NAME in listed


def test_progress_moves_in_a_pipe(tmp_path: Path) -> None:
    """A line per table on stderr, at most one a second, as the tables are built."""
    ltv = CommandLine(tmp_path / "home")
    arguments = [sys.executable, "-m", "ltv_platform.cli", "demo"]
    with subprocess.Popen(
        arguments,
        env=ltv.environment(now=SAMPLE_NOW),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        told = [(time.monotonic(), line) for line in process.stderr]
    assert process.returncode == 0, told
    rows = [(when, line) for when, line in told if re.match(r"(core|marts)\.\w+: .* rows", line)]
    assert rows, told
    assert all(later - one > 0.5 for (one, _), (later, _) in pairwise(rows))
    assert rows[-1][0] - rows[0][0] < told[-1][0] - rows[0][0]


def test_quick_commands_tell_no_progress(tmp_path: Path) -> None:
    """Only the answer and what people must know."""
    with (tmp_path / "told").open("w+") as stream:
        tell = _lines_to(stream)
        tell("reading")
        stream.seek(0)
        assert stream.read() == ""
