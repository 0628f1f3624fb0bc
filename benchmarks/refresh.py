"""Refresh: one new day after two years, from its files to the published snapshot.

Three histories in one home, one after the other: two years with the default horizons, the same
with horizons up to 7 days, four years with the default horizons. Each repetition is another new
day. Warehouse time is all that a run does in the warehouse; what ``ltv run`` takes beyond it is
Dagster and the start of a process.
"""

from pathlib import Path

from benchmarks.bench import Bench, History
from benchmarks.contenders.counted import OTHERS
from benchmarks.processes import Call, ContenderError, Measurement, measure, median_of, tell
from benchmarks.results import Gate, Result, Row, row

_SHORT = (1, 3, 7)
#: Times of ``ltv run`` that are measured; a further one before them is not, because Dagster
#: announces all days of a home at its first run.
_MOST_RUNS = 3


def run(bench: Bench) -> Result:
    """Measure new days after the shared history; it is longer afterwards."""
    history = bench.history()
    once, twice = f"{bench.days:,} days", f"{2 * bench.days:,} days"
    days = _NewDays(bench, history)
    plain = days.measured(f"{once}, horizons to 365")
    runs = days.through_dagster(min(_MOST_RUNS, bench.repetitions)) if bench.dagster else []
    short = days.measured(f"{once}, horizons to 7", _SHORT)
    history.extend(2 * bench.days - 1)
    long = days.measured(f"{twice}, horizons to 365")

    seconds = _warehouse_seconds(plain)
    rows = [
        _warehouse_row(f"{once}, horizons to 365", plain, seconds),
        _warehouse_row(f"{once}, horizons to 7", short, seconds),
        _warehouse_row(f"{twice}, horizons to 365", long, seconds),
    ]
    gates = [
        Gate("a new day, horizons to 365", seconds, 3, False, "s"),
        Gate("a new day, horizons to 7", rows[1].seconds, 1, False, "s"),
        Gate("the same with twice the history", rows[2].seconds / seconds, 1.3, False, "x"),
    ]
    facts = plain[-1].facts
    notes = [
        f"before it, the day's {facts['rows_loaded']:,} rows of 8 files were ingested in "
        f"{median_of(plain, 'ingest'):.2f} s",
        f"the tables of attribution, customers and forecasts took {median_of(plain, OTHERS):.2f} s "
        "more; they are published with the others, but not counted",
        f"publishing wrote {facts['parts_written']} files with {facts['bytes_written']:,} bytes "
        f"and linked {facts['parts_linked']} with {facts['bytes_linked']:,}",
    ]
    if runs:
        rows.append(row(f"ltv run as a whole, {once}", runs, against=seconds))
        fixed = rows[-1].seconds - seconds
        notes.append(f"of ltv run, {fixed:.1f} s are Dagster, imports and the report")
    sizes = {
        "rows_of_a_day": int(facts["rows_loaded"]),
        "transactions": history.rows["transactions"],
    }
    title = f"warehouse time, {sizes['transactions']:,} transactions in the end"
    return Result("refresh", title, sizes, rows, gates, notes)


def _warehouse_seconds(runs: list[Measurement]) -> float:
    return median_of([_counted(run_) for run_ in runs])


def _warehouse_row(name: str, runs: list[Measurement], against: float) -> Row:
    return row(name, [_counted(run_) for run_ in runs], against=against)


def _counted(run_: Measurement) -> Measurement:
    return run_.without("ingest").without(OTHERS)


class _NewDays:
    """New days of a home, one after the other."""

    def __init__(self, bench: Bench, history: History) -> None:
        self._bench = bench
        self._history = history
        self._home = str(history.home)

    def measured(self, title: str, horizons: tuple[int, ...] | None = None) -> list[Measurement]:
        """Warehouse time of as many new days as there are repetitions.

        Raises:
            ContenderError: what is published differs from the rows as they came.
        """
        tell(f"new days after {title}")
        chosen = {"home": self._home, "horizons": horizons}
        # So that the files of the months before are there to be linked.
        ready = {**chosen, "last": self._history.last}
        measure(Call("contenders.platform:bring_up_to_date", ready))
        runs = []
        for last, folder in self._files(self._bench.repetitions):
            arguments = {**chosen, "folder": folder, "last": last}
            runs.append(measure(Call("contenders.platform:new_day", arguments)))
            tell(f"{title}: {_counted(runs[-1]).seconds:.2f} s")
        longest = {} if horizons is None else {"longest": max(horizons)}
        warehouse = str(Path(self._home) / "warehouse.duckdb")
        by_hand = Call("contenders.by_hand:totals_of_log", {"warehouse": warehouse, **longest})
        wanted, seen = measure(by_hand).facts["totals"], runs[-1].facts["totals"]
        if seen != wanted:
            raise ContenderError(
                f"{title}: published are installs and revenue {seen}, the log has {wanted}"
            )
        return runs

    def through_dagster(self, count: int) -> list[Measurement]:
        """``ltv run`` on new days whose files were ingested."""
        runs = []
        for last, folder in self._files(1 + count):
            arguments = {"home": self._home, "last": last}
            measure(Call("contenders.platform:ingest_day", {**arguments, "folder": folder}))
            runs.append(measure(Call("contenders.platform:run", arguments)))
            tell(f"ltv run: {runs[-1].seconds:.2f} s")
        return runs[1:]

    def _files(self, count: int) -> list[tuple[int, str]]:
        """The next days: (number, folder with a file per source)."""
        first = self._history.last + 1
        last = first + count - 1
        folder = self._bench.folder / "days"
        span = {"scale": self._bench.scale.factor, "first": first, "last": last}
        measure(Call("homes:write_days", {"folder": str(folder), **span}))
        self._history.last = last
        return [(day, str(folder / str(day))) for day in range(first, last + 1)]
