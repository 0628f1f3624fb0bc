"""Damaged files of LTV_HOME: repaired if possible, otherwise a message says what to do."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ltv_platform.published.current import require_snapshot
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.proofs.faults.prepared import (
    compared,
    ltv,
    published_tables,
    undisturbed,
    undisturbed_home,
)
from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.comparison import SETTINGS, contents, home_at

CASES = Cases("faults: damaged files")

_HEALED = "as undisturbed, nothing left over"


def _pointer(home: Path) -> Path:
    return home / "published" / "current"


def _part(home: Path) -> Path:
    [file] = require_snapshot(home_at(home).settings).files("transactions")
    return Path(file)


def _manifest(home: Path) -> Path:
    return require_snapshot(home_at(home).settings).path / "manifest.json"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _overwrite(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def _lead_away(path: Path) -> None:
    """A whole snapshot, but outside ``published``."""
    name = path.read_text("utf-8").strip()
    (path.parent / name).rename(path.parent.parent / name)
    path.write_text(f"../{name}\n", "utf-8")


def _another_as_of(path: Path) -> None:
    path.write_text(path.read_text("utf-8").replace("2026-01-14", "2026-01-13", 1), "utf-8")


def _damaged(
    what: str, file: Callable[[Path], Path], damage: Callable[[Path], object], words: str
) -> None:
    """A case: part of the snapshot is damaged; readers say so, ``ltv run`` repairs it."""

    @CASES.case(what, f"query: exit 2, {words}, Run `ltv run`; after it {_HEALED}")
    def a_snapshot_that_is_damaged(folder: Path) -> str:
        home = undisturbed_home(folder)
        path = file(home)
        path.chmod(0o600)  # they are read-only; their owner can change that
        damage(path)
        answer = ltv(home)("query", "SELECT COUNT(*) FROM transactions")
        seen = re.search(re.escape(words), answer.err)
        hint = re.search("Run `ltv run`", answer.err)
        if not seen or not hint:
            return f"query: exit {answer.code}, {answer.err}"
        again = ltv(home)("run")
        if again.code != 0:
            return f"run: exit {again.code}, {again.err}"
        return (
            f"query: exit {answer.code}, {seen[0]}, {hint[0]}; "
            f"after it {compared(home, undisturbed())}"
        )


_damaged("a Parquet part was truncated", _part, _cut, "No magic bytes found at end of file")
_damaged("a Parquet part was overwritten with zeros", _part, _overwrite, "No magic bytes found")
_damaged("a Parquet part was emptied", _part, lambda p: p.write_bytes(b""), "too small to be")
_damaged("a Parquet part was deleted", _part, Path.unlink, "No files found")
_damaged("the manifest is garbage", _manifest, lambda p: p.write_bytes(b"\xff{"), "can't decode")
_damaged("the manifest was replaced", _manifest, lambda p: p.write_text("{}"), "was changed")
_damaged("the manifest was edited", _manifest, _another_as_of, "was changed after it was written")
_damaged(
    "the pointer is garbage", _pointer, lambda p: p.write_bytes(b"\xff\0"), "not the name of a"
)
_damaged("the pointer is empty", _pointer, lambda p: p.write_text(""), "not the name of a snapshot")
_damaged(
    "the pointer names a folder that is gone",
    _pointer,
    lambda p: p.write_text("000999-deadbeef\n"),
    "No such file or directory",
)
_damaged("the pointer leads out of published/", _pointer, _lead_away, "not the name of a snapshot")


def _forge(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@CASES.case(
    "a byte of a Parquet part was changed, but not its length or end",
    f"doctor: transactions.parquet: changed since publishing; run: exit 0; after it {_HEALED}",
)
def a_byte_of_a_parquet_part_was_changed(folder: Path) -> str:
    home = undisturbed_home(folder)
    path = _part(home)
    path.chmod(0o600)
    _forge(path)
    doctor = ltv(home)("doctor")
    words = re.search(r"transactions\.parquet: changed since publishing", doctor.err)
    code = ltv(home)("run").code
    return (
        f"doctor: {words[0] if words else doctor.err}; run: exit {code}; "
        f"after it {compared(home, undisturbed())}"
    )


@CASES.case(
    "a query writes over a Parquet part: COPY around a PIVOT, in a WITH, as a serialized statement",
    "query: exit 2 ×3, the part as it was",
)
def a_query_writes_over_a_parquet_part(folder: Path) -> str:
    home = undisturbed_home(folder)
    path = _part(home)
    before = path.read_bytes()
    copy = f"COPY (FROM {{}}) TO '{path}' (FORMAT parquet, USE_TMP_FILE false)"
    within = f"WITH x AS ({copy.format('customers')}) FROM x"
    text = within.replace("'", "''")
    codes = {
        ltv(home)("query", sql).code
        for sql in (
            copy.format("(PIVOT (SELECT 1 AS a) ON a USING COUNT(*))"),
            within,
            f"FROM json_execute_serialized_sql(json_serialize_sql('{text}'))",
        )
    }
    kept = "as it was" if path.read_bytes() == before else "another"
    return f"query: exit {' '.join(map(str, sorted(codes)))} ×3, the part {kept}"


@CASES.case(
    "the pointer was deleted", f"query: exit 2, Nothing is published; after `ltv run` {_HEALED}"
)
def the_pointer_was_deleted(folder: Path) -> str:
    home = undisturbed_home(folder)
    _pointer(home).unlink()
    answer = ltv(home)("query", "SELECT 1")
    seen = re.search("Nothing is published", answer.err)
    ltv(home)("run")
    return (
        f"query: exit {answer.code}, {seen[0] if seen else answer.err}; "
        f"after `ltv run` {compared(home, undisturbed())}"
    )


def _reload(home: Path) -> Path:
    """Load everything again with the commands of docs/operations.md, word for word."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    recipe = page.rpartition("```sh\n")[2].partition("```")[0]
    command = f'ltv() {{ "{sys.executable}" -m ltv_platform.cli "$@"; }}\n'
    finished = subprocess.run(
        ["bash", "-c", command + recipe],
        env=CommandLine(home, SETTINGS).environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    fresh = home.with_name(home.name + ".fresh")
    assert ltv(fresh)("run").code == 0
    return fresh


@CASES.case(
    "the warehouse was overwritten in the middle",
    "ingest, run: exit 2, 2 and its bytes as they were, the snapshot readable; "
    "loaded/ again in a fresh LTV_HOME: published as undisturbed",
)
def the_warehouse_was_overwritten_in_the_middle(folder: Path) -> str:
    home = undisturbed_home(folder)
    path = home / "warehouse.duckdb"
    content = bytearray(path.read_bytes())
    content[8192:-8192] = b"\x55" * (len(content) - 16384)
    path.write_bytes(content)
    codes = [
        ltv(home)(*words).code for words in (("ingest", "campaigns", _campaigns(home)), ("run",))
    ]
    kept = "as they were" if path.read_bytes() == content else "others"
    readable = ltv(home)("query", "SELECT COUNT(*) FROM transactions").code == 0
    fresh = _reload(home)
    alike = published_tables(contents(fresh, ordered=True)) == published_tables(undisturbed())
    return (
        f"ingest, run: exit {codes[0]}, {codes[1]} and its bytes {kept}, the snapshot "
        f"{'readable' if readable else 'unreadable'}; loaded/ again in a fresh LTV_HOME: "
        f"published {'as undisturbed' if alike else 'otherwise'}"
    )


def _campaigns(home: Path) -> Path:
    path = home.parent / "campaigns.csv"
    path.write_text("campaign_id,campaign_name\nk9,New\n", "utf-8")
    return path


@CASES.case(
    "the warehouse is text, or cut off after 20,000 or 4,096 bytes",
    "run: exit 2 ×3, cannot be opened, its bytes as they were",
)
def the_warehouse_is_text_or_cut_off(folder: Path) -> str:
    home = undisturbed_home(folder)
    path = home / "warehouse.duckdb"
    whole = path.read_bytes()
    codes, words, kept = [], set(), True
    for content in (b"no database\n" * 99, whole[:20_000], whole[:4_096]):
        path.write_bytes(content)
        answer = ltv(home)("run")
        codes.append(answer.code)
        words.update(re.findall("cannot be opened", answer.err) or [answer.err])
        kept &= path.read_bytes() == content
    return (
        f"run: exit {' '.join(map(str, sorted(set(codes))))} ×{len(codes)}, {', '.join(words)}, "
        f"its bytes {'as they were' if kept else 'others'}"
    )


@CASES.case(
    "the file start_date holds garbage",
    "run: exit 2, does not contain a date, Write the first partition into it; "
    f"after that {_HEALED}",
)
def the_file_start_date_holds_garbage(folder: Path) -> str:
    home = undisturbed_home(folder)
    path = home / "start_date"
    path.write_bytes(b"\xff soon")
    answer = ltv(home)("run")
    words = re.findall("does not contain a date|Write the first partition into it", answer.err)
    path.write_text("2026-01-01\n", "utf-8")
    ltv(home)("run")
    return (
        f"run: exit {answer.code}, {', '.join(words)}; after that {compared(home, undisturbed())}"
    )
