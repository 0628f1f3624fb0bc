"""What a run costs besides its work: ``ltv run`` and a plain loop over the same tables.

CPU seconds of whole processes, on the bundled sample, at any scale.
"""

import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.bench import Bench
from benchmarks.processes import Call, Measurement, in_turn, measure, tell
from benchmarks.results import Gate, Result, row

_LOOP, _RUN = "plain loop", "ltv run"
#: Bytes of history that a refresh may add, and per partition that it rewrote.
_HISTORY, _PER_PARTITION = 500_000, 400
#: First partition that makes three thousand of them, of which most are empty.
LONG_AGO = "2018-09-13"


def run(bench: Bench) -> Result:
    """Measure, in turns."""
    home = str(bench.folder / "orchestration")
    tell("loading the sample and building all days but the last")
    measure(Call("contenders.orchestrated:prepare", {"home": home}))
    whole = _side_by_side(bench, home)
    day = _side_by_side(bench, f"{home}_built")
    nothing = [
        measure(Call("contenders.orchestrated:nothing", {"home": f"{home}_fresh"}))
        for _ in range(bench.repetitions)
    ]
    tell(f"preparing three thousand partitions, from {LONG_AGO} on")
    long = f"{home}_long"
    measure(Call("contenders.orchestrated:prepare", {"home": long, "start": LONG_AGO}))
    many = in_turn({_RUN: _call(f"{long}_built", _RUN, start=LONG_AGO)}, bench.repetitions)

    table = []
    for what, measured in (("whole sample", whole), ("a new day", day)):
        table += [row(f"{what}: {name}", runs) for name, runs in measured.items()]
    table.append(row("a new day of 3,000 partitions: ltv run", many[_RUN]))
    gates = [
        _ratio("whole sample: ltv run to the plain loop", whole, 1.5),
        _ratio("a new day: ltv run to the plain loop", day, 1.7),
        Gate(
            "nothing stale: ltv run to its imports",
            _cpu_of(nothing, "nothing stale") / _cpu_of(nothing, "imports"),
            3.0,
            False,
            "x",
        ),
        _history("history of the whole sample", whole[_RUN][-1].facts),
        _history("history of a new day", day[_RUN][-1].facts),
        Gate(
            "a new day: 3,000 partitions to 698, CPU seconds",
            _cpu(many[_RUN]) / _cpu(day[_RUN]),
            1.5,
            False,
            "x",
        ),
    ]
    notes = ["ratios are of CPU seconds of whole processes, medians"]
    facts = day[_RUN][-1].facts
    return Result(
        "orchestration",
        f"the bundled sample; a new day rewrites {facts['partitions']} partitions",
        {"partitions": int(whole[_RUN][-1].facts["partitions"])},
        table,
        gates,
        notes,
    )


def _call(template: str, how: str, **further: str) -> Call:
    arguments = {"template": template, "home": f"{template}_copy", "how": how, **further}
    return Call("contenders.orchestrated:run", arguments)


def _side_by_side(bench: Bench, template: str) -> Mapping[str, list[Measurement]]:
    return in_turn({how: _call(template, how) for how in (_LOOP, _RUN)}, bench.repetitions)


def _cpu(runs: list[Measurement]) -> float:
    return statistics.median(run.cpu_seconds for run in runs)


def _cpu_of(runs: list[Measurement], step: str) -> float:
    return statistics.median(run.cpu_steps[step] for run in runs)


def _ratio(what: str, measured: Mapping[str, list[Measurement]], limit: float) -> Gate:
    return Gate(what, _cpu(measured[_RUN]) / _cpu(measured[_LOOP]), limit, False, "x")


def _history(what: str, facts: Mapping[str, Any]) -> Gate:
    limit = _HISTORY + _PER_PARTITION * facts["partitions"]
    return Gate(what, facts["history_bytes"], limit, False, "bytes")
