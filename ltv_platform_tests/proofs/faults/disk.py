"""A full or read-only disk: a clear message, nothing half-done, and the next run continues."""

import os
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.proofs.faults.prepared import (
    built_home,
    load_again,
    ltv,
    run_again,
    shown,
    undisturbed,
    undisturbed_home,
    waiting_home,
)
from ltv_platform_tests.testing.comparison import SETTINGS, contents, difference, home_at
from ltv_platform_tests.testing.forked import ForkedLtv

CASES = Cases("faults: full and read-only disks")

#: Bytes that are free, one attempt after the other; less than a load or a publish takes.
_ROOMS = (2 << 10, 4 << 10, 8 << 10)
_ENOUGH = 64 << 20
_NOBODY = 65534
#: What a disk that takes no more makes the copy of a file, the engine and Dagster say.
_FULL = "No space left|File too large|disk I/O error|disk is full|unable to open database"


def _mount(options: str, folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _can_mount() -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        mounted = _mount("size=64k", Path(folder))
        if mounted:
            subprocess.run(["umount", folder], check=True)
        return mounted


#: A container may forbid mounts; then the limits of a process stand in for them.
MOUNTS = _can_mount()
_FULL_DISK = "tmpfs without room" if MOUNTS else "no file may grow (RLIMIT_FSIZE)"
_READ_ONLY = "tmpfs mounted read-only" if MOUNTS else "a user without the right to write"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder on a separate disk, if possible."""
    disk = folder / "disk"
    disk.mkdir()
    if not MOUNTS:
        yield disk
        return
    assert _mount(f"size={_ENOUGH}", disk)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def _remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _with_room(disk: Path, room: int) -> ForkedLtv:
    """The commands of the home on a disk with that many free bytes."""
    said = disk.parent / "spoken"
    if not MOUNTS:
        limit = partial(_limit_files, room)
        return ForkedLtv(disk / "home", SETTINGS, prepare=limit, spoken=said)
    if room < _ENOUGH:
        used = subprocess.run(["df", "-B1", "--output=used", disk], capture_output=True, check=True)
        room += int(used.stdout.split()[-1])
    _remount(disk, f"size={room}")
    return ForkedLtv(disk / "home", SETTINGS, spoken=said)


def _full(command: str, prepare: Callable[[Path], Path]) -> None:
    """A case: the command is repeated with too little room, then with enough."""

    @CASES.case(
        f"`ltv {command}` on a full disk ({_FULL_DISK}), three times with a little more room",
        "exit 2 ×3 that say so, each file whole or not in, old snapshot whole; "
        "with room as undisturbed, nothing left over",
    )
    def a_command_on_a_full_disk(folder: Path) -> str:
        with small_disk(folder) as disk:
            home = prepare(disk)
            old = shown(home)
            answers = [_with_room(disk, room)(command) for room in _ROOMS]
            _with_room(disk, _ENOUGH)
            silent = [a.err for a in answers if a.code != 2 or not re.search(_FULL, a.err)]
            if silent:
                return f"exit {[a.code for a in answers]}: {silent[0]}"
            snapshot = "old snapshot whole" if shown(home) == old else "another snapshot"
            again = load_again if command == "ingest" else run_again
            return (
                f"exit 2 ×{len(answers)} that say so, {_each_file(home)}, {snapshot}; "
                f"with room {again(home)}"
            )


def _each_file(home: Path) -> str:
    """Whether the log has as many rows of each load as its line in ``loads`` says."""
    engine = home_at(home).engine
    counted = sorted(
        row
        for source in engine.catalog.sources
        for row in engine.rows(f"SELECT load_id, COUNT(*) FROM raw.{source} GROUP BY load_id")
    )
    listed = engine.rows(
        "SELECT load_id, rows_accepted FROM raw.loads WHERE rows_accepted > 0 ORDER BY load_id"
    )
    return "each file whole or not in" if counted == listed else "half a file in"


_full("ingest", waiting_home)
_full("run", built_home)


@CASES.case(
    f"`ltv backup` to a full disk ({_FULL_DISK}), twice with a little more room",
    "exit 2 ×2 that say so, nothing in DIR; with room exit 0, restored exit 0 and as undisturbed",
)
def a_backup_to_a_full_disk(folder: Path) -> str:
    home = undisturbed_home(folder)
    with small_disk(folder) as disk:
        answers = []
        for room in (_ROOMS[0], 1 << 20):
            if MOUNTS:
                _remount(disk, f"size={room}")
            limit = None if MOUNTS else partial(_limit_files, room)
            answers.append(ForkedLtv(home, SETTINGS, prepare=limit)("backup", disk / "to"))
        silent = [a.err for a in answers if a.code != 2 or not re.search(_FULL, a.err)]
        if silent:
            return f"exit {[a.code for a in answers]}: {silent[0]}"
        left = [path.name for path in (disk / "to").glob("*") if path.name != ".lock"]
        if MOUNTS:
            _remount(disk, f"size={_ENOUGH}")
        whole = ltv(home)("backup", disk / "to")
        other = folder / "other" / "home"
        other.parent.mkdir()
        restored = ltv(other)("restore", disk / "to")
        seen = difference(contents(other, ordered=True), undisturbed())
    return (
        f"exit 2 ×{len(answers)} that say so, {', '.join(left) or 'nothing'} in DIR; with room "
        f"exit {whole.code}, restored exit {restored.code} and {seen}"
    )


@contextmanager
def _read_only(disk: Path) -> Iterator[ForkedLtv]:
    """The commands of the home on a disk that is read-only, or writable only by another user."""
    said = disk.parent / "spoken"
    if MOUNTS:
        _remount(disk, "ro")
        yield ForkedLtv(disk / "home", SETTINGS, spoken=said)
        _remount(disk, "rw")
        return
    modes = {path: path.stat().st_mode for path in [disk, *disk.rglob("*")]}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield ForkedLtv(disk / "home", SETTINGS, prepare=_give_up_root, spoken=said)
    for path, mode in modes.items():
        path.chmod(mode)


def _give_up_root() -> None:
    if os.geteuid() == 0:
        # Brings in what Python may keep where only root can read it.
        from ltv_platform.workspace import Workspace

        assert Workspace.open().graph
        os.setuid(_NOBODY)


@CASES.case(
    f"LTV_HOME is read-only ({_READ_ONLY})",
    "ingest, run: exit 2 and 2, LTV_HOME is writable; query: exit 0; "
    "when writable as undisturbed, nothing left over",
)
def a_home_that_is_read_only(folder: Path) -> str:
    folder.chmod(0o755)
    with small_disk(folder) as disk:
        home = waiting_home(disk)
        with _read_only(disk) as ltv:
            answers = [ltv("ingest"), ltv("run")]
            query = ltv("query", "SELECT COUNT(*) FROM transactions")
        words = {
            " ".join(re.findall("LTV_HOME is writable", answer.err) or [answer.err])
            for answer in answers
        }
        return (
            f"ingest, run: exit {answers[0].code} and {answers[1].code}, {', '.join(words)}; "
            f"query: exit {query.code}; when writable {load_again(home)}"
        )
