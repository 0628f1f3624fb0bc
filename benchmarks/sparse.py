"""A first whole run over few rows of many days: what empty partitions cost.

The same rows over thirty days are next to it. CPU seconds and wall seconds of whole processes, at
any scale.
"""

import statistics
from collections.abc import Mapping

from benchmarks.bench import Bench
from benchmarks.processes import Call, Measurement, in_turn, measure, tell
from benchmarks.results import Gate, Result, row

#: Six years, and a month.
_MANY, _FEW = 2_190, 30
#: Times the CPU seconds of the month; a run of this shape once took 193 seconds, and 495 MB.
_MOST_SLOWER = 3.0
#: A partition of a table keeps one event, of some 500 bytes with its place in the indexes.
_MOST_HISTORY_PER_PARTITION = 600


def run(bench: Bench) -> Result:
    """Measure both, in turns."""
    calls = {}
    rows = 0
    for days in (_FEW, _MANY):
        home = str(bench.folder / f"sparse_{days}")
        tell(f"loading few rows of {days:,} days")
        loaded = measure(Call("contenders.sparse:prepare", {"home": home, "days": days}))
        rows, start = loaded.facts["rows"], loaded.facts["start"]
        arguments = {"template": home, "home": f"{home}_copy", "how": "ltv run", "start": start}
        calls[f"{days:,} days"] = Call("contenders.orchestrated:run", arguments)
    measured = in_turn(calls, bench.repetitions)
    few, many = measured.values()
    facts, of_few = many[-1].facts, few[-1].facts
    gates = [
        Gate(
            f"{rows:,} rows, first run: {_MANY:,} days to {_FEW}, CPU seconds",
            _cpu(many) / _cpu(few),
            _MOST_SLOWER,
            False,
            "x",
        ),
        Gate(
            f"history of it per partition, {_MANY:,} days",
            facts["history_bytes"] / facts["partitions"],
            _MOST_HISTORY_PER_PARTITION,
            False,
            "bytes",
        ),
    ]
    return Result(
        "sparse",
        f"the first `ltv run` over {rows:,} rows that are loaded",
        {"rows": rows, "days": _MANY},
        [
            row(name, runs, against=statistics.median(r.seconds for r in few))
            for name, runs in measured.items()
        ],
        gates,
        [_history(name, runs[-1].facts) for name, runs in measured.items()]
        + [
            f"history of {_MANY:,} days is "
            f"{facts['history_bytes'] / of_few['history_bytes']:.1f} times that of {_FEW}"
        ],
    )


def _cpu(runs: list[Measurement]) -> float:
    return statistics.median(run.cpu_seconds for run in runs)


def _history(name: str, facts: Mapping[str, int]) -> str:
    return (
        f"over {name}, Dagster's history grew by {facts['history_bytes'] / 1e6:.1f} MB for "
        f"{facts['partitions']:,} partitions of all tables"
    )
