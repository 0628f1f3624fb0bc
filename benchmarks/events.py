"""Events: acknowledged rows per second of ``ltv serve``, against a bare ASGI handler.

The server splits and judges the rows, and answers when they are flushed to the disk; one flush
serves the requests of all connections. The bare handler parses the rows and writes them to a file,
without a flush and without a look at what they are. The client shares the cores with the server.
"""

from benchmarks.bench import Bench
from benchmarks.processes import Call, ContenderError, Measurement, in_turn, median_of
from benchmarks.results import Gate, Result, row

#: Rows per request, requests at scale 1, and connections.
_SINGLE, _BATCH = (1, 20_000, 64), (1_000, 500, 8)
_BARE, _OURS = "bare ASGI handler", "ltv serve"


def run(bench: Bench) -> Result:
    """Measure, and compare how many rows are on disk."""
    table, gates = [], []
    for batch, requests, connections in (_SINGLE, _BATCH):
        sent = max(connections, round(requests * min(1.0, bench.scale.factor)))
        what = f"{batch:,} rows" if batch > 1 else "1 row"
        names = {f"{name}, {what} per request": name == _BARE for name in (_BARE, _OURS)}
        calls = {
            name: Call(
                "contenders.receiving:send",
                {
                    "bare": bare,
                    "folder": str(bench.folder / "events" / f"{batch}_{bare}"),
                    "batch": batch,
                    "connections": connections,
                    "requests": sent,
                },
            )
            for name, bare in names.items()
        }
        measured = in_turn(calls, bench.repetitions)
        bare_runs, own_runs = measured.values()
        _compare(bare_runs, own_runs)
        floor = median_of(bare_runs)
        table += [
            row(name, runs, against=floor, rows=batch * sent) for name, runs in measured.items()
        ]
        rate = table[-1].rate or 0.0
        least, unit = (2_500, "requests/s") if batch == 1 else (200_000, "rows/s")
        gates.append(Gate(f"acknowledged, {what} per request", rate, least, True, unit))
    return Result("events", "events that are flushed to disk", {}, table, gates)


def _compare(bare: list[Measurement], own: list[Measurement]) -> None:
    for one, other in zip(bare, own, strict=True):
        if one.facts["stored"] != other.facts["stored"]:
            raise ContenderError("a server has stored another number of rows")
