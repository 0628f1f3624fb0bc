"""One LTV_HOME that the cases copy and disturb, and what it holds when nothing disturbs it."""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltv_platform.published.current import current_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform_tests.chaos.stream import File, files
from ltv_platform_tests.testing.comparison import SETTINGS, contents, difference, home_at, leftovers
from ltv_platform_tests.testing.forked import ForkedLtv

_SEED = 37
#: Files that are loaded and published before the fault, and those that wait when it comes.
_BEFORE, _WAITING = 16, 3


def ltv(home: Path, **settings: str) -> ForkedLtv:
    """The commands of a home."""
    return ForkedLtv(home, {**SETTINGS, **settings})


def waiting_files() -> list[File]:
    """The files that wait in landing of :func:`waiting_home`."""
    return list(files(_SEED, _BEFORE + _WAITING))[_BEFORE:]


def fresh_home(folder: Path) -> Path:
    """Nothing loaded; all files wait in landing."""
    for file in files(_SEED, _BEFORE + _WAITING):
        file.drop(folder / "home")
    return folder / "home"


def published_home(folder: Path) -> Path:
    """The first files loaded, built and published."""
    return shutil.copytree(_base() / "published", folder / "home")


def waiting_home(folder: Path) -> Path:
    """Published, and then further files came into landing."""
    home = published_home(folder)
    for file in waiting_files():
        file.drop(home)
    return home


def built_home(folder: Path) -> Path:
    """All files loaded and all tables built; the snapshot shows the first ones."""
    return shutil.copytree(_base() / "built", folder / "home")


def undisturbed_home(folder: Path) -> Path:
    """All files loaded, built and published."""
    return shutil.copytree(_base() / "undisturbed", folder / "home")


def undisturbed() -> Mapping[str, Any]:
    """The content of an undisturbed home."""
    return _contents(_base() / "undisturbed")


@functools.cache
def _contents(home: Path) -> Mapping[str, Any]:
    return contents(home, ordered=True)


@functools.cache
def _base() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ltv_faults_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        _prepare(folder)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return folder


def remove() -> None:
    """Remove the prepared homes, if any; a worker of the tests ends without ``atexit``."""
    if _base.cache_info().currsize:
        shutil.rmtree(_base(), ignore_errors=True)
        _base.cache_clear()


def _prepare(folder: Path) -> None:
    home = folder / "published"
    for file in list(files(_SEED, _BEFORE)):
        file.drop(home)
    _must_end_well(home, "run")
    shutil.copytree(home, folder / "built")
    for file in waiting_files():
        file.drop(folder / "built")
    _must_end_well(folder / "built", "ingest")
    home_at(folder / "built").refresh()
    shutil.copytree(folder / "built", folder / "undisturbed")
    _must_end_well(folder / "undisturbed", "run")


def _must_end_well(home: Path, command: str) -> None:
    answer = ltv(home)(command)
    assert answer.code == 0, answer


def published_tables(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """The derived tables of a home's content."""
    others = ("raw.", "loads", "quarantine", "report", "channel_reporting.csv")
    return {name: rows for name, rows in seen.items() if not name.startswith(others)}


def loads(home: Path) -> int:
    """Files in the log; four of the first ones bring nothing new."""
    [(loaded,)] = home_at(home).engine.rows("SELECT COUNT(*) FROM raw.loads")
    return int(loaded)


def shown(home: Path) -> str | None:
    """The snapshot that a reader is given; each of its tables is read to the end."""
    settings = home_at(home).settings
    published = current_snapshot(settings)
    if published is None:
        return None
    with open_snapshot(settings, published) as connection:
        for name, table in published.manifest["tables"].items():
            rows = connection.execute(f"SELECT * FROM {name}").fetchall()
            assert len(rows) == table["rows"], name
    return published.path.name


def run_again(home: Path) -> str:
    """An undisturbed ``ltv run``, and whether anybody could tell what had happened before."""
    answer = ltv(home)("run")
    if answer.code != 0:
        return f"exit {answer.code}: {answer.err}"
    return compared(home, undisturbed())


def load_again(home: Path) -> str:
    """Like :func:`run_again`, but builds the tables in process: Dagster takes seconds for that.

    For faults that concern the loading.
    """
    answer = ltv(home)("ingest")
    if answer.code != 0:
        return f"exit {answer.code}: {answer.err}"
    home_at(home).refresh()
    return run_again(home)


def compared(home: Path, expected: Mapping[str, Any]) -> str:
    """Whether an up-to-date home contains what it must, and nothing is left over."""
    left = leftovers(home)
    seen = difference(contents(home, ordered=True), expected)
    return f"{seen}, {'left over: ' + ', '.join(left) if left else 'nothing left over'}"
