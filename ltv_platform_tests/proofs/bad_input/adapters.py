"""Adapters that are wrong, want too much or would never end."""

import time
from pathlib import Path
from typing import Any

from ltv_platform_tests.proofs.bad_input.desk import Desk
from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("bad input: adapters")

RECORDS = "id,name\n1,a\n2,b\n3,c\n"


def through(folder: Path, select: str) -> str:
    """The result for three records with an adapter of that text."""
    desk = Desk(folder, memory_limit="500MB")
    return desk.ingest("campaigns", desk.write("x.csv", RECORDS), adapter=desk.adapter(select))


REFUSED = {
    "a column that the file does not have": (
        "SELECT missing AS campaign_id FROM file",
        'x.csv does not fit adapter mine: Binder Error: Referenced column "missing" not '
        "found in FROM clause!",
    ),
    "a column that the table does not get": (
        "SELECT name AS campaign_name FROM file",
        "x.csv through adapter mine lacks campaign_id, required for campaigns. It has "
        "campaign_name.",
    ),
    "a value that does not fit its cast": (
        "SELECT CAST(name AS INTEGER) AS campaign_id FROM file",
        "x.csv does not fit adapter mine: Conversion Error: Could not convert string "
        "'a' to INT32 when casting from source column name",
    ),
    "two statements": (
        "SELECT id AS campaign_id FROM file; SELECT 1",
        "Adapter mine must be exactly one SELECT for each table.",
    ),
    "a statement that is not a SELECT": (
        "DELETE FROM file",
        "Adapter mine must be exactly one SELECT for each table.",
    ),
    "a COPY over a file": (
        "COPY (SELECT 1) TO '/etc/hostname'",
        "Adapter mine must be exactly one SELECT for each table.",
    ),
    "another file, by name": (
        "SELECT id AS campaign_id FROM '/etc/passwd'",
        'Adapter mine reads "/etc/passwd"; it may only read `file`.',
    ),
    "another file, by a function": (
        "SELECT content AS campaign_id FROM read_text('/etc/passwd')",
        "Adapter mine reads READ_TEXT('/etc/passwd'); it may only read `file`.",
    ),
    "another file, in a subquery of a subquery": (
        "SELECT id AS campaign_id, (SELECT (SELECT MAX(content) FROM read_text('/etc/passwd'))) "
        "AS campaign_name FROM file",
        "Adapter mine reads READ_TEXT('/etc/passwd'); it may only read `file`.",
    ),
    "another file, under the name of a CTE elsewhere": (
        "SELECT (SELECT 1 FROM '/etc/passwd.csv') AS campaign_id, (WITH \"/etc/passwd.csv\" AS "
        '(SELECT 1 AS a) SELECT a FROM "/etc/passwd.csv") AS campaign_name FROM file',
        "x.csv does not fit adapter mine: Permission Error: Cannot access file "
        '"/etc/passwd.csv" - file system operations are disabled by configuration',
    ),
    "a table of the warehouse": (
        "SELECT load_id AS campaign_id FROM raw.loads",
        "Adapter mine reads raw.loads; it may only read `file`.",
    ),
    "each record three times": (
        "SELECT a.id AS campaign_id FROM file AS a, file AS b",
        "Adapter mine returns more rows than the 3 records of x.csv.",
    ),
    "10,000 nested brackets": (
        f"SELECT {'(' * 10_000}id{')' * 10_000} AS campaign_id FROM file",
        "Adapter mine is nested too deep.",
    ),
    "a text longer than memory": (
        "SELECT repeat(id, 1000000000) AS campaign_id FROM file",
        "x.csv with adapter mine needs more memory than the engine may use.",
    ),
}


def _refused(what: str) -> None:
    select, message = REFUSED[what]

    @CASES.case(f"adapter: {what}", f"exit 2: {message}")
    def an_adapter_that_does_what_none_may(folder: Path) -> str:
        return through(folder, select)


for _each in REFUSED:
    _refused(_each)


#: Seconds; the busiest machine is done by then, and without a limit it takes days.
_MINUTES = 600


def exploding(folder: Path, select: str, **settings: Any) -> str:
    """The result for 20,000 records with an adapter, and whether it took long."""
    desk = Desk(folder, memory_limit="500MB", **settings)
    path = desk.write("x.csv", "id\n" + "".join(f"{i}\n" for i in range(20_000)))
    began = time.monotonic()
    seen = desk.ingest("campaigns", path, adapter=desk.adapter(select))
    return f"{seen}; within {'minutes' if time.monotonic() - began < _MINUTES else 'hours'}"


@CASES.case(
    "adapter: a cross join of 8,000,000,000,000 rows",
    "exit 2: Adapter mine returns more rows than the 20000 records of x.csv.; within minutes",
)
def adapter_a_cross_join_of_8000000000000_rows(folder: Path) -> str:
    return exploding(folder, "SELECT a.id AS campaign_id FROM file AS a, file AS b, file AS c")


SLOW = "exit 2: x.csv does not fit adapter mine: took longer than 0.5 seconds; within minutes"


def slow(folder: Path, select: str) -> str:
    """Like :func:`exploding`, with a limit of half a second."""
    return exploding(folder, select, adapter_timeout=0.5)


@CASES.case("adapter: the same join under an aggregate", SLOW)
def adapter_the_same_join_under_an_aggregate(folder: Path) -> str:
    joined = "file AS a, file AS b, file AS c"
    return slow(folder, f"SELECT COUNT(a.id || b.id || c.id) AS campaign_id FROM {joined}")


@CASES.case("adapter: an endless recursion", SLOW)
def adapter_a_recursion_without_an_end(folder: Path) -> str:
    numbers = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n)"
    return slow(folder, f"{numbers} SELECT MAX(i) AS campaign_id FROM n")


@CASES.case("adapter: slow for every row", SLOW)
def adapter_row_by_row_each_for_a_long_time(folder: Path) -> str:
    # The engine looks at the clock every 2,048 records; they take some hundred milliseconds.
    value = "id"
    for _ in range(3):
        value = f"md5(repeat({value}, 2000))"
    return slow(folder, f"SELECT {value} AS campaign_id FROM file")


@CASES.case(
    "adapter: for a file with a column rowid, a name of the engine",
    "3 in file: 2 accepted, 1 quarantined (3: campaign_id: is missing)",
)
def adapter_for_a_file_with_a_column_rowid(folder: Path) -> str:
    desk = Desk(folder)
    file = desk.write("x.csv", "rowid,name\n7,a\n,b\n9,c\n")
    select = "SELECT rowid AS campaign_id, name AS campaign_name FROM file"
    return desk.ingest("campaigns", file, adapter=desk.adapter(select))
