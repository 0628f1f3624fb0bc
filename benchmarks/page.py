"""docs/performance.md: the parts between markers are made of the figures, the rest is written.

A part is between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import Gate, quantity

#: Scales, as text, with machine and benchmarks: what ``--json`` writes.
Figures = Mapping[str, Mapping[str, Any]]

_MEGABYTE = 1e6
_NAMES = (
    "cohorts",
    "ingest",
    "refresh",
    "publish",
    "end_to_end",
    "attribution",
    "customers",
    "orchestration",
    "hourly",
    "partitions",
    "sparse",
    "serving",
)


def read(path: Path) -> Figures:
    """The figures of a file."""
    figures: Figures = json.loads(path.read_text("utf-8"))
    return figures


def largest(figures: Figures, name: str) -> str | None:
    """The largest scale at which a benchmark was measured; None: at none."""
    scales = [scale for scale in figures if name in figures[scale]["benchmarks"]]
    return max(scales, key=float, default=None)


def render(figures: Figures, page: Path) -> None:
    """Rewrite the parts of a page.

    Raises:
        ValueError: the page has a part that nothing is made for.
    """
    parts = {"machine": _machine(figures), "gates": _gates(figures)}
    for name in _NAMES:
        parts[name] = _tables(figures, name)

    def part(match: re.Match[str]) -> str:
        name = match[1]
        if name not in parts:
            raise ValueError(f"{page} has a part {name!r}; there are {', '.join(parts)}")
        return f"<!-- begin: {name} -->\n{parts[name]}\n<!-- end: {name} -->"

    text = page.read_text("utf-8")
    pattern = r"<!-- begin: (\w+) -->\n.*?<!-- end: \1 -->"
    page.write_text(re.sub(pattern, part, text, flags=re.DOTALL), "utf-8")


def _machine(figures: Figures) -> str:
    lines = []
    for scale in sorted(figures, key=float):
        machine = figures[scale]["machine"]
        versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
        lines.append(
            f"Scale {scale}: {machine['cores']} cores ({machine['processor']}), "
            f"{machine['memory_gb']} GB of memory, {machine['system']}, "
            f"Python {machine['python']}, {versions}; {machine['measured']}."
        )
    return "\n".join(f"- {line}" for line in lines)


def _gates(figures: Figures) -> str:
    lines = []
    for name in _NAMES:
        scale = largest(figures, name)
        if scale is None:
            continue
        for entry in figures[scale]["benchmarks"][name]["gates"]:
            gate = Gate(
                **{key: entry[key] for key in ("what", "seen", "limit", "at_least", "unit")}
            )
            bound = "≥" if gate.at_least else "≤"
            lines.append(
                [
                    gate.what,
                    f"{bound} {quantity(gate.limit, gate.unit)}",
                    quantity(gate.seen, gate.unit),
                    "yes" if gate.holds else "**no**",
                    scale,
                ]
            )
    return _table(["gate", "limit", "seen", "holds", "scale"], lines)


def _tables(figures: Figures, name: str) -> str:
    scale = largest(figures, name)
    if scale is None:
        return "Not measured yet."
    texts = []
    for measured in sorted((s for s in figures if name in figures[s]["benchmarks"]), key=float):
        result = figures[measured]["benchmarks"][name]
        texts.append(f"Scale {measured}: {result['title']}.")
        texts.append(_contenders(result["rows"]))
        texts += [f"{note[0].upper()}{note[1:]}." for note in result["notes"]]
    steps = _steps(figures[scale]["benchmarks"][name]["rows"])
    if steps:
        texts += [f"Seconds per step at scale {scale}:", steps]
    profile = figures[scale]["benchmarks"][name]["profile"]
    if profile:
        texts += [f"Where the time goes at scale {scale}, in seconds:", _profile(profile)]
    return "\n\n".join(texts)


def _profile(profile: Mapping[str, Mapping[str, float]]) -> str:
    most: dict[str, float] = {}
    for seconds in profile.values():
        for part, value in seconds.items():
            most[part] = max(most.get(part, 0.0), value)
    parts = sorted(most, key=lambda part: -most[part])
    lines = [
        [part, *(f"{seconds[part]:.2f}" if part in seconds else "" for seconds in profile.values())]
        for part in parts
    ]
    return _table(["", *profile], lines)


def _contenders(rows: list[Mapping[str, Any]]) -> str:
    headings = [
        "",
        "seconds",
        "CPU s",
        "ratio",
        "rows/s",
        "peak MB",
        "MB at start",
        "runs",
        "spread",
    ]
    lines = [
        [
            row["name"],
            f"{row['seconds']:.2f}",
            f"{row['cpu_seconds']:.2f}",
            "" if row["ratio"] is None else f"{row['ratio']:.2f}",
            "" if row["rate"] is None else f"{row['rate']:,.0f}",
            f"{row['peak_bytes'] / _MEGABYTE:,.0f}",
            f"{row['baseline_bytes'] / _MEGABYTE:,.0f}",
            str(len(row["all_seconds"])),
            f"{min(row['all_seconds']):.2f} to {max(row['all_seconds']):.2f}",
        ]
        for row in rows
    ]
    kept = [i for i in range(len(headings)) if i == 0 or any(line[i] for line in lines)]
    return _table([headings[i] for i in kept], [[line[i] for i in kept] for line in lines])


def _steps(rows: list[Mapping[str, Any]]) -> str:
    several = [row for row in rows if len(row["steps"]) > 1]
    # A benchmark of two steps says enough by its seconds.
    names = list(dict.fromkeys(step for row in several for step in row["steps"]))
    if len(names) <= 2:  # noqa: PLR2004
        return ""
    lines = [
        [name, *(f"{row['steps'][name]:.2f}" if name in row["steps"] else "" for row in several)]
        for name in names
    ]
    return _table(["step", *(row["name"] for row in several)], lines)


def _table(headings: list[str], lines: list[list[str]]) -> str:
    rule = ["---", *("---:" for _ in headings[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, rule, *lines))
