"""SQLite views that take all memory, all disk space or forever; also within one call of SQLite."""

import os
import subprocess
import sys
import time
from pathlib import Path

from ltv_platform.ingestion.files import sqlite_process
from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.bad_input.formats import database
from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("bad input: SQLite bombs")

#: The busiest machine is done by then; each bomb would take hours, or more memory than there is.
_SOON = 60

_FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
_LATE = "took longer than 1 seconds to read; perhaps it has an endless view."
_DIGITS = "'[' || rtrim(replace(hex(zeroblob(5000)), '0', '1,'), ',') || ']'"

BOMBS = {
    "a search of 30 MB in 60 MB: one call": (
        "SELECT instr(zeroblob(60000000), zeroblob(30000000) || x'01') AS campaign_id",
        _LATE,
    ),
    "a recursion that ends in one row": (f"{_FOR_EVER} SELECT max(i) AS campaign_id FROM n", _LATE),
    "a recursion in which every row makes two": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n UNION ALL SELECT i FROM n) "
        "SELECT max(i) AS campaign_id FROM n",
        _LATE,
    ),
    "10^12 rows from json_each": (
        f"SELECT count(*) AS campaign_id FROM json_each({_DIGITS}), json_each({_DIGITS}), "
        f"json_each({_DIGITS})",
        _LATE,
    ),
    "endless rows": (f"{_FOR_EVER} SELECT i AS campaign_id FROM n", _LATE),
    "an endless sort": (
        f"{_FOR_EVER} SELECT hex(zeroblob(50000)) AS campaign_id FROM n ORDER BY -i",
        "needs more than 256 MiB of disk space to sort.",
    ),
    "a text of all rows": (
        f"{_FOR_EVER} SELECT group_concat(hex(zeroblob(500000))) AS campaign_id FROM n",
        _LATE,
    ),
    "a gigabyte of zeros": (
        "SELECT zeroblob(1000000000) AS campaign_id",
        "has a value or a row of more than 64 MiB.",
    ),
    "a gigabyte of random text": (
        "SELECT hex(randomblob(499999999)) AS campaign_id",
        "has a value or a row of more than 64 MiB.",
    ),
    "many values of 30 MB": (
        f"{_FOR_EVER} SELECT randomblob(30000000) AS campaign_id FROM n",
        "needs more than 1,024 MiB of memory to read.",
    ),
    "endless long texts": (
        f"{_FOR_EVER} SELECT hex(zeroblob(200000)) AS campaign_id FROM n",
        "returns more than 256 MiB; perhaps it has an endless view.",
    ),
    "an extension": (
        "SELECT load_extension('/tmp/x.so') AS campaign_id",
        "cannot be read: unsafe use of load_extension().",
    ),
    "another file": (
        "SELECT readfile('/etc/passwd') AS campaign_id",
        "cannot be read: no such function: readfile.",
    ),
    "the path of the file": (
        "SELECT file AS campaign_id FROM pragma_database_list",
        'cannot be read: unsafe use of virtual table "pragma_database_list".',
    ),
}


def readers() -> list[str]:
    """Processes that read SQLite for this one."""
    shown = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in shown.stdout.splitlines() if "sqlite_child" in line]


def blown(folder: Path, script: str, seconds: float = 1) -> str:
    """The result for a database next to a good file, within seconds, and the processes left."""
    desk = Desk(folder, adapter_timeout=seconds)
    began = time.monotonic()
    seen = desk.ingest("campaigns", database(desk, script))
    took = time.monotonic() - began
    left = readers()
    return f"{seen} {'Soon' if took < _SOON else f'After {took:.0f} s'}, {len(left)} processes left"


def _bomb(what: str) -> None:
    view, message = BOMBS[what]

    @CASES.case(f"SQLite view: {what}", f"exit 2: shop.db {message} Soon, 0 processes left")
    def a_view_that_eats_the_machine(folder: Path) -> str:
        seconds = 1 if message == _LATE else _SOON
        return blown(folder, f"CREATE VIEW campaigns AS {view}", seconds)


for _each in BOMBS:
    _bomb(_each)


@CASES.case(
    "SQLite: 40 views, each twice in the next",
    'exit 2: shop.db cannot be read: too many references to "v0": max 65535. Soon, 0 processes '
    "left",
)
def forty_views_each_twice_in_the_next(folder: Path) -> str:
    views = "".join(
        f"CREATE VIEW v{k} AS SELECT a.campaign_id FROM v{k - 1} a, v{k - 1} b;"
        for k in range(1, 40)
    )
    return blown(
        folder,
        f"CREATE TABLE v0 (campaign_id); {views} CREATE VIEW campaigns AS SELECT * FROM v39",
    )


@CASES.case(
    "SQLite: a table with a generated column that never ends, and a search index",
    f"exit 2: shop.db {_LATE} Soon, 0 processes left; exit 2: shop.db cannot be read: vtable "
    "constructor failed: campaigns. Soon, 0 processes left",
)
def a_generated_column_that_never_comes_to_an_end(folder: Path) -> str:
    search = "instr(zeroblob(60000000), zeroblob(30000000) || x'01')"
    generated = (
        "CREATE TABLE campaigns (campaign_id); INSERT INTO campaigns VALUES ('c1');"
        f"ALTER TABLE campaigns ADD COLUMN x GENERATED ALWAYS AS ({search})"
    )
    search_index = "CREATE VIRTUAL TABLE campaigns USING fts5(campaign_id)"
    seen = []
    for number, script in enumerate((generated, search_index)):
        (folder / str(number)).mkdir()
        seen.append(blown(folder / str(number), script))
    return "; ".join(seen)


@CASES.case(
    "an endless SQLite view whose reader is killed",
    "0 processes left",
)
def a_view_without_an_end_whose_reader_is_killed(folder: Path) -> str:
    desk = Desk(folder)
    path = database(desk, f"CREATE VIEW campaigns AS {_FOR_EVER} SELECT max(i) AS x FROM n")
    order = [sys.executable, "-m", "ltv_platform.cli", "ingest", "campaigns", str(path)]
    process = subprocess.Popen(order, env=desk.environment, stderr=subprocess.DEVNULL)
    child = sqlite_process.__name__.replace("process", "child").rpartition(".")[2]
    until = time.monotonic() + _SOON

    def running() -> list[str]:
        shown = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=False)
        return [line for line in shown.stdout.splitlines() if child in line and str(folder) in line]

    while not running() and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    while (left := running()) and time.monotonic() < until:
        time.sleep(0.05)
    return f"{len(left)} processes left"
