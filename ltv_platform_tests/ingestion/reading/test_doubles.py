"""Doubles of SQLite and Parquet: rounded to the scale of their column, because they have none."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform_tests.ingestion.rows.test_values import ROUND_IT
from ltv_platform_tests.testing.loader import Loader

DOUBLES = {
    0.1 + 0.2: "0.3",
    3.3000000000000003: "3.3",
    1 / 3: "0.333333",
    2.0**-7: "0.007812",
    3 * 2.0**-7: "0.023438",
    1e-7: "0",
    1e-5: "0.00001",
    1234567890.1234567: "1234567890.123457",
    123456789012.1: "123456789012.1",
}
#: Doubles that no rounding helps; both formats write them as Python does.
NO_COSTS = {
    float("inf"): "'inf' is not a number",
    -float("inf"): "'-inf' is not a number",
    1e12: "'1000000000000.0' has more than 12 digits before the point",
    1e300: "'1e+300' has more than 12 digits before the point",
}


def doubles_file(folder: Path, ending: str, columns: dict[str, list[object]]) -> Path:
    """A file of session_costs with native values."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"costs.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table(columns), path)
        return path
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE session_costs ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        rows = zip(*columns.values(), strict=True)
        connection.executemany(f"INSERT INTO session_costs VALUES ({marks})", rows)
        connection.commit()
    return path


@pytest.mark.parametrize("ending", ["db", "parquet"])
def test_doubles_are_rounded_to_the_scale(load: Loader, ending: str) -> None:
    """Nobody wrote their seventeenth digit. Non-numbers and too large values are still rejected."""
    costs: list[object] = [*DOUBLES, *NO_COSTS]
    ids: list[object] = [f"s{place}" for place in range(len(costs))]
    path = doubles_file(load.folder, ending, {"session_id": ids, "cost": costs})
    [outcome] = ingest(load.engine, [Request("session_costs", path)])
    assert outcome.error is None
    assert load.rows("SELECT cost FROM raw.session_costs ORDER BY line") == [
        (Decimal(cost),) for cost in DOUBLES.values()
    ]
    assert load.reasons() == [
        (line, [f"cost: {why}"]) for line, why in enumerate(NO_COSTS.values(), len(DOUBLES) + 1)
    ]


@pytest.mark.parametrize("ending", ["db", "parquet"])
def test_doubles_for_an_adapter_have_fifteen_digits(load: Loader, ending: str) -> None:
    """Its columns have no scale yet; a whole number may be an id, and keeps its digits."""
    adapter = load.write(
        "shop.sql", "-- table: session_costs\nSELECT number AS session_id, spent AS cost FROM file"
    )
    numbers: list[object] = [1234567890123456.0, 7.0, 0.1 + 0.7]
    path = doubles_file(
        load.folder, ending, {"number": numbers, "spent": [0.1 + 0.2, 3.3000000000000003, 1 / 3]}
    )
    [outcome] = ingest(load.engine, [Request("session_costs", path, str(adapter))])
    assert outcome.error is None
    assert load.rows("SELECT session_id, cost FROM raw.session_costs ORDER BY line") == [
        ("1234567890123456.0", Decimal("0.3")),
        ("7.0", Decimal("3.3")),
    ]
    assert load.reasons() == [
        (
            3,
            [f"cost: '0.333333333333333' has more than 6 decimals; {ROUND_IT}"],
        )
    ]


def test_texts_in_sqlite_are_not_rounded(load: Loader) -> None:
    """Somebody wrote that digit."""
    columns: dict[str, list[object]] = {"session_id TEXT": ["s1"], "cost TEXT": ["0.1234567"]}
    path = doubles_file(load.folder, "db", columns)
    ingest(load.engine, [Request("session_costs", path)])
    assert load.reasons() == [
        (
            1,
            [f"cost: '0.1234567' has more than 6 decimals; {ROUND_IT}"],
        )
    ]


def test_parquet_floats_keep_their_shortest_digits(load: Loader) -> None:
    """A 32-bit 16777.1 is not 16777.099609; NaN is not a number; a rate has eight decimals."""
    load.folder.mkdir(parents=True, exist_ok=True)
    costs, rates = load.folder / "costs.parquet", load.folder / "rates.parquet"
    floats = pa.array([16777.1, 1e-8, float("nan")], pa.float32())
    pq.write_table(pa.table({"session_id": ["s1", "s2", "s3"], "cost": floats}), costs)
    pq.write_table(
        pa.table({"date": ["2025-06-01"], "currency": ["EUR"], "rate": [1.0873 + 2e-16]}), rates
    )
    ingest(load.engine, [Request("session_costs", costs), Request("fx_rates", rates)])
    assert load.rows("SELECT cost FROM raw.session_costs ORDER BY line") == [
        (Decimal("16777.1"),),
        (Decimal(0),),
    ]
    assert load.reasons() == [(3, ["cost: 'nan' is not a number"])]
    assert load.rows("SELECT rate FROM raw.fx_rates") == [(Decimal("1.0873"),)]
