"""Cohort LTV: one table with nine horizons, payers, refunds and retention, written whole.

The platform and the hand-written statement read and write the same DuckDB file. pandas and
Polars read the same rows as Parquet, money in whole numbers, and keep the result in memory.
"""

from importlib.util import find_spec
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.contenders.cohort_shape import KEY, MONEY
from benchmarks.processes import Call, in_turn, measure, median_of
from benchmarks.results import Gate, Result, row

_BY_HAND = "one statement by hand"
_PLATFORM = "ltv-platform"
#: The engine's part of two gigabytes; the interpreter and its libraries take the rest.
_LIMIT = "1600MB"
_LIMITED = f"ltv-platform, LTV_MEMORY_LIMIT={_LIMIT}"


def run(bench: Bench) -> Result:
    """Measure, and compare the results of every round."""
    history = bench.history()
    folder = bench.folder / "cohorts"
    home, core = str(history.home), str(folder / "core")
    exported = measure(
        Call("homes:export_core", {"home": home, "folder": core, "last": history.last})
    )
    contenders = _contenders(home, core, history.last, folder)

    def compare() -> None:
        files = [str(call.arguments["result"]) for call in contenders.values()]
        names = list(contenders)
        measure(
            Call("compare:same_rows", {"names": names, "files": files, "key": KEY, "money": MONEY})
        )

    measured = in_turn(contenders, bench.repetitions, compare)
    by_hand, ours = median_of(measured[_BY_HAND]), median_of(measured[_PLATFORM])
    rows = [row(name, runs, against=by_hand) for name, runs in measured.items()]
    gates = [
        Gate("cohort table against the statement by hand", ours / by_hand, 1.15, False, "x"),
        Gate(
            "pandas against the cohort table", median_of(measured["pandas"]) / ours, 10, True, "x"
        ),
        Gate(
            f"peak memory of the cohort table, LTV_MEMORY_LIMIT={_LIMIT}",
            max(run.peak_bytes for run in measured[_LIMITED]),
            2 * 1024**3,
            False,
            "bytes",
        ),
    ]
    sizes = {name: int(count) for name, count in exported.facts.items()}
    title = f"{sizes['customers']:,} customers, {sizes['transactions']:,} transactions"
    notes = [] if find_spec("polars") else ["Polars is not installed; make bench brings it."]
    profile = measure(Call("profiles:operators", {"home": home, "last": history.last}))
    return Result("cohorts", title, sizes, rows, gates, notes, profile.facts)


def _contenders(home: str, core: str, last: int, folder: Path) -> dict[str, Call]:
    def result(name: str) -> str:
        return str(folder / f"{name}.parquet")

    warehouse = str(Path(home) / "warehouse.duckdb")
    ours = {"home": home, "last": last}
    contenders = {
        _BY_HAND: Call(
            "contenders.by_hand:cohorts", {"warehouse": warehouse, "result": result("by_hand")}
        ),
        _PLATFORM: Call("contenders.platform:cohorts", {**ours, "result": result("ours")}),
        _LIMITED: Call(
            "contenders.platform:cohorts",
            {**ours, "result": result("limited"), "memory_limit": _LIMIT},
        ),
        "pandas": Call(
            "contenders.pandas_frames:cohorts", {"folder": core, "result": result("pandas")}
        ),
    }
    if find_spec("polars"):
        contenders["Polars"] = Call(
            "contenders.polars_frames:cohorts", {"folder": core, "result": result("polars")}
        )
    return contenders
