"""Files of every format with bytes flipped, cut off or inserted: the error names the file."""

import gzip
import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltv_platform.ingestion.landing import ingest_landing, make_landing
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.testing.loader import Loader, assert_adds_up
from ltv_platform_tests.testing.workbooks import sheet_of, workbook

#: Mutated files of each format that the engine reads itself, and of the others.
FILES, FEWER = 300, 60
_ROWS = [(f"t{n}", f"c{n % 7}", f"2025-01-{1 + n % 28:02d} 10:00:00", n * 1.1) for n in range(120)]
_COLUMNS = ("transaction_id", "customer_id", "transaction_date", "amount")


def _csv(path: Path) -> None:
    lines = [",".join(_COLUMNS), *(f'{a},"{b}",{c},{d:.2f}' for a, b, c, d in _ROWS)]
    path.write_text("\n".join(lines) + "\n")


def _gzip(path: Path) -> None:
    _csv(path)
    path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def _ndjson(path: Path) -> None:
    path.write_text("".join(json.dumps(dict(zip(_COLUMNS, r, strict=True))) + "\n" for r in _ROWS))


def _json(path: Path) -> None:
    path.write_text(json.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in _ROWS]))


def _sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE transactions ({', '.join(_COLUMNS)})")
        connection.executemany("INSERT INTO transactions VALUES (?, ?, ?, ?)", _ROWS)
        connection.commit()


def _xlsx(path: Path) -> None:
    rows = [(a, b, datetime.fromisoformat(c), round(d, 2)) for a, b, c, d in _ROWS]
    path.write_bytes(workbook({"June": sheet_of([_COLUMNS, *rows])}))


def _parquet(compression: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        ids, customers, moments, amounts = zip(*_ROWS, strict=True)
        times = pa.array([datetime.fromisoformat(m) for m in moments], pa.timestamp("us"))
        table = pa.table(dict(zip(_COLUMNS, (ids, customers, times, amounts), strict=True)))
        pq.write_table(table, path, compression=compression)

    return write


FORMATS = {
    "csv": _csv,
    "csv.gz": _gzip,
    "ndjson": _ndjson,
    "json": _json,
    "db": _sqlite,
    "xlsx": _xlsx,
    "snappy.parquet": _parquet("snappy"),
    "zstd.parquet": _parquet("zstd"),
}


def _mutated(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    how = chance.random()
    if how < 0.6:
        for _ in range(chance.choice((1, 1, 2, 5, 20))):
            # The end of a Parquet file says how all else is read.
            end = chance.randrange(min(len(changed), 900)) + 1
            place = chance.choice((chance.randrange(len(changed)), len(changed) - end))
            changed[place] = chance.randrange(256)
    elif how < 0.8:
        del changed[chance.randrange(1, len(changed)) :]
    else:
        place = chance.randrange(len(changed))
        changed[place : place + chance.randrange(50)] = chance.randbytes(chance.randrange(50))
    return bytes(changed)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_damaged_file_is_the_files_fault(load: Loader, ending: str) -> None:
    """Regression: of a few hundred damaged Parquet files ninety were called a defect of ours."""
    load.folder.mkdir(parents=True, exist_ok=True)
    original = load.folder / f"original.{ending}"
    FORMATS[ending](original)
    content = original.read_bytes()
    chance = random.Random(45)
    paths = []
    for number in range(FILES if ending.endswith("parquet") else FEWER):
        paths.append(load.folder / f"mutated_{number}.{ending}")
        paths[-1].write_bytes(_mutated(chance, content))
    outcomes = ingest(load.engine, [Request("transactions", path) for path in paths])
    refused = [outcome for outcome in outcomes if outcome.error is not None]
    for outcome in refused:
        assert outcome.counts is None
        assert outcome.request.path.name in outcome.error.message  # type: ignore[union-attr]
        assert outcome.error.hint  # type: ignore[union-attr]
    for outcome in outcomes:
        if outcome.counts is not None and not outcome.repeated:
            assert_adds_up(outcome.counts)
    [whole] = ingest(load.engine, [Request("transactions", original)])
    assert whole.counts is not None
    assert whole.counts.rows_in_file == len(_ROWS)
    loads = len(outcomes) + 1 - len(refused) - sum(outcome.repeated for outcome in outcomes)
    assert load.rows("SELECT COUNT(*) FROM raw.loads") == [(loads - whole.repeated,)]


def test_a_damaged_file_in_landing_stops_nobody(load: Loader) -> None:
    """Regression: one damaged Parquet file kept every other file of every table out."""
    settings = load.engine.settings
    make_landing(settings, list(load.engine.catalog.sources))
    good = settings.landing_path / "transactions"
    FORMATS["snappy.parquet"](good / "b.parquet")
    whole = (good / "b.parquet").read_bytes()
    (good / "a.parquet").write_bytes(whole[:8] + b"\xff" * 200 + whole[208:])
    (good / "c.parquet").write_bytes(whole[: len(whole) // 2])
    (settings.landing_path / "customers" / "c.csv").write_text(
        "customer_id,registration_date\nc1,2025-01-01\n"
    )
    outcomes = {outcome.request.path.name: outcome for outcome in ingest_landing(load.engine)}
    assert [outcomes[name].counts is not None for name in ("b.parquet", "c.csv")] == [True, True]
    for name in ("a.parquet", "c.parquet"):
        error = outcomes[name].error
        assert error is not None
        assert f"{name} is not a Parquet file, or a damaged one" in error.message
        assert (good / name).exists()
