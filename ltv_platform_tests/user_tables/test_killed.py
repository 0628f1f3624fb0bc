"""Killed between the commit of a user table and its file: the run fails, the next one fixes it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from ltv_platform.failpoints import VARIABLE
from ltv_platform.published.current import own_files
from ltv_platform.tables.transforms import Select
from ltv_platform.user_tables import OwnTable
from ltv_platform.user_tables.tables import write
from ltv_platform_tests.testing.home import Home

#: The failpoints of this folder.
POINTS = ["own table committed, not shown"]
TABLE = OwnTable("mine", "numbers")


def _write(folder: str, number: int) -> None:
    write(Home(Path(folder)).engine, TABLE, Select(f"(SELECT {number} AS number)", {}))


def test_a_run_that_is_killed_and_run_again(tmp_path: Path) -> None:
    """The table is the new one, its file the old one until then; no file is half."""
    home = Home(tmp_path)
    _write(str(tmp_path), 1)
    file = own_files(home.settings)["mine.numbers"]

    def seen() -> tuple[int, int]:
        [stored] = home.engine.rows("FROM mine.numbers")
        [shown] = home.engine.rows("FROM read_parquet($file)", {"file": str(file)})
        return stored[0], shown[0]

    killed = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import _write; _write({str(tmp_path)!r}, 2)"],
        env={**os.environ, VARIABLE: POINTS[0]},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert seen() == (2, 1)
    _write(str(tmp_path), 2)
    assert seen() == (2, 2)
