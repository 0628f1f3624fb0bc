"""Ingest: a CSV file of transactions into the log, validated, against readers that check nothing.

The platform copies and hashes the file, keeps line numbers, types and judges every value, looks
each key up in the log and commits rows, quarantine and bookkeeping as one. Peers read the same
file with the same types into one DuckDB table.
"""

from importlib.util import find_spec
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.data import DAYS
from benchmarks.processes import Call, ContenderError, in_turn, measure, median_of, tell
from benchmarks.results import Gate, Result, row

#: Rows of the file, if the scale has that many in as many days as the log holds.
_ROWS = 2_000_000
_FLOOR = "DuckDB read_csv, nothing checked"
_EMPTY = "ltv-platform, empty log"
_ADAPTED = "ltv-platform, empty log, through an adapter"
#: Declares the columns that money and days depend on, as adapters of exports do.
_ADAPTER = """\
-- needs: transaction_id
-- needs: customer_id
-- needs: transaction_date (date)
-- needs: amount (number)
-- takes: is_refund
-- takes: order_id
-- takes: product_category
-- takes: transaction_type
-- takes: payment_method
-- takes: currency
-- takes: updated_at (date)
-- table: transactions
SELECT * FROM file
"""
_PURCHASES_PER_CUSTOMER = 6


def run(bench: Bench) -> Result:
    """Measure, and compare the contents of the tables."""
    folder = bench.folder / "ingest"
    rows_per_day = _PURCHASES_PER_CUSTOMER * bench.scale.customers / DAYS
    last = bench.days - 1 + max(1, min(bench.days, round(_ROWS / rows_per_day)))
    scale = bench.scale.factor
    tell("writing a file and filling a log")
    span = {"scale": scale, "first": bench.days, "last": last, "sources": ["transactions"]}
    written = measure(Call("homes:write_files", {"folder": str(folder / "files"), **span}))
    log = folder / "log"
    before = {"scale": scale, "first": 0, "last": bench.days - 1, "sources": ["transactions"]}
    filled = measure(Call("homes:fill", {"home": str(log), **before}))
    rows, logged = int(written.facts["transactions"]), int(filled.facts["transactions"])

    (folder / "adapter.sql").write_text(_ADAPTER)
    onto = f"ltv-platform, log of {logged:,} rows"
    contenders = _contenders(folder, last, onto)
    measured = in_turn(contenders, bench.repetitions)
    for name, runs in measured.items():
        for run_ in runs:
            for column, seen in run_.facts.items():
                wanted = measured[_FLOOR][0].facts[column]
                if seen != wanted:
                    raise ContenderError(f"{name} differs from {_FLOOR} in {column}")
    floor = median_of(measured[_FLOOR])
    table = [row(name, runs, against=floor, rows=rows) for name, runs in measured.items()]
    rates = {entry.name: entry.rate or 0.0 for entry in table}
    gates = [
        Gate("validated ingest into an empty log", rates[_EMPTY], 600_000, True, "rows/s"),
        Gate(f"validated ingest onto {logged:,} rows", rates[onto], 400_000, True, "rows/s"),
    ]
    title = f"a file of {rows:,} transactions"
    profile = measure(Call("profiles:statements", contenders[onto].arguments))
    sizes = {"rows": rows, "log": logged}
    return Result("ingest", title, sizes, table, gates, profile=profile.facts)


def _contenders(folder: Path, last: int, onto: str) -> dict[str, Call]:
    file = str(folder / "files" / "transactions.csv")

    def peer(module: str) -> Call:
        target = str(folder / f"{module}.duckdb")
        return Call(f"contenders.{module}:ingest", {"file": file, "target": target})

    ours = {"file": file, "home": str(folder / "home"), "last": last}
    contenders = {
        _FLOOR: peer("by_hand"),
        _EMPTY: Call("contenders.platform:ingest", ours),
        _ADAPTED: Call(
            "contenders.platform:ingest", {**ours, "adapter": str(folder / "adapter.sql")}
        ),
        onto: Call("contenders.platform:ingest", {**ours, "log": str(folder / "log")}),
        "pandas read_csv, nothing checked": peer("pandas_frames"),
    }
    if find_spec("polars"):
        contenders["Polars read_csv, nothing checked"] = peer("polars_frames")
    return contenders
