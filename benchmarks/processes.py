"""A contender in its own process: its steps timed, its memory read by the kernel.

This process itself stays small and imports no contender: a child begins its life as a copy of
its parent, and the kernel counts that into the child's peak.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

#: A contender whose first run takes longer, in seconds, is run at most so often.
_SLOW_SECONDS = 15.0
_SLOW_REPETITIONS = 3

_console = Console(stderr=True)


class ContenderError(Exception):
    """A contender ended with an error, or gave another result than the others."""


@dataclass(frozen=True)
class Call:
    """A function to be run in its own process.

    Attributes:
        function: ``module:function`` of this package. It is given a :class:`Stopwatch` and the
            arguments, and returns figures (JSON).
        arguments: Its keyword arguments (JSON).
    """

    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """One run of a contender.

    Attributes:
        steps: Seconds per step; what lies outside of the steps is not counted.
        cpu_steps: The same in seconds of all cores, of this process and of its children.
        baseline_bytes: Peak memory of the process after its imports.
        peak_bytes: Peak memory of the process up to the end of its last step.
        facts: What the function returned.
    """

    steps: Mapping[str, float]
    cpu_steps: Mapping[str, float]
    baseline_bytes: int
    peak_bytes: int
    facts: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """All steps together."""
        return sum(self.steps.values())

    @property
    def cpu_seconds(self) -> float:
        """All cores, all steps together."""
        return sum(self.cpu_steps.values())

    def without(self, step: str) -> "Measurement":
        """The same but for one step."""
        kept = [
            {name: seconds for name, seconds in steps.items() if name != step}
            for steps in (self.steps, self.cpu_steps)
        ]
        return replace(self, steps=kept[0], cpu_steps=kept[1])


class Stopwatch:
    """Seconds per named step of a contender, and its peak memory up to the end of the last."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self.cpu_steps: dict[str, float] = {}
        self.peak_bytes = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what happens inside as that step; the same name twice adds up."""
        start, cpu_start = time.perf_counter(), _cpu_seconds()
        yield
        self.steps[name] = self.steps.get(name, 0.0) + time.perf_counter() - start
        self.cpu_steps[name] = self.cpu_steps.get(name, 0.0) + _cpu_seconds() - cpu_start
        self.peak_bytes = peak_bytes()


def measure(call: Call) -> Measurement:
    """Run a call in a new process of this interpreter, without any setting of the platform.

    Raises:
        ContenderError: the process ended with an error, which it has printed.
    """
    environment = {name: text for name, text in os.environ.items() if not name.startswith("LTV_")}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parents[1]), *filter(None, [environment.get("PYTHONPATH")])]
    )
    with tempfile.TemporaryDirectory(prefix="ltv_bench_") as folder:
        answer = Path(folder) / "measurement.json"
        request = json.dumps({**asdict(call), "answer": str(answer)})
        code = _run(request, environment)
        if code != 0:
            raise ContenderError(f"{call.function} ended with exit code {code}")
        return Measurement(**json.loads(answer.read_text("utf-8")))


def _run(request: str, environment: Mapping[str, str]) -> int:
    """The exit code of a process that does what is asked."""
    command = [sys.executable, "-m", "benchmarks.child", request]
    return subprocess.run(command, env=environment, check=False).returncode


def in_turn(
    contenders: Mapping[str, Call],
    repetitions: int,
    after_round: Callable[[], None] = lambda: None,
) -> dict[str, list[Measurement]]:
    """Run contenders one after the other, again and again, so that all see the same machine.

    Slow ones are run less often (:data:`_SLOW_REPETITIONS`); the result says how often.

    Args:
        contenders: By name.
        repetitions: How often.
        after_round: Called after each round, as to compare what they made.
    """
    measured: dict[str, list[Measurement]] = {name: [] for name in contenders}
    for repetition in range(repetitions):
        for name, call in contenders.items():
            earlier = measured[name]
            slow = bool(earlier) and earlier[0].seconds > _SLOW_SECONDS
            if slow and repetition >= _SLOW_REPETITIONS:
                continue
            earlier.append(measure(call))
            tell(f"{name}: {earlier[-1].seconds:.2f} s ({earlier[-1].cpu_seconds:.2f} s of CPU)")
        after_round()
    return measured


def median_of(measurements: list[Measurement], step: str | None = None) -> float:
    """Median seconds of all steps, or of one."""
    return statistics.median(
        measurement.seconds if step is None else measurement.steps.get(step, 0.0)
        for measurement in measurements
    )


def tell(text: str) -> None:
    """Progress for people who watch."""
    _console.print(f"[dim]{text}[/dim]", highlight=False)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_bytes() -> int:
    """Peak memory of this process, or of the largest that it started and waited for."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(who).ru_maxrss for who in whose)
    return peak if sys.platform == "darwin" else peak * 1024
