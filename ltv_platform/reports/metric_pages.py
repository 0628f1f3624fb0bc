"""A page for each metric of the catalogue, and their index.

A page shows what the catalogue says of its metric and the answer to the question in its address:
grouped by a dimension, by period, for some values of dimensions. A question that the data cannot
answer is shown with the reason and links to the nearest ones.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from ltv_platform.metrics import (
    Answer,
    AnswerRow,
    CannotAnswer,
    Family,
    Metric,
    State,
    Unit,
    catalogue,
    dimension_values,
    families,
)
from ltv_platform.reports.filters import Filters
from ltv_platform.reports.formats import form_of
from ltv_platform.reports.metric_charts import bars_of_values, line_of_periods
from ltv_platform.reports.pages import CONSTANTS, Row, drawn
from ltv_platform.reports.periods import periods_of
from ltv_platform.reports.shell import Page, View
from ltv_platform.reports.svg import Chart
from ltv_platform.settings import Settings

#: Path of the pages; the index is not at the path itself, where servers have their own metrics.
FOLDER = "metrics"
INDEX = f"{FOLDER}/index"
#: All dimensions of the catalogue are filters with the same name.
_DIMENSIONS = (
    *("campaign", "country", "media_source", "channel", "model", "segment", "acquisition_source"),
    *("rfm_segment", "is_active", "activity", "method"),
)
#: More rows would make a page too large for browsers.
_MOST_ROWS = 1_000
#: The value of the address that groups by nothing: without one, a page chooses.
_NOTHING = "nothing"

_STATES: Mapping[State, str] = {
    State.OBSERVED: "observed",
    State.PARTIAL: "not final",
    State.PREDICTED: "predicted",
    State.IMMATURE: "not mature",
    State.NO_DENOMINATOR: "nothing to divide by",
}
_UNITS: Mapping[Unit, str] = {
    Unit.MONEY: "money in base currency",
    Unit.COUNT: "count",
    Unit.RATIO: "ratio",
    Unit.SHARE: "share",
    Unit.DAYS: "days",
}


def metric_pages(settings: Settings) -> Iterator[Page]:
    """The index, and the page of every metric of the settings."""
    metrics = catalogue(settings)
    yield Page(
        INDEX,
        "Metrics",
        "Every figure of these pages: what it means, and its values by any dimension.",
        lambda _: {"sections": _sections(metrics)},
        depth=1,
        template="metrics",
    )
    for metric in metrics.values():
        yield Page(
            f"{FOLDER}/{metric.name}",
            metric.label,
            metric.definition,
            partial(_figures, metric),
            _filters_of(metric),
            depth=1,
            template="metric",
            choices=partial(_choices, metric),
        )


def _sections(metrics: Mapping[str, Metric]) -> list[tuple[str, list[Family]]]:
    """Families of metrics by section of the docs, in the order of the catalogue."""
    sections: dict[str, list[Family]] = {}
    for family in families(metrics):
        title = family.metrics[0].link.rpartition("#")[2].replace("-", " ").capitalize()
        title = title.replace(" ltv", " LTV")
        sections.setdefault(title, []).append(family)
    return list(sections.items())


def _filters_of(metric: Metric) -> tuple[str, ...]:
    days = ("start", "end", "grain") if metric.relation.dated_by else ()
    return (*(("by",) if metric.dimensions else ()), *days, *metric.dimensions)


def _choices(metric: Metric, view: View) -> dict[str, list[Row]]:
    """The dimensions to group by, and the values of each."""
    by = [{"value": name, "label": name.replace("_", " ")} for name in metric.dimensions]
    choices = {"by": [{"value": _NOTHING, "label": "nothing"}, *by]}
    for name in metric.dimensions:
        values = dimension_values(view.known_settings, view.reading, metric, name)
        shown = values[: int(CONSTANTS["most_choices"])]
        choices[name] = [{"value": value, "label": value} for value in shown]
    return choices


def _figures(metric: Metric, view: View) -> dict[str, Any]:
    """Everything that the page of a metric shows, by the names of its template."""
    by = _grouping(metric, view.filters)
    where = view.filters.where(_DIMENSIONS)
    shown: dict[str, Any] = {
        "metric": metric,
        "unit": _UNITS[metric.unit],
        "by": by,
        "states": _STATES,
        "command": _command(metric, view.filters, by),
        "answer": None,
    }
    try:
        answer = view.ask(metric.name, by=by, grain=view.filters.grain, where=where)
    except CannotAnswer as refusal:
        return {**shown, "refusal": refusal, "remedies": list(_remedies(metric, view, refusal))}
    return {
        **shown,
        "answer": answer,
        "rows": answer.rows[:_MOST_ROWS],
        "before": {} if by else _before(view, answer),
        "total": _total(metric, view, where) if by or view.filters.grain else None,
        "chart": _chart(metric, answer, by),
        "backtest": answer.backtests.get(metric.name, ()),
        "values": {name: str(value) for name, value in answer.parameters.items()},
    }


def _before(view: View, answer: Answer) -> dict[Any, Mapping[str, Any] | None]:
    """The figures of the period before each one, if both are whole."""
    if view.filters.grain is None:
        return {}
    return {each.start: each.before for each in periods_of(view, answer, view.filters.grain)}


def _grouping(metric: Metric, filters: Filters) -> tuple[str, ...]:
    """The dimensions that the table is grouped by: those of the address, or the first one."""
    if filters.by is not None:
        return _named(filters)
    if filters.grain is not None and metric.additive:
        return ()
    return tuple(name for name in metric.dimensions if getattr(filters, name) is None)[:1]


def _named(filters: Filters) -> tuple[str, ...]:
    """The dimensions in the address, separated by commas as in the API."""
    names = [name.strip() for name in (filters.by or "").split(",")]
    return tuple(name for name in dict.fromkeys(names) if name not in ("", _NOTHING))


def _total(
    metric: Metric, view: View, where: Mapping[str, tuple[str, ...]]
) -> Mapping[str, Any] | None:
    """The figure of all rows together; None if they do not add up."""
    try:
        return view.ask(metric.name, where=where).rows[0].cells
    except (CannotAnswer, IndexError):
        return None


def _chart(metric: Metric, answer: Answer, by: Sequence[str]) -> Markup | None:
    """Bars by dimension, or a line by period; None for other tables."""
    form = form_of(metric)

    def value(row: AnswerRow) -> float | None:
        found = row.cells[metric.name].value
        return None if found is None else float(found)

    has_periods = any(row.period is not None for row in answer.rows)
    if len(by) == 1 and not has_periods:
        bars = [(row.labels[by[0]], value(row)) for row in answer.rows]
        known = [(name, each) for name, each in bars if each is not None]
        return _drawn(bars_of_values(known, form)) if known else None
    if has_periods and not by:
        points = [(str(row.period), value(row)) for row in answer.rows]
        return _drawn(line_of_periods(points, form)) if any(v for _, v in points) else None
    return None


def _drawn(full: str) -> Markup:
    return drawn(Chart(small="", full=full))


def _remedies(
    metric: Metric, view: View, refusal: CannotAnswer
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Questions near one that cannot be answered: words, the metric, changes of the address."""
    filters, relation = view.filters, metric.relation
    foreign = [name for name in filters.where(_DIMENSIONS) if name not in relation.dimensions]
    lacks = [name for name in _named(filters) if name not in relation.dimensions]
    if foreign or lacks:
        changes: dict[str, None] = dict.fromkeys([*foreign, *(["by"] if lacks else [])])
        named = " and ".join(dict.fromkeys([*foreign, *lacks]))
        yield f"{metric.label} without {named}", metric.name, changes
    if not relation.dated_by and (filters.start or filters.end or filters.grain):
        days = dict.fromkeys(("start", "end", "grain"))
        yield f"{metric.label} of all days", metric.name, days
    elif filters.grain and filters.grain not in relation.grains:
        grain = str(relation.grains[0])
        yield f"{metric.label} by {grain}", metric.name, {"grain": grain}
    if not metric.additive and filters.by == _NOTHING:
        yield f"{metric.label} by {next(iter(relation.dimensions))}", metric.name, {"by": None}
    known = catalogue(view.known_settings)
    for name in dict.fromkeys(re.findall(r"\w+", refusal.nearest)):
        if name in known and name != metric.name:
            yield known[name].label, name, _lost(filters, known[name])
    everything = dict.fromkeys((*_DIMENSIONS, "by", "start", "end", "grain"))
    yield f"{metric.label} without any filter", metric.name, everything


def _lost(filters: Filters, metric: Metric) -> dict[str, None]:
    """The filters that a metric does not have, as changes of the address."""
    lost = [name for name in _DIMENSIONS if name not in metric.dimensions]
    if not set(_named(filters)) <= set(metric.dimensions):
        lost.append("by")
    if not metric.relation.dated_by:
        lost += ["start", "end", "grain"]
    return dict.fromkeys(lost)


def _command(metric: Metric, filters: Filters, by: Sequence[str]) -> str:
    """The same question for a terminal."""
    words = [f"ltv metric query {metric.name}"]
    if by:
        words.append(f"--by {shlex.quote(','.join(by))}")
    words += [
        f"--where {shlex.quote(f'{name}={values[0]}')}"
        for name, values in filters.where(_DIMENSIONS).items()
    ]
    options = (("grain", filters.grain), ("from", filters.start), ("to", filters.end))
    words += [f"--{name} {value}" for name, value in options if value is not None]
    return " ".join(words)
