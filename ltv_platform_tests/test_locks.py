"""Locks that end with their process: temporary folders and the one run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.locks import one_run, temporary_folder
from ltv_platform.settings import Settings

#: Makes a temporary folder, says its name and waits to be ended.
_OWNER = """
import sys
from pathlib import Path
from ltv_platform.locks import temporary_folder
with temporary_folder(Path(sys.argv[1]), "staging_") as folder:
    print(folder.name, flush=True)
    sys.stdin.read()
"""


def _owner(parent: Path) -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_folders_of_the_dead_are_removed_and_of_the_living_kept(tmp_path: Path) -> None:
    """What `kill -9` leaves goes with the next command; nobody's copies go before he is done."""
    dead, left = _owner(tmp_path)
    living, kept = _owner(tmp_path)
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    (tmp_path / left / "copy.csv").write_text("x", "utf-8")
    (tmp_path / "staging_older").mkdir()  # of a version that had no locks
    (tmp_path / "other").mkdir()
    with temporary_folder(tmp_path, "staging_") as mine:
        present = {path.name for path in tmp_path.iterdir()}
    living.communicate()
    assert present == {kept, mine.name, "other", ".lock"}
    assert {path.name for path in tmp_path.iterdir()} == {"other", ".lock"}


def test_a_run_waits_and_then_names_the_other(tmp_path: Path) -> None:
    """The message names the process; a lock of a process that ended is nobody's."""
    settings = Settings(home=tmp_path / "home", run_timeout=0.3)
    told: list[str] = []
    with one_run(settings, told.append):
        with (
            pytest.raises(UserError, match=f"Process {os.getpid()} is bringing") as caught,
            one_run(settings, told.append),
        ):
            pass
        assert "LTV_RUN_TIMEOUT" in caught.value.hint
    assert told == [f"waiting for the run of process {os.getpid()}"]
    with one_run(settings, told.append):
        pass
    assert len(told) == 1
