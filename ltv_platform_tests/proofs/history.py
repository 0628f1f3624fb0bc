"""An erasure does not reach Dagster's history, so no personal data may enter it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from ltv_platform.compressed_text import decompressed, is_compressed
from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.testing.command_line import CommandLine

CASES = Cases("personal data in Dagster's history")

#: What must be nowhere: ids, values of quarantined rows, amounts, cities, file contents.
_PERSONS = ("anna.berg@example.org", "bo.carlsen@example.org", "tx-anna-17", "tx-bo-18")
_VALUES = ("Kiruna", "31.02.2025", "sess-anna-1", "conv-anna-1", "900000000017", "2880000000054")


def texts(folder: Path) -> Iterator[str]:
    """Every text in a folder: files, and cells of SQLite databases, unpacked."""
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        yield path.name
        if path.read_bytes()[:6] != b"SQLite":
            yield path.read_text("utf-8", errors="replace")
            continue
        with closing(sqlite3.connect(path)) as database:
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in names.fetchall():
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    for cell in row:
                        packed = isinstance(cell, bytes) and is_compressed(cell)
                        yield str(decompressed(cell) if packed else cell)


def _home(folder: Path) -> CommandLine:
    anna, bo, sale, other = _PERSONS
    ltv = CommandLine(folder / "home")
    files = {
        "customers": "customer_id,registration_date,country,city\n"
        f"{anna},2025-12-01,SE,Kiruna\n{bo},31.02.2025,SE,Kiruna\n",
        "transactions": "transaction_id,customer_id,transaction_date,amount\n"
        f"{sale},{anna},2025-12-02,5\n{other},{bo},2025-12-02,x\n",
        "session_sources": "session_id,user_id,channel_name,event_date,event_time,"
        f"holder_engagement,closer_engagement\nsess-anna-1,{anna},ads,2025-12-02,10:00:00,1,1\n",
        "conversions": "conv_id,user_id,conv_date,conv_time,revenue\n"
        f"conv-anna-1,{anna},2025-12-03,10:00:00,5\n",
    }
    for table, text in files.items():
        path = folder / f"{table}.csv"
        path.write_text(text)
        ltv("ingest", table, path)
    return ltv


def _found(ltv: CommandLine) -> str:
    held = list(texts(ltv.home / "dagster"))
    assert len(held) > 100, "nothing was looked at"
    named = sorted({word for word in (*_PERSONS, *_VALUES) for text in held if word in text})
    return ", ".join(named) or "no trace of them"


@CASES.case(
    "customers with email addresses as ids, sales, sessions, quarantined rows; `ltv run`",
    "exit 0; no trace of them",
)
def a_run_over_personal_data(folder: Path) -> str:
    ltv = _home(folder)
    code = ltv("run").code
    return f"{'exit 0' if code == 0 else code}; {_found(ltv)}"


@CASES.case(
    "the same, then a run that finds one of them twice, and one whose amount is too large",
    "exit 2: core.customers has 1 duplicate keys; exit 2: money columns hold twelve digits; "
    "no trace of them",
)
def a_failed_run_over_personal_data(folder: Path) -> str:
    ltv = _home(folder)
    assert ltv("run").code == 0
    with closing(duckdb.connect(str(ltv.home / "warehouse.duckdb"))) as warehouse:
        twice = "INSERT INTO raw.customers SELECT * FROM raw.customers WHERE customer_id = $id"
        warehouse.execute(twice, {"id": _PERSONS[0]})
    said = [_failing(ltv, "customers", "customer_id,registration_date\ncarl,2025-12-01\n")]
    with closing(duckdb.connect(str(ltv.home / "warehouse.duckdb"))) as warehouse:
        warehouse.execute(
            "DELETE FROM raw.customers WHERE rowid > 0 AND customer_id = $id", {"id": _PERSONS[0]}
        )
    path = ltv.home.parent / "rates.csv"
    path.write_text("date,currency,rate\n2025-12-01,KWD,3.2\n")
    assert ltv("ingest", "fx_rates", path).code == 0
    header = "transaction_id,customer_id,transaction_date,amount,currency\n"
    said.append(
        _failing(ltv, "transactions", f"{header}large,{_PERSONS[0]},2025-12-03,900000000017,KWD\n")
    )
    return f"{'; '.join(said)}; {_found(ltv)}"


def _failing(ltv: CommandLine, table: str, text: str) -> str:
    path = ltv.home.parent / "more.csv"
    path.write_text(text)
    assert ltv("ingest", table, path).code == 0
    answer = ltv("run")
    words = re.search(
        "core.customers has 1 duplicate keys|money columns hold twelve digits", answer.err
    )
    return f"exit {answer.code}: {words[0] if words else answer.err}"
