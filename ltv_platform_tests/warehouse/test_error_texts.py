"""The installed engine words its errors as `error_texts.py` expects.

Each test makes the engine fail. Where a test fails after an upgrade of DuckDB, the words of the new
release belong into that module.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ltv_platform.warehouse import error_texts

#: Bytes of a block of a database file, and where the first one begins.
BLOCK, HEADERS = 256 << 10, 12 << 10
#: More than the disks and limits of these tests have room for.
MUCH = "CREATE TABLE much AS SELECT md5(range::VARCHAR) AS word FROM range(200000); CHECKPOINT"


def _error_of(sql: str, database: Path | str = ":memory:") -> duckdb.Error:
    with pytest.raises(duckdb.Error) as caught, duckdb.connect(database) as connection:
        connection.execute(sql).fetchall()
    return caught.value


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database file of several blocks."""
    path = tmp_path / "a.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(MUCH)
    assert path.stat().st_size > HEADERS + 4 * BLOCK
    return path


@pytest.mark.parametrize("position", [4 << 10, HEADERS, HEADERS + 3 * BLOCK])
def test_changed_bytes_are_damage(database: Path, position: int) -> None:
    """Of a header, of the first block, of a block of the table."""
    content = bytearray(database.read_bytes())
    content[position : position + 64] = b"\xff" * 64
    database.write_bytes(content)
    error = _error_of("SELECT MAX(word) FROM much", database)
    assert error_texts.is_damage(error)
    assert "Corrupt database file" in str(error)


def test_missing_bytes_are_damage(database: Path) -> None:
    """A file that was cut off."""
    os.truncate(database, HEADERS + BLOCK)
    error = _error_of("SELECT MAX(word) FROM much", database)
    assert error_texts.is_damage(error)
    assert "Could not read enough bytes" in str(error)


def test_a_file_of_another_process_is_held(database: Path) -> None:
    """The error names the process."""
    hold = f"import duckdb; c = duckdb.connect({str(database)!r}); print(c, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        error = _error_of("SELECT 1", database)
        other.communicate(b"\n")
    assert error_texts.is_held(error)
    assert error_texts.holder_of(error) == other.pid


def test_a_limited_file_takes_no_more(tmp_path: Path) -> None:
    """As where a quota ends: "File too large"."""
    limited = (
        "import duckdb, resource, signal\n"
        "from ltv_platform.warehouse.error_texts import takes_no_more\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "try:\n"
        f"    duckdb.connect({str(tmp_path / 'a.duckdb')!r}).execute({MUCH!r})\n"
        "except duckdb.Error as error:\n"
        "    print(takes_no_more(error), error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", limited], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("True "), said
    assert "Could not write" in said
    assert "File too large" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_full_disk_takes_no_more(form: str) -> None:
    """Also where the engine wraps the error of another thread."""
    error = _error_of(f"COPY (SELECT * FROM range(100000)) TO '/dev/full' (FORMAT {form})")
    assert error_texts.takes_no_more(error)
    assert "No space left" in str(error)


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="only root can mount"
)
def test_a_read_only_disk_takes_no_more(tmp_path: Path) -> None:
    """Opening a database for writing, and writing a file."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no mounts here")
    try:
        for error in (
            _error_of("SELECT 1", disk / "a.duckdb"),
            _error_of(f"COPY (SELECT 1 AS a) TO '{disk / 'a.csv'}'"),
        ):
            assert "Read-only file system" in str(error)
            assert error_texts.takes_no_more(error)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_too_little_memory() -> None:
    """By its class, and by its text where only that is kept."""
    sql = "SET memory_limit = '20MB'; SET max_temp_directory_size = '0KB'; "
    error = _error_of(sql + "SELECT LIST(range) FROM range(100000000)")
    assert error_texts.is_out_of_memory(error)
    of_class, of_text = error_texts.OUT_OF_MEMORY
    assert of_class in type(error).__name__
    assert of_text in str(error)


def test_ctrl_c_is_an_interrupt() -> None:
    """Sent to a process whose statement runs."""
    endless = (
        "import duckdb, signal\n"
        "from ltv_platform.warehouse.error_texts import is_interrupt\n"
        # A shell's job in the background begins without.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        # On one thread, the engine looks for signals between two of its tasks.
        "connection = duckdb.connect(config={'threads': 1})\n"
        "print('running', flush=True)\n"
        "try:\n"
        "    connection.execute('SELECT COUNT(*) FROM range(100000000) AS a, range(100000) AS b '\n"
        "                       'WHERE a.range * b.range % 7 = 3').fetchall()\n"
        "except BaseException as error:\n"
        "    print(is_interrupt(error), type(error).__name__, error)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", endless], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):  # it is inside the statement
            running.wait(1)
        running.send_signal(signal.SIGINT)
        try:
            said, _ = running.communicate(timeout=60)
        finally:
            running.kill()
    assert said.startswith("True "), said


def test_a_change_in_a_subquery() -> None:
    """Derived from statements that ask for what does not exist."""
    inside = "FROM (WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x)"
    assert error_texts.is_change_in_subquery(_error_of(f"CREATE TABLE t (a INTEGER); {inside}"))
    other = _error_of("CREATE TABLE t (a INTEGER); SELECT b FROM t")
    assert not error_texts.is_change_in_subquery(other)


@pytest.mark.parametrize(
    ("value", "is_text"),
    [
        ("'twelve'", True),
        ("1e20", False),
        ("CAST(1000000000000000000000 AS HUGEINT)", False),
        ("(SELECT SUM(CAST(9e15 AS DECIMAL(18, 2))) FROM range(9))", False),
    ],
)
def test_what_is_no_amount(value: str, is_text: bool) -> None:
    """A text, and numbers that are too large: of a double, an integer, a sum."""
    error = _error_of(f"SELECT CAST({value} AS DECIMAL(18, 2))")
    assert isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException)
    assert error_texts.is_about_decimal(error)
    assert error_texts.is_about_text(error) is is_text
    date = _error_of("SELECT CAST('twelve' AS DATE)")
    assert not error_texts.is_about_decimal(date)


def test_a_required_column_without_a_value() -> None:
    """The error names the column; a duplicate key is another error of the same class."""
    error = _error_of("CREATE TABLE t (a INTEGER NOT NULL); INSERT INTO t VALUES (NULL)")
    assert isinstance(error, duckdb.ConstraintException)
    assert error_texts.column_without_value(error) == "a"
    other = _error_of("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (1)")
    assert isinstance(other, duckdb.ConstraintException)
    assert error_texts.column_without_value(other) == ""


@pytest.mark.parametrize("sql", ["SELECT * FROM missing", "SELECT missing FROM range(1)"])
def test_what_is_missing_is_named_in_the_first_line(sql: str) -> None:
    """A table and a column."""
    assert "missing" in error_texts.words_of(_error_of(sql))


def test_the_line_that_an_error_shows() -> None:
    """The caret stays below the word."""
    error = _error_of("EXPLAIN FROM (SELECT missing\nFROM range(1))")
    shown = error_texts.without_opening(error, r"EXPLAIN FROM \(")
    assert shown.splitlines()[-2:] == ["LINE 1: SELECT missing", " " * 15 + "^^^^^^^"]
