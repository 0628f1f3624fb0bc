"""Charts of the figures: SVG without a background, readable on light and on dark pages."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from benchmarks.page import Figures, largest

_OURS, _PEER = "#2a78b8", "#9aa0a6"
_WIDTH = 520
_GROUPS = ("planner", "core tables", "campaign tables", "checks", "publish")
_COLORS = ("#9aa0a6", "#2a78b8", "#3a9d7c", "#d19a2a", "#a56bb0")
_MEGABYTE = 1e6

#: Text takes a color of the reader's page, which the drawing itself cannot know.
_STYLE = "<style>text{fill:#424a53}@media (prefers-color-scheme:dark){text{fill:#b7bfc8}}</style>"


def draw(figures: Figures, folder: Path) -> list[Path]:
    """Write a chart per benchmark that the figures hold.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    charts: dict[str, Callable[[Mapping[str, Any]], alt.LayerChart | alt.Chart]] = {
        "cohorts": _cohorts,
        "ingest": _ingest,
        "refresh": _refresh,
    }
    written = []
    for name, chart in charts.items():
        scale = largest(figures, name)
        if scale is not None:
            written.append(_save(chart(figures[scale]["benchmarks"][name]), folder / f"{name}.svg"))
    if largest(figures, "end_to_end") is not None:
        written.append(_save(_end_to_end(figures), folder / "end_to_end.svg"))
    return written


def _save(chart: alt.LayerChart | alt.Chart, path: Path) -> Path:
    styled = (
        chart.configure(background="transparent", font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            gridColor="#80808040",
            domainColor="#80808080",
            tickColor="#80808080",
            labelLimit=320,
            tickCount=6,
        )
        .configure_legend(labelFontSize=12, orient="bottom", title=None)
        .configure_title(fontSize=14, anchor="start", fontWeight="normal")
    )
    svg = vl_convert.vegalite_to_svg(styled.to_json())
    head, mark, rest = svg.partition(">")
    path.write_text(f"{head}{mark}{_STYLE}{rest}\n", "utf-8")
    return path


def _is_ours(name: str) -> bool:
    return name.startswith("ltv")


def _bars(values: list[dict[str, Any]], figure: str, title: str, heading: str) -> alt.LayerChart:
    """A bar per contender with its figure next to it; the platform's bars stand out."""
    base = alt.Chart(alt.Data(values=values)).encode(y=alt.Y("name:N", sort=None, title=None))
    axis = alt.Axis(title=title, format="~s" if figure == "rate" else "")
    bars = base.mark_bar(height=18).encode(
        x=alt.X(f"{figure}:Q", axis=axis),
        color=alt.condition("datum.ours", alt.value(_OURS), alt.value(_PEER)),
    )
    text = base.mark_text(align="left", dx=5, fontSize=12).encode(
        x=f"{figure}:Q", text=alt.Text("label:N")
    )
    return alt.layer(bars, text).properties(width=_WIDTH, height={"step": 30}, title=heading)


def _cohorts(result: Mapping[str, Any]) -> alt.LayerChart:
    values = [
        {
            "name": row["name"],
            "seconds": row["seconds"],
            "ours": _is_ours(row["name"]),
            "label": f"{row['seconds']:.2f} s, peak {row['peak_bytes'] / _MEGABYTE:,.0f} MB",
        }
        for row in result["rows"]
    ]
    return _bars(values, "seconds", "seconds", f"Cohort table: {result['title']}")


def _ingest(result: Mapping[str, Any]) -> alt.LayerChart:
    values = [
        {
            "name": row["name"],
            "rate": row["rate"],
            "ours": _is_ours(row["name"]),
            "label": f"{row['rate']:,.0f}",
        }
        for row in result["rows"]
    ]
    return _bars(values, "rate", "rows per second", f"Ingest: {result['title']}")


def _refresh(result: Mapping[str, Any]) -> alt.Chart:
    values = [
        {"name": row["name"], "group": group, "order": place, "seconds": seconds}
        for row in result["rows"]
        if len(row["steps"]) > 1
        for place, group in enumerate(_GROUPS)
        for seconds in [sum(s for step, s in row["steps"].items() if _group(step) == group)]
    ]
    return _stacked(values, list(_GROUPS), f"One new day: {result['title']}")


def _group(step: str) -> str:
    layer = step.partition(".")[0]
    return {"core": "core tables", "marts": "campaign tables"}.get(layer, step)


def _end_to_end(figures: Figures) -> alt.Chart:
    values, steps = [], []
    for scale in sorted(figures, key=float):
        result = figures[scale]["benchmarks"].get("end_to_end")
        if result is None:
            continue
        [row] = result["rows"]
        steps = list(row["steps"])
        rows = sum(result["sizes"].values())
        values += [
            {"name": f"{rows:,} rows", "group": step, "order": place, "seconds": row["steps"][step]}
            for place, step in enumerate(steps)
        ]
    return _stacked(values, steps, "From nine CSV files to an answer")


def _stacked(values: list[dict[str, Any]], groups: list[str], heading: str) -> alt.Chart:
    colors = alt.Scale(domain=groups, range=list(_COLORS[: len(groups)]))
    return (
        alt.Chart(alt.Data(values=values))
        .mark_bar(height=22)
        .encode(
            x=alt.X("seconds:Q", title="seconds", stack="zero"),
            y=alt.Y("name:N", sort=None, title=None),
            color=alt.Color("group:N", scale=colors, sort=groups),
            order="order:Q",
        )
        .properties(width=_WIDTH, height={"step": 36}, title=heading)
    )
