"""Publish: everything written, and then nothing changed; what is linked costs no copying."""

from benchmarks.bench import Bench
from benchmarks.processes import Call, in_turn, median_of
from benchmarks.results import Gate, Result, row

_FIRST = "first publish"
_AGAIN = "nothing changed"


def run(bench: Bench) -> Result:
    """Publish the shared history again and again."""
    history = bench.history()
    arguments = {"home": str(history.home), "last": history.last}
    measured = in_turn(
        {
            _FIRST: Call("contenders.platform:publish", {**arguments, "anew": True}),
            _AGAIN: Call("contenders.platform:publish", {**arguments, "anew": False}),
        },
        bench.repetitions,
    )
    first = median_of(measured[_FIRST])
    rows = [row(name, runs, against=first) for name, runs in measured.items()]
    copied = max(run_.facts["table_bytes_written"] for run_ in measured[_AGAIN])
    gates = [Gate("bytes of tables copied when nothing changed", copied, 0, False, "bytes")]
    facts = measured[_FIRST][-1].facts
    again = measured[_AGAIN][-1].facts
    notes = [
        f"the first wrote {facts['parts_written']} files with {facts['bytes_written']:,} bytes; "
        f"again, {again['parts_linked']} were linked (same inode), and the "
        f"{again['parts_written']} of loads, quarantine and staleness written again "
        f"with {again['bytes_written']:,} bytes"
    ]
    title = f"{facts['rows']:,} rows in {facts['tables']} tables"
    return Result("publish", title, {"rows": int(facts["rows"])}, rows, gates, notes)
