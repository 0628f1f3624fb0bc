"""A home whose files name Ada in every format, and the same files as if she had never existed."""

import gzip
import json
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ltv_platform.compressed_text import decompressed
from ltv_platform.erasure.erase import Erased, Survey, erase, survey
from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform.ingestion.load import Outcome
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.workbooks import sheet_of, workbook

#: Her id is the beginning of another's; both are short, for statistics in files cut long values.
ADA, NOT_ADA = "ada.l", "ada.l2"
SETTINGS: Mapping[str, Any] = {"horizons": (1, 7), "start_date": "2025-12-01"}

#: Words of hers that nobody else's records have: id, attributes, and ids of what is hers.
HERS = tuple(
    re.compile(pattern.encode())
    for pattern in (
        r"ada\.l(?!2)",
        r"Countess Ada",
        r"ada@analytical\.engine",
        r"Marylebone",
        r"tx-ada-\d",
        r"ss-ada-\d",
        r"cv-ada-\d",
        r"in-ada-\d",
    )
)

Row = Mapping[str, str]
_CUSTOMER = ("customer_id", "registration_date", "country", "city", "campaign_id", "name", "email")


def _rows(columns: Sequence[str], *lines: str) -> list[dict[str, str]]:
    return [dict(zip(columns, line.split("|"), strict=True)) for line in lines]


_TRANSACTION = ("transaction_id", "customer_id", "transaction_date", "amount")
_SESSION = (
    "session_id", "user_id", "channel_name", "event_date", "event_time", "holder_engagement",
    "closer_engagement",
)  # fmt: skip

_CUSTOMERS = _rows(
    _CUSTOMER,
    "ada.l|2025-12-02 10:00:00|GB|Marylebone|k1|Countess Ada|ada@analytical.engine",
    "ada.l2|2025-12-02 11:00:00|GB|Leeds|k1|Another|other@example.org",
    'bob, jr|2025-12-03 10:00:00|DE|Köln|k1|Bob "B"|bob@example.org',
    "ada.l|2025-12-02 10:00:00|GB|Marylebone, W1|k1|Countess Ada|ada@analytical.engine",
    "carl|2025-12-04 10:00:00|US|Reno|k2|Carl|carl@example.org",
    # Rejected: the dates.
    "ada.l|once|GB|Marylebone|k1|Countess Ada|ada@analytical.engine",
    "dora|once|US|Reno|k2|Dora|dora@example.org",
)


def _transactions(start: int) -> list[dict[str, str]]:
    return _rows(
        _TRANSACTION,
        f"tx-ada-{start}|ada.l|2025-12-0{start} 12:00:00|10",
        f"tx-b-{start}|ada.l2|2025-12-0{start} 13:00:00|20.5",
        f"tx-c-{start}|bob, jr|2025-12-1{start} 12:00:00|30",
        f"tx-ada-{start}9|ada.l|2025-12-1{start} 12:00:00|1.25",
    )


_SESSIONS = _rows(
    _SESSION,
    "ss-ada-1|ada.l|ads|2025-12-02|09:00:00|1|0",
    "ss-b-1|ada.l2|ads|2025-12-02|09:30:00|1|0",
    "ss-ada-2|ada.l|mail|2025-12-05|09:00:00|0|1",
    "ss-c-1|bob, jr|mail|2025-12-06|09:00:00|0|1",
    # Rejected: her third session is known by quarantine alone.
    "ss-ada-3|ada.l||2025-12-06|09:00:00|0|1",
)
_COSTS = _rows(
    ("session_id", "cost"), "ss-ada-1|0.5", "ss-b-1|0.25", "ss-ada-3|7", "ss-ada-2|1", "ss-c-1|2"
)
_CONVERSIONS = _rows(
    ("conv_id", "user_id", "conv_date", "conv_time", "revenue"),
    "cv-ada-1|ada.l|2025-12-06|10:00:00|11",
    "cv-b-1|ada.l2|2025-12-06|11:00:00|21",
    "cv-c-1|bob, jr|2025-12-07|10:00:00|31",
)
_INTERACTIONS = _rows(
    ("interaction_id", "customer_id", "interaction_date", "interaction_type"),
    "in-ada-1|ada.l|2025-12-03 10:00:00|login",
    "in-b-1|ada.l2|2025-12-03 11:00:00|login",
)
_PURCHASES = _rows(
    ("user_id", "event_ts", "value"),
    "ada.l|2025-12-08 12:00:00|5",
    "carl|2025-12-08 12:00:00|6",
    "carl|2025-12-08 12:00:00|7",
)


