"""Others working at the same time: a held lock, two runs, readers, a clock that jumps."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.proofs.faults.prepared import (
    compared,
    load_again,
    ltv,
    published_home,
    published_tables,
    run_again,
    undisturbed,
    waiting_files,
    waiting_home,
)
from ltv_platform_tests.testing.comparison import contents, home_at
from ltv_platform_tests.testing.forked import ForkedLtv, Running

CASES = Cases("faults: others at work")

#: Holds the warehouse until its stdin is closed; says when it does.
_HOLDER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"


def _hold(home: Path) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(home / "warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    return holder


@CASES.case(
    "another process holds the warehouse for longer than LTV_LOCK_TIMEOUT",
    "exit 2: is held by process PID (waited 0.5 s); afterwards as undisturbed, nothing left over",
)
def another_process_holds_the_warehouse_for_too_long(folder: Path) -> str:
    home = waiting_home(folder)
    with _hold(home) as holder:
        answer = ltv(home)("run", lock_timeout="0.5")
        holder.communicate()
    words = re.search(r"is held by .* \(waited 0\.5 s\)", answer.err)
    seen = words[0].replace(f"process {holder.pid} ", "process PID ") if words else answer.err
    return f"exit {answer.code}: {seen}; afterwards {load_again(home)}"


@CASES.case(
    "another process holds the warehouse, then releases it",
    "the run waits for it; as undisturbed, nothing left over",
)
def another_process_holds_the_warehouse_and_lets_it_go(folder: Path) -> str:
    home = waiting_home(folder)
    with _hold(home) as holder:
        running = ltv(home).start("run")
        time.sleep(1.5)
        waited = not running.ends_within(0)
        holder.communicate()
    answer = running.answer()
    if answer.code != 0:
        return f"exit {answer.code}: {answer.err}"
    seen = compared(home, undisturbed())
    return f"{'the run waits for it' if waited else 'the run did not wait'}; {seen}"


@CASES.case(
    "`ltv run` twice at once over waiting files",
    "exit 0 and 0, no lock error; one loads, one has nothing to do; "
    "as undisturbed, nothing left over",
)
def ltv_run_twice_at_once_over_files_that_wait(folder: Path) -> str:
    home = waiting_home(folder)
    # The other one is waited for however long it takes, not just as long as a statement.
    runs = [ltv(home, lock_timeout="1").start("run") for _ in range(2)]
    answers = [run.answer() for run in runs]
    said = "".join(answer.err for answer in answers)
    error = "a" if re.search("lock|held|waited", said) else "no"
    loading = sum("Loaded" in answer.err for answer in answers)
    idle = sum("Nothing is stale" in answer.err for answer in answers)
    counts = {0: "none", 1: "one", 2: "both"}
    return (
        f"exit {answers[0].code} and {answers[1].code}, {error} lock error; "
        f"{counts[loading]} loads, {counts[idle]} has nothing to do; "
        f"{compared(home, undisturbed())}"
    )


@CASES.case(
    "`ltv ingest` twice at once over the same files",
    "exit 0 and 0, 3 loads; as undisturbed, nothing left over",
)
def ltv_ingest_beside_ltv_ingest_over_the_same_files(folder: Path) -> str:
    home = waiting_home(folder)
    running = [ltv(home).start("ingest") for _ in range(2)]
    answers = [one.answer() for one in running]
    failed = [answer.err for answer in answers if answer.code != 0]
    loads = sum(answer.out.count(".csv") for answer in answers)
    codes = " and ".join(str(answer.code) for answer in answers)
    return f"exit {codes}, {loads} loads{''.join(failed)}; {load_again(home)}"


def _read_until_told() -> None:
    """Open the snapshot again and again; each table has as many rows as its manifest says.

    The command's only argument is a file that gets a byte for every snapshot read.
    """
    from ltv_platform.published.current import require_snapshot
    from ltv_platform.published.query import open_snapshot
    from ltv_platform.settings import load_settings

    settings = load_settings()
    seen = []
    while not (settings.home.parent / "enough").exists():
        published = require_snapshot(settings)
        tables = published.manifest["tables"]
        with open_snapshot(settings, published) as connection:
            for name, table in tables.items():
                [(rows,)] = connection.execute(f"SELECT COUNT(*) FROM {name}").fetchall()
                assert rows == table["rows"], f"{name}: {rows} rows, not {table['rows']}"
        if published.path.name not in seen:
            seen.append(published.path.name)
            with Path(sys.argv[1]).open("a") as told:
                told.write(".")
        time.sleep(0.2)  # four of them would leave the run no core
    sys.stdout.write(f"{len(seen)}\n")
    sys.stdout.flush()


def _wait_until_each_has_read(snapshots: int, readers: list[tuple[Running, Path]]) -> None:
    """Wait for readers, however slow; those that have ended are skipped."""
    for reader, told in readers:
        while told.stat().st_size < snapshots and not reader.ends_within(0):
            time.sleep(0.01)


@CASES.case(
    "`ltv run` while four processes keep reading all tables",
    "run: exit 0, no lock error; readers: exit 0 ×4, each saw 2 snapshots, all whole; "
    "as undisturbed, nothing left over",
)
def ltv_run_beside_four_readers(folder: Path) -> str:
    home = waiting_home(folder)
    readers = []
    for number in range(4):
        told = folder / f"read_{number}"
        told.touch()
        readers.append((ForkedLtv(home, act=_read_until_told).start(told), told))
    _wait_until_each_has_read(1, readers)
    answer = ltv(home)("run")
    if answer.code == 0:
        _wait_until_each_has_read(2, readers)
    (folder / "enough").touch()
    answers = [reader.answer() for reader, _ in readers]
    codes = {reader.code for reader in answers}
    if codes != {0}:
        return "; ".join(reader.err for reader in answers)
    error = "a" if re.search("lock|held|waited", answer.err) else "no"
    shown = ", ".join(sorted({reader.out.strip() for reader in answers}))
    return (
        f"run: exit {answer.code}, {error} lock error; readers: exit 0 ×{len(answers)}, each saw "
        f"{shown} snapshots, all whole; {compared(home, undisturbed())}"
    )


@CASES.case(
    "the clock jumps: a load in 2031, one back on the last day of data, files of 2033",
    "exit 0, 0 and 0; as undisturbed, nothing left over",
)
def the_clock_jumps(folder: Path) -> str:
    home = published_home(folder)
    codes = []
    for file, now in zip(waiting_files(), ("2031-06-01", "2026-01-14", "2026-01-15"), strict=True):
        file.drop(home)
        path = home / "landing" / file.table / file.name
        os.utime(path, (2_000_000_000, 2_000_000_000))  # in 2033
        moment = f"{now}T12:00:00+00:00"
        codes.append(ltv(home)("ingest", now=moment).code)
        home_at(home).under(now=moment).publish()
    shown = ", ".join(map(str, codes[:-1]))
    return f"exit {shown} and {codes[-1]}; {run_again(home)}"


@CASES.case(
    "a file in landing whose last line is cut off, then the whole one",
    "exit 0 and 0, the whole one brings what was cut off; published as if only it had come",
)
def a_file_in_landing_whose_last_line_is_cut_off(folder: Path) -> str:
    home = published_home(folder)
    other = shutil.copytree(home, folder / "undisturbed")
    [file] = [file for file in waiting_files() if file.table == "transactions"]
    whole = file.text.rstrip("\n")
    path = home / "landing" / file.table / file.name
    codes = []
    for text in (whole[: whole.rindex(",")][:-20], file.text):
        path.write_text(text, "utf-8")
        codes.append(ltv(home)("ingest").code)
        home_at(home).publish()
    file.drop(other)
    ltv(other)("ingest")
    home_at(other).publish()
    alike = published_tables(contents(home, ordered=True)) == published_tables(
        contents(other, ordered=True)
    )
    brings = "brings" if not any(path.parent.iterdir()) else "does not bring"
    return (
        f"exit {codes[0]} and {codes[1]}, the whole one {brings} what was cut off; "
        f"published {'as if only it had come' if alike else 'otherwise'}"
    )
