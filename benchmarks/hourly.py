"""Refreshes in a row, each after one event more: history stays small, and none gets slower.

`python -m benchmarks hourly --refreshes 200` is what eight days of hourly files do to a home. CPU
seconds of whole processes, on the bundled sample, at any scale.
"""

import statistics
from itertools import pairwise

from benchmarks.bench import Bench
from benchmarks.processes import Call, Measurement, measure, tell
from benchmarks.results import Gate, Result, Row

#: The refresh that the last is compared with: caches are filled, and history has begun.
_EARLY = 10
#: CPU seconds of one process differ by a tenth for no reason, so neighbors are taken along.
_NEIGHBORS = 5
_MOST_HISTORY = 200e6
_MOST_SLOWER = 1.2


def run(bench: Bench) -> Result:
    """Measure as many refreshes as the bench says."""
    home = str(bench.folder / "hourly")
    tell("loading the sample and building all days but the last")
    measure(Call("contenders.orchestrated:prepare", {"home": home}))
    count = max(bench.refreshes, _EARLY + _NEIGHBORS)
    tell(f"{count} refreshes, each after one event more")
    arguments = {"template": f"{home}_fresh", "home": f"{home}_hourly", "count": count}
    hourly = measure(Call("contenders.orchestrated:refreshes", arguments))

    sizes = hourly.facts["history_bytes"]
    shown = sorted({_EARLY, *range(100, count, 100), count})
    rows = [_row(hourly, number, sizes[number]) for number in shown]
    gates = [
        Gate(
            f"refresh {count} to refresh {_EARLY}, CPU seconds",
            rows[-1].cpu_seconds / rows[0].cpu_seconds,
            _MOST_SLOWER,
            False,
            "x",
        ),
        Gate(f"history after {count} refreshes", max(sizes), _MOST_HISTORY, False, "bytes"),
    ]
    notes = [
        f"of each {_NEIGHBORS} refreshes up to that one, or around the first, the median",
        "history in MB: " + ", ".join(f"{sizes[n] / 1e6:.1f} after {n}" for n in (0, *shown)),
        *(
            f"from {one} to {other} it grew by {(sizes[other] - sizes[one]) / (other - one):,.0f} "
            "bytes a refresh"
            for one, other in pairwise(shown)
        ),
    ]
    title = "refreshes in a row, each of which rewrites what one event touches"
    return Result("hourly", title, {"refreshes": count}, rows, gates, notes)


def _row(hourly: Measurement, number: int, history: int) -> Row:
    last = number + _NEIGHBORS // 2 if number == _EARLY else number
    steps = [f"refresh {n}" for n in range(last - _NEIGHBORS + 1, last + 1)]
    seconds = [hourly.steps[step] for step in steps]
    return Row(
        name=f"refresh {number}",
        seconds=statistics.median(seconds),
        all_seconds=seconds,
        cpu_seconds=statistics.median(hourly.cpu_steps[step] for step in steps),
        peak_bytes=hourly.peak_bytes,
        baseline_bytes=hourly.baseline_bytes,
        steps={},
        facts={"history_bytes": history},
    )