def _quoted(value: str, delimiter: str) -> str:
    odd = delimiter in value or '"' in value
    return '"' + value.replace('"', '""') + '"' if odd else value


def delimited(rows: Sequence[Row], delimiter: str = ",", *malformed: str) -> bytes:
    """Delimited text of rows; records that cannot be split are at its end."""
    header = list(rows[0])
    lines = [delimiter.join(_quoted(row[name], delimiter) for name in header) for row in rows]
    return "".join(f"{line}\n" for line in [delimiter.join(header), *lines, *malformed]).encode()


def json_lines(rows: Sequence[Row]) -> bytes:
    """One object per line, with escapes."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def json_array(rows: Sequence[Row]) -> bytes:
    """An array of objects."""
    return json.dumps(rows, indent=1, ensure_ascii=False).encode()


def parquet(rows: Sequence[Row]) -> bytes:
    """A Parquet file of texts and one number."""
    sink = pa.BufferOutputStream()
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["amount"] = pa.array([float(value) for value in columns["amount"]])
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue())


def excel(rows: Sequence[Row]) -> bytes:
    """A workbook of texts."""
    return workbook({"All": sheet_of([list(rows[0]), *(list(row.values()) for row in rows)])})


def sqlite_database(path: Path, **tables: Sequence[Row]) -> None:
    """A SQLite database of tables of text."""
    with closing(sqlite3.connect(path)) as database:
        for table, rows in tables.items():
            names = ", ".join(f"{name} TEXT" for name in rows[0])
            database.execute(f"CREATE TABLE {table} ({names})")
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(
                f"INSERT INTO {table} VALUES ({marks})", [tuple(row.values()) for row in rows]
            )
        database.commit()


def drop_files(home: Path, keep: Callable[[Row], bool] = lambda _: True) -> None:
    """Put every file of the world into landing, without rows that are not to be kept."""

    def kept(rows: Sequence[Row]) -> list[Row]:
        return [row for row in rows if keep(row)]

    def drop(table: str, name: str, content: bytes) -> None:
        folder = home / "landing" / table
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    hers = ["tx-ada-8,ada.l"] if keep({"customer_id": ADA}) else []
    drop("customers", "customers.csv", delimited(kept(_CUSTOMERS)))
    drop(
        "transactions",
        "a.csv.gz",
        gzip.compress(delimited(kept(_transactions(1)), ",", *hers, "t8,ada.l2")),
    )
    drop("transactions", "b.ndjson", json_lines(kept(_transactions(2))))
    drop("transactions", "c.json", json_array(kept(_transactions(3))))
    drop("transactions", "d.parquet", parquet(kept(_transactions(4))))
    drop("transactions", "e.xlsx", excel(kept(_transactions(5))))
    drop("transactions@leadtech_purchases", "p.tsv", delimited(kept(_PURCHASES), "\t"))
    drop("customer_interactions", "i.csv", delimited(kept(_INTERACTIONS), ";"))
    drop("conversions", "v.jsonl.gz", gzip.compress(json_lines(kept(_CONVERSIONS))))
    drop("session_costs", "costs.csv", delimited(kept(_COSTS)))
    folder = home / "landing" / "session_sources"
    folder.mkdir(parents=True, exist_ok=True)
    sqlite_database(
        folder / "s.db",
        session_sources=kept(_SESSIONS),
        conversions=kept(_CONVERSIONS),
        session_costs=kept(_COSTS),
    )


def is_not_hers(row: Row) -> bool:
    """A row that stays when she is erased."""
    text = "\n".join(row.values()).encode()
    return not any(pattern.search(text) for pattern in HERS)


def loaded(folder: Path, keep: Callable[[Row], bool] = lambda _: True) -> Home:
    """A home with these files loaded from landing."""
    home = Home(folder, **SETTINGS)
    drop_files(folder, keep)
    for outcome in ingest_landing(home.engine):
        assert outcome.error is None, outcome.error
    return home


def erased(home: Home, person: str = ADA) -> Erased:
    """Erase somebody, with figures rebuilt in this process and not by Dagster."""
    return erase(home.engine, looked_for(home, person), lambda: _publish(home), lambda _: None)


def looked_for(home: Home, person: str = ADA) -> Survey:
    """What is known of somebody."""
    return survey(home.engine, person, lambda _: None)


def _publish(home: Home) -> None:
    home.publish()


def land(home: Home, table: str, name: str, content: bytes) -> Outcome:
    """Load one file from landing."""
    folder = home.settings.landing_path / table
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    [outcome] = ingest_landing(home.engine)
    assert outcome.error is None, outcome.error
    return outcome


def hers_in(home: Path) -> dict[str, list[str]]:
    """Of each file under a folder, the words of hers in its bytes and in what it holds."""
    found = {
        str(path.relative_to(home)): [
            pattern.pattern.decode()
            for pattern in HERS
            if any(_is_in(pattern, content) for content in contents(path))
        ]
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }
    return {name: words for name, words in found.items() if words}


#: Where blocks begin in a file of DuckDB, their size, and that of the chained parts in those of
#: statistics, which follow eight bytes of checksum.
_HEADER, _BLOCK, _PART = 12_288, 262_144, 4_088


def _is_in(pattern: re.Pattern[bytes], content: bytes) -> bool:
    """Whether the text contains the words; another record's end may have been cut off."""
    database = content[8:12] == b"DUCK"
    return any(
        not (database and ((found.end() - _HEADER) % _BLOCK - 8) % _PART == 0)
        for found in pattern.finditer(content)
    )


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and all values of one that packs them."""
    raw = path.read_bytes()
    yield raw
    yield str(path).encode()
    if raw.startswith(b"\x1f\x8b"):
        yield zlib.decompressobj(wbits=31).decompress(raw)  # as far as it goes
    elif raw.startswith(b"SQLite format 3\0"):
        with closing(sqlite3.connect(path)) as database:
            for statement in database.iterdump():
                yield statement.encode(errors="surrogateescape")
            for (body,) in _bodies(database):
                yield zlib.decompress(body)
            for event in _events(database):
                yield decompressed(event).encode()
    elif raw.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            yield from map(archive.read, archive.namelist())
    elif raw.startswith(b"PAR1"):
        yield repr(pq.read_table(path).to_pylist()).encode()
    elif raw[8:12] == b"DUCK":
        with duckdb.connect(path, config={"python_enable_replacements": False}) as warehouse:
            tables = warehouse.execute(
                "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
            ).fetchall()
            for (table,) in tables:
                yield repr(warehouse.execute(f"SELECT * FROM {table}").fetchall()).encode()


def _bodies(database: sqlite3.Connection) -> list[tuple[bytes]]:
    """What Dagster keeps of jobs, packed."""
    try:
        rows: list[tuple[bytes]] = database.execute(
            "SELECT snapshot_body FROM snapshots"
        ).fetchall()
    except sqlite3.OperationalError:
        return []
    return rows


def _events(database: sqlite3.Connection) -> list[bytes]:
    """What Dagster keeps of events, compressed."""
    events: list[bytes] = []
    for column, table in (
        ("event", "event_logs"),
        ("last_materialization", "asset_keys"),
        ("evaluation_event", "asset_check_executions"),
    ):
        with suppress(sqlite3.OperationalError):
            cells = database.execute(f"SELECT {column} FROM {table}").fetchall()
            events += [cell for (cell,) in cells if isinstance(cell, bytes)]
    return events
