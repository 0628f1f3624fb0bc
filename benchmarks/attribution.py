"""Attribution: channel totals, Markov, local IHC and the journey join; peers on the same touches.

Scale 100 is 1M journeys of 4M sessions on 20 channels.
"""

from importlib.util import find_spec

from benchmarks.bench import Bench
from benchmarks.contenders.journeys import agree
from benchmarks.processes import Call, in_turn, measure, median_of
from benchmarks.results import Gate, Result, row

_JOURNEYS_PER_SCALE = 10_000
_HEURISTICS = "heuristics to channel totals"
_MARKOV = "Markov, order 1"
_IHC = "local IHC"
_JOIN = "journey join, a quarter of the conversions"
_PEER = "ChannelAttribution: paths, heuristics, Markov"
#: Theirs is a simulation, which stops at a half per cent.
_SIMULATED = 0.005


def run(bench: Bench) -> Result:
    """Measure, and compare the totals of all contenders."""
    file = bench.folder / "journeys.duckdb"
    journeys = max(1_000, round(bench.scale.factor * _JOURNEYS_PER_SCALE))
    made = measure(
        Call("contenders.journeys:make", {"file": str(file), "journeys": journeys})
    ).facts
    functions = {
        _HEURISTICS: "platform_heuristics",
        "marts.attribution, written": "platform_table",
        _MARKOV: "platform_markov_of_order_1",
        "Markov, orders 1 to 3": "platform_markov",
        _IHC: "platform_ihc",
        _JOIN: "platform_join",
        "pandas: sort, heuristics, Markov": "pandas_models",
    }
    notes = []
    if find_spec("ChannelAttribution"):
        functions[_PEER] = "channel_attribution"
    else:
        notes.append("ChannelAttribution (GPL) is not installed; make bench-peers brings it.")
    calls = {
        name: Call(f"contenders.journeys:{function}", {"file": str(file)})
        for name, function in functions.items()
    }
    measured = in_turn(calls, bench.repetitions)
    agree({name: runs[-1].facts for name, runs in measured.items()}, _tolerance)
    file.unlink()
    limits = {_HEURISTICS: 1.5, _MARKOV: 1.5, _IHC: 6.0, _JOIN: 2.0}
    gates = [
        Gate(name, median_of(measured[name]), limit, False, "s") for name, limit in limits.items()
    ]
    sizes = {name: int(count) for name, count in made.items()}
    title = f"{sizes['journeys']:,} journeys, {sizes['touches']:,} sessions"
    return Result(
        "attribution", title, sizes, [row(n, r) for n, r in measured.items()], gates, notes
    )


def _tolerance(contender: str, model: str) -> float:
    return _SIMULATED if contender == _PEER and model == "markov" else 1e-6
