"""Serve: questions to pipes, beside bare statements on the same files, and over HTTP."""

from benchmarks.bench import Bench
from benchmarks.processes import Call, ContenderError, Measurement, in_turn, measure, median_of
from benchmarks.results import Gate, Result, row

_BY_HAND, _PIPES, _SERVED = "bare statements", "pipes", "pipes over HTTP"
_FIRST, _AGAIN = "for the first time", "again"
#: How long clients ask.
_SECONDS = 20.0


def run(bench: Bench) -> Result:
    """Ask about the shared history."""
    history = bench.history()
    arguments = {"home": str(history.home), "last": history.last}
    measure(Call("contenders.platform:publish", {**arguments, "anew": True}))
    measured = in_turn(
        {
            _BY_HAND: Call("contenders.asked:by_hand", arguments),
            _PIPES: Call("contenders.asked:pipes", arguments),
        },
        bench.repetitions,
    )
    answered = {name: runs[-1].facts["rows"] for name, runs in measured.items()}
    if len(set(answered.values())) > 1:
        raise ContenderError(f"different numbers of rows are answered: {answered}")
    served = measure(Call("contenders.asked:served", {**arguments, "seconds": _SECONDS}))
    bare = median_of(measured[_BY_HAND])
    rows = [row(name, runs, against=bare) for name, runs in measured.items()]
    rows.append(row(_SERVED, [served]))
    facts = served.facts
    gates = [
        Gate("questions asked for the first time", _ratio(measured, _FIRST, bare), 2.0, False, "x"),
        Gate("questions asked again", _ratio(measured, _AGAIN, bare), 0.2, False, "x"),
        Gate("median over HTTP while publishing", facts["p50_ms"], 10, False, "ms"),
        Gate("99 % over HTTP while publishing", facts["p99_ms"], 60, False, "ms"),
        Gate("errors over HTTP while publishing", facts["errors"], 0, False, ""),
    ]
    notes = [
        f"{facts['requests']:,.0f} requests of two clients in {_SECONDS:.0f} s, while another "
        "process published every 5 s; a pipe answers all of its columns as JSON, a bare statement "
        "the main ones"
    ]
    questions = measured[_PIPES][-1].facts["questions"]
    title = f"{questions} questions about {bench.scale.customers:,} customers"
    return Result("serving", title, {"customers": bench.scale.customers}, rows, gates, notes)


def _ratio(measured: dict[str, list[Measurement]], step: str, bare: float) -> float:
    return median_of(measured[_PIPES], step) / bare
