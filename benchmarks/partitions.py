"""Two years of daily partitions, and eight: what the definitions take, and a look at what is stale.

The checks are those of the refresh sensor, on the bundled sample, at any scale. Pages of as
many partitions are opened by ``make test-browser``.
"""

from benchmarks.bench import Bench
from benchmarks.orchestration import LONG_AGO
from benchmarks.processes import Call, Measurement, measure, tell
from benchmarks.results import Gate, Result, Row

#: CPU seconds that a look may take; others may be at work on the machine.
_MOST = 2.0
_STEPS = ("definitions", "first look", "next look")


def run(bench: Bench) -> Result:
    """Measure each home as often as there are repetitions; the median of the looks counts."""
    rows, gates, counts = [], [], {}
    for name, start in (("short", ""), ("long", LONG_AGO)):
        home = str(bench.folder / f"partitions_{name}")
        tell(f"building the sample, from {start or 'its own first day'} on")
        measure(Call("contenders.orchestrated:prepare", {"home": home, "start": start}))
        for state in ("nothing stale", "a day stale"):
            stale = state == "a day stale"
            arguments = {
                "home": f"{home}_built" if stale else f"{home}_fresh",
                "start": start,
                "stale": stale,
                "count": bench.repetitions,
            }
            measured = measure(Call("contenders.sensed:looks", arguments))
            partitions = measured.facts["partitions"]
            counts[f"{name}_partitions"] = partitions
            row = _row(f"{partitions:,} partitions, {state}", measured)
            rows.append(row)
            if name == "long":
                gates += [
                    Gate(f"{row.name}: {step}, CPU", row.steps[f"{step}, CPU"], _MOST, False, "s")
                    for step in _STEPS[1:]
                ]
    title = "what the definitions take, and a look of the refresh sensor"
    return Result("partitions", title, counts, rows, gates)


def _row(name: str, measured: Measurement) -> Row:
    looks = [step for step in measured.steps if step.startswith("look ")]
    middle = sorted(looks, key=lambda step: measured.steps[step])[len(looks) // 2]
    kept = ("definitions", "first look", middle)
    return Row(
        name=name,
        seconds=sum(measured.steps[step] for step in kept),
        all_seconds=[measured.steps[step] for step in looks],
        cpu_seconds=sum(measured.cpu_steps[step] for step in kept),
        peak_bytes=measured.peak_bytes,
        baseline_bytes=measured.baseline_bytes,
        steps={shown: measured.steps[step] for shown, step in zip(_STEPS, kept, strict=True)}
        | {
            f"{shown}, CPU": measured.cpu_steps[step]
            for shown, step in zip(_STEPS, kept, strict=True)
        },
        facts=measured.facts,
    )
