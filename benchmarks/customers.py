"""Customer tables: each against the group-by or join that it needs at least; fits of the models.

Scale 100 is 1M customers and 10M transactions.
"""

from importlib.util import find_spec

from benchmarks.bench import Bench
from benchmarks.contenders.customers import BARE
from benchmarks.processes import Call, ContenderError, Measurement, in_turn, measure, median_of
from benchmarks.results import Gate, Result, row

_CUSTOMERS_PER_SCALE = 10_000
_PLATFORM = "ltv-platform"
_BARE = "bare group-bys and joins"
_FIT = "BG/NBD fit of counted histories"
_PEER = "the same by lifetimes"
#: The engine's part of two gigabytes; the interpreter and its libraries take the rest.
_LIMIT = "1600MB"
#: Their time is spent in models, which no group-by represents.
_FITTED = ("marts.forecast_models", "marts.purchase_forecasts", "marts.forecast_backtest")
#: Made of few sums: planning takes longer than any of the work.
_SUMMED = ("marts.customer_cohort_curve", "marts.customer_retention")
#: Both stop when the likelihood is flat to the eighth digit.
_SAME = 1e-3


def run(bench: Bench) -> Result:
    """Measure; totals are checked in every run, fitted parameters against each other."""
    file, histories = (
        str(bench.folder / name) for name in ("customers.duckdb", "histories.parquet")
    )
    customers = max(2_000, round(bench.scale.factor * _CUSTOMERS_PER_SCALE))
    made = measure(
        Call(
            "contenders.customers:make",
            {"file": file, "histories": histories, "customers": customers},
        )
    )
    tables = {"file": file, "tables": list(BARE), "memory_limit": _LIMIT}
    calls = {
        # First, because the bare statements read tables that it writes.
        _PLATFORM: Call("contenders.customers:platform", tables),
        _BARE: Call("contenders.customers:bare", tables),
        _FIT: Call("contenders.customers:fit_ours", {"histories": histories}),
    }
    notes = []
    if find_spec("lifetimes"):
        calls[_PEER] = Call("contenders.customers:fit_lifetimes", {"histories": histories})
    else:
        notes.append("lifetimes is not installed; make bench-peers brings it")
    measured = in_turn(calls, bench.repetitions)
    gates = _gates(measured)
    sizes = {name: int(count) for name, count in made.facts.items()}
    title = f"{sizes['customers']:,} customers, {sizes['transactions']:,} transactions"
    rows = [row(name, runs) for name, runs in measured.items()]
    return Result("customers", title, sizes, rows, gates, notes)


def _gates(measured: dict[str, list[Measurement]]) -> list[Gate]:
    gates = [
        Gate(
            f"{table} against its bare statement",
            _step(measured[_PLATFORM], table) / _step(measured[_BARE], table),
            2.0,
            False,
            "x",
        )
        for table in BARE
        if table not in (*_FITTED, *_SUMMED)
    ]
    gates.append(
        Gate(
            f"peak memory of all customer tables, LTV_MEMORY_LIMIT={_LIMIT}",
            max(run.peak_bytes for run in measured[_PLATFORM]),
            2 * 1024**3,
            False,
            "bytes",
        )
    )
    ours = median_of(measured[_FIT])
    gates.append(Gate("fit after counting", ours, 1.0, False, "s"))
    if _PEER in measured:
        _agree(*(measured[name][-1].facts["parameters"] for name in (_FIT, _PEER)))
        gates.append(Gate("lifetimes against it", median_of(measured[_PEER]) / ours, 8, True, "x"))
    return gates


def _step(runs: list[Measurement], table: str) -> float:
    return sorted(run.steps[table] for run in runs)[len(runs) // 2]


def _agree(ours: dict[str, float], theirs: dict[str, float]) -> None:
    for name, value in theirs.items():
        if abs(value - ours[name]) > _SAME * value:
            raise ContenderError(f"{name} is {ours[name]}, by lifetimes {value}")
