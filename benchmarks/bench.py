"""One run of the benchmarks: its scale, its folder, and the history that several of them share."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import data
from benchmarks.processes import Call, Measurement, measure, tell


@dataclass
class Bench:
    """What a benchmark is given.

    Attributes:
        scale: How much data.
        repetitions: How often each contender runs.
        days: Days of the history.
        dagster: Whether ``ltv run`` is measured too.
        folder: For everything that is written; its creator removes it.
        refreshes: How many refreshes in a row.
    """

    scale: data.Scale
    repetitions: int
    days: int
    folder: Path
    dagster: bool = True
    refreshes: int = 20
    _history: "History | None" = field(default=None, init=False)

    def history(self) -> "History":
        """Its days in the raw log and built; made once, and shared by the benchmarks of a run."""
        if self._history is None:
            self._history = History(self, self.folder / "history")
        return self._history


class History:
    """A home with some days of synthetic rows, everything built.

    Attributes:
        home: Its folder.
        last: Number of the last day in it.
        rows: Rows per source.
        built: What it took to build it.
    """

    def __init__(self, bench: Bench, home: Path) -> None:
        self._scale = bench.scale.factor
        self.home = home
        self.rows: dict[str, int] = {}
        self.last = -1
        self.built = self.extend(bench.days - 1)

    def extend(self, last: int) -> Measurement:
        """Add the days up to that one, and build them."""
        tell(f"making days {self.last + 1} to {last} and building them")
        span = {"scale": self._scale, "first": self.last + 1, "last": last}
        built = measure(Call("homes:extend", {"home": str(self.home), **span}))
        for source, rows in built.facts.items():
            self.rows[source] = self.rows.get(source, 0) + rows
        self.last = last
        return built
