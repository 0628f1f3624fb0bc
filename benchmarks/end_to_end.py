"""End to end through the command line: files in landing, ``ltv ingest``, ``ltv run``, a query."""

import shutil

from benchmarks.bench import Bench
from benchmarks.data import SOURCES
from benchmarks.processes import Call, ContenderError, measure, tell
from benchmarks.results import Result, row

#: From this scale on, one run says enough for minutes of work.
_LARGE = 50


def run(bench: Bench) -> Result:
    """Measure, and compare the answer with the files."""
    folder = bench.folder / "end_to_end"
    repetitions = 1 if bench.scale.factor >= _LARGE else bench.repetitions
    span = {"scale": bench.scale.factor, "first": 0, "last": bench.days - 1, "sources": SOURCES}
    runs, files = [], str(folder / "files")
    tell("writing files")
    rows = {
        name: int(count)
        for name, count in measure(
            Call("homes:write_files", {"folder": files, **span})
        ).facts.items()
    }
    wanted = measure(Call("contenders.by_hand:totals_of_files", {"folder": files})).facts["totals"]
    for _ in range(repetitions):
        home = str(folder / "home")
        arguments = {"files": files, "home": home, "last": bench.days - 1}
        runs.append(measure(Call("contenders.platform:end_to_end", arguments)))
        tell(f"end to end: {runs[-1].seconds:.1f} s")
        if runs[-1].facts["totals"] != wanted:
            raise ContenderError(
                f"published are installs and revenue {runs[-1].facts['totals']}, "
                f"the files have {wanted}"
            )
    shutil.rmtree(folder)
    total = sum(rows.values())
    title = f"{total:,} rows in nine files, {bench.days} days"
    table = [row("ltv ingest, ltv run, ltv query", runs, rows=total)]
    notes = [] if repetitions == bench.repetitions else ["measured once: it takes minutes"]
    return Result("end_to_end", title, rows, table, [], notes)
