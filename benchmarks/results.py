"""What was measured: rows with medians, gates with the figure that meets or misses them, JSON."""

import json
import os
import platform
import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.processes import Measurement, median_of

_GIGABYTE = 1e9
_MEGABYTE = 1e6
_WIDTH_OF_FILES = 120
_PACKAGES = ("ltv-platform", "duckdb", "pandas", "polars", "dagster")


@dataclass(frozen=True)
class Row:
    """One contender.

    Attributes:
        name: What it is.
        seconds: Median of its repetitions.
        all_seconds: Every repetition, in order.
        cpu_seconds: Median seconds of all cores.
        peak_bytes: Highest peak memory of its processes.
        baseline_bytes: Peak memory after its imports.
        steps: Median seconds per step.
        facts: Figures of the last repetition.
        ratio: Its seconds over those of the contender that the benchmark compares with.
        rate: Rows per second, if that is the measure.
    """

    name: str
    seconds: float
    all_seconds: list[float]
    cpu_seconds: float
    peak_bytes: int
    baseline_bytes: int
    steps: Mapping[str, float]
    facts: Mapping[str, Any]
    ratio: float | None = None
    rate: float | None = None


@dataclass(frozen=True)
class Gate:
    """A figure that must hold at full scale.

    Attributes:
        what: The sentence.
        seen: The figure of this run.
        limit: The least or most that it may be.
        at_least: Whether the limit is the least; else the most.
        unit: As in s, x, rows/s, bytes.
    """

    what: str
    seen: float
    limit: float
    at_least: bool
    unit: str

    @property
    def holds(self) -> bool:
        """Whether the figure keeps the limit."""
        return self.seen >= self.limit if self.at_least else self.seen <= self.limit


@dataclass(frozen=True)
class Result:
    """One benchmark at one scale.

    Attributes:
        name: Its command.
        title: What is measured, on how much.
        sizes: Rows and days that it worked on.
        rows: The contenders.
        gates: What must hold at full scale.
        notes: What a reader must know of this run.
        profile: Seconds per part of the work, by who does it; see ``profiles``.
    """

    name: str
    title: str
    sizes: Mapping[str, int]
    rows: list[Row]
    gates: list[Gate] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    profile: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def row(
    name: str,
    measurements: list[Measurement],
    *,
    against: float | None = None,
    rows: int | None = None,
) -> Row:
    """The row of a contender.

    Args:
        name: What it is.
        measurements: Its repetitions.
        against: Median seconds of the contender to compare with.
        rows: Rows that it worked through, if rows per second is the measure.
    """
    seconds = median_of(measurements)
    return Row(
        name=name,
        seconds=seconds,
        all_seconds=[measurement.seconds for measurement in measurements],
        cpu_seconds=statistics.median(m.cpu_seconds for m in measurements),
        peak_bytes=max(measurement.peak_bytes for measurement in measurements),
        baseline_bytes=max(measurement.baseline_bytes for measurement in measurements),
        steps={step: median_of(measurements, step) for step in measurements[-1].steps},
        facts=measurements[-1].facts,
        ratio=None if against is None else seconds / against,
        rate=None if rows is None else rows / seconds,
    )


def show(result: Result) -> None:
    """The result on the screen."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_FILES)
    for title, headings, lines in tables(result):
        table = Table(*headings, title=title, title_justify="left", title_style="bold")
        for column in table.columns[1:]:
            column.justify = "right"
        for line in lines:
            table.add_row(*line)
        console.print(table)
    for gate in result.gates:
        console.print(f"  {'holds ' if gate.holds else 'MISSED'}  {sentence(gate)}")
    for note in result.notes:
        console.print(f"  {note}")


def tables(result: Result) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """The result as tables of text: (title, headings, lines); the second has the steps."""
    headings = ["", "seconds", "CPU s", "ratio", "rows/s", "peak MB", "at start MB", "runs"]
    lines = [
        [
            entry.name,
            f"{entry.seconds:.2f}",
            f"{entry.cpu_seconds:.2f}",
            "" if entry.ratio is None else f"{entry.ratio:.2f}",
            "" if entry.rate is None else f"{entry.rate:,.0f}",
            f"{entry.peak_bytes / _MEGABYTE:,.0f}",
            f"{entry.baseline_bytes / _MEGABYTE:,.0f}",
            str(len(entry.all_seconds)),
        ]
        for entry in result.rows
    ]
    yield f"{result.name}: {result.title}", *_without_empty_columns(headings, lines)
    with_steps = [entry for entry in result.rows if len(entry.steps) > 1]
    if with_steps:
        names = list(dict.fromkeys(step for entry in with_steps for step in entry.steps))
        yield (
            f"{result.name}: seconds per step",
            ["step", *(entry.name for entry in with_steps)],
            [
                [step, *(f"{e.steps[step]:.2f}" if step in e.steps else "" for e in with_steps)]
                for step in names
            ],
        )


def _without_empty_columns(
    headings: list[str], lines: list[list[str]]
) -> tuple[list[str], list[list[str]]]:
    kept = [i for i in range(len(headings)) if i == 0 or any(line[i] for line in lines)]
    return [headings[i] for i in kept], [[line[i] for i in kept] for line in lines]


def sentence(gate: Gate) -> str:
    """The gate with its limit and what was seen."""
    bound = "at least" if gate.at_least else "at most"
    return (
        f"{gate.what}: {quantity(gate.seen, gate.unit)} ({bound} {quantity(gate.limit, gate.unit)})"
    )


def quantity(value: float, unit: str) -> str:
    """A figure with its unit, as people read it."""
    if unit == "bytes":
        return f"{value:.0f} B" if value < _MEGABYTE else f"{value / _GIGABYTE:.2f} GB"
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.2f} {unit}"  # noqa: PLR2004


def machine() -> dict[str, Any]:
    """The class of machine and the versions: nothing that names this one."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIGABYTE),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
        "measured": date.today().isoformat(),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.machine()
    model = re.search(r"model name\s*:\s*(.+)", text)
    return model[1] if model else platform.machine()


def save(path: Path, scale: float, results: list[Result]) -> None:
    """Put results into a JSON file, next to those of other scales and benchmarks."""
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    part = kept.setdefault(f"{scale:g}", {"benchmarks": {}})
    part["machine"] = machine()
    for result in results:
        gates = [{**asdict(gate), "holds": gate.holds} for gate in result.gates]
        part["benchmarks"][result.name] = {**asdict(result), "gates": gates}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
