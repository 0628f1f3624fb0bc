"""Backup, restore and upgrade killed at any point: nothing complete is lost, all can be resumed."""

import shutil
import signal
from pathlib import Path

import duckdb

from ltv_platform.backups.manifest import backups_in, read_backup, sha256
from ltv_platform.warehouse.duckdb import schema_version
from ltv_platform.warehouse.duckdb.schema_version import Migration, newest_version, version_on_disk
from ltv_platform_tests.chaos.stream import File
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.proofs.faults.prepared import (
    compared,
    ltv,
    undisturbed,
    undisturbed_home,
)
from ltv_platform_tests.testing.comparison import SETTINGS, contents, difference, home_at
from ltv_platform_tests.testing.forked import Answer, ForkedLtv

CASES = Cases("faults: killed backups, restores and upgrades")

#: The failpoints that a case below kills at.
COVERED: list[str] = []

_OTHER = File("campaigns", "other.csv", "campaign_id,campaign_name\nk9,Other\n")


def _killed(answer: Answer) -> bool:
    return answer.code == -signal.SIGKILL


def _run_says(home: Path) -> str:
    """What `ltv run` would do after a restore."""
    said = ltv(home)("run").err
    return "nothing stale" if said.startswith("Nothing is stale.") else said


def _files_of(to: Path, home: Path) -> str:
    """Whether the home has exactly the files of the newest backup."""
    backup = read_backup(backups_in(to)[-1])
    wrong = []
    for name, expected in backup.files.items():
        path = home / name
        if not path.is_file():
            wrong.append(name)
            continue
        with path.open("rb") as file:
            if sha256(file) != expected:
                wrong.append(name)
    return f"without {', '.join(wrong)}" if wrong else "every file of the backup"


@CASES.case(
    "`ltv backup`, then `ltv restore` into another LTV_HOME",
    "nothing stale; as undisturbed, nothing left over",
)
def backup_and_restore_into_another_home(folder: Path) -> str:
    home, other = undisturbed_home(folder), folder / "other" / "home"
    other.parent.mkdir()
    answers = [ltv(home)("backup", folder / "to"), ltv(other)("restore", folder / "to")]
    if any(answer.code for answer in answers):
        return str(answers)
    return f"{_run_says(other)}; {compared(other, undisturbed())}"


COVERED.append("backup made, not in place")


@CASES.case(
    "kill −9 of `ltv backup`: backup made, not in place",
    "no backup in DIR; the next one is whole and alone there",
)
def backup_killed_before_it_was_in_place(folder: Path) -> str:
    home, to = undisturbed_home(folder), folder / "to"
    answer = ltv(home)("backup", to, failpoint="backup made, not in place")
    if not _killed(answer):
        return f"not killed: {answer}"
    seen = "a backup" if backups_in(to) else "no backup"
    again = ltv(home)("backup", to)
    alone = {path.name for path in to.iterdir()} == {".lock", *(p.name for p in backups_in(to))}
    other = folder / "other" / "home"
    other.parent.mkdir()
    ltv(other)("restore", to)
    whole = again.code == 0 and difference(contents(other, ordered=True), undisturbed())
    return (
        f"{seen} in DIR; the next one is {'whole' if whole == 'as undisturbed' else whole} and "
        f"{'alone' if alone else 'not alone'} there"
    )


def _killed_restore(failpoint: str, before: str) -> None:
    """A case: a restore over another state is killed, then run again."""
    COVERED.append(failpoint.partition(" #")[0])

    @CASES.case(
        f"kill −9 of `ltv restore --overwrite`: {failpoint}",
        f"{before}; again: exit 0, every file of the backup, nothing stale, as undisturbed, "
        "nothing left over; "
        "the previous state is in replaced/",
    )
    def restore_killed(folder: Path) -> str:
        home, to = undisturbed_home(folder), folder / "to"
        ltv(home)("backup", to)
        _OTHER.drop(home)
        ltv(home)("ingest")
        home_at(home).publish()
        state = contents(home, ordered=True)
        answer = ltv(home)("restore", to, "--overwrite", failpoint=failpoint)
        if not _killed(answer):
            return f"not killed: {answer}"
        asked = ltv(home)("quarantine", "list")
        half = "is half restored" in asked.err
        seen = f"exit {asked.code}, half restored" if half else f"exit {asked.code}, as before"
        # What is half done goes on without being told to overwrite.
        again = ltv(home)("restore", to, *([] if half else ["--overwrite"]))
        said = f"{seen}; again: exit {again.code}, {_files_of(to, home)}, {_run_says(home)}"
        [aside] = (home / "replaced").iterdir()
        kept = shutil.copytree(aside, folder / "kept" / "home")
        old = difference(contents(kept, ordered=True), state) == "as undisturbed"
        return (
            f"{said}, {compared(home, undisturbed())}; "
            f"{'the previous state is in replaced/' if old else 'replaced/ differs'}"
        )


_killed_restore("restore fetched, not begun", "exit 0, as before")
_killed_restore("restore begun, nothing moved", "exit 2, half restored")
_killed_restore("part of the old state put aside #3", "exit 2, half restored")
_killed_restore("old state put aside", "exit 2, half restored")
_killed_restore("part of the new state in place #3", "exit 2, half restored")
_killed_restore("new state in place", "exit 2, half restored")


def _new_release() -> None:
    """A release with a migration, in the process of the command."""
    statements = ("UPDATE raw.loads SET source_file = 'new ' || source_file",)
    known = schema_version.MIGRATIONS
    schema_version.MIGRATIONS = (*known, Migration("Other names.", statements))


def _raw(home: Path) -> tuple[object, list[str], object]:
    """Version, names of files, and all rows of the other raw tables, read without an upgrade."""
    settings = home_at(home).settings
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        names = [n for (n,) in connection.execute("SELECT source_file FROM raw.loads").fetchall()]
        rows = {
            name: connection.execute(f"SELECT * FROM raw.{name} ORDER BY rowid").fetchall()
            for name in (*home_at(home).graph.catalog.sources, "quarantine", "touched", "built")
        }
    return version_on_disk(settings), names, rows


def _killed_upgrade(failpoint: str) -> None:
    COVERED.append(failpoint)

    @CASES.case(
        f"kill −9 of the first command of a new release: {failpoint}",
        f"all as before; then exit 0, version {newest_version() + 1}, its migration done once, "
        "all other rows as before",
    )
    def migration_killed(folder: Path) -> str:
        home = undisturbed_home(folder)
        before = _raw(home)
        newer = ForkedLtv(home, SETTINGS, prepare=_new_release)
        answer = newer("quarantine", "list", failpoint=failpoint)
        if not _killed(answer):
            return f"not killed: {answer}"
        seen = "all as before" if _raw(home) == before else "something changed"
        again = newer("quarantine", "list")
        version, names, rows = _raw(home)
        done = "done once" if names == [f"new {name}" for name in before[1]] else "not done"
        others = "as before" if rows == before[2] else "changed"
        return (
            f"{seen}; then exit {again.code}, version {version}, its migration {done}, "
            f"all other rows {others}"
        )


_killed_upgrade("warehouse copied, not upgraded")
_killed_upgrade("upgraded, not committed")
