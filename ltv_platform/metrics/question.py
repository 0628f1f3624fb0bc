"""A question to the catalogue, and what makes one impossible before any data is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from ltv_platform.metrics.model import CannotAnswer, Grain, Metric, Relation
from ltv_platform.metrics.similar import similar

_LAST = re.compile(r"([1-9][0-9]{0,3})([dwm])")
_UNITS = {"d": Grain.DAY, "w": Grain.WEEK, "m": Grain.MONTH}
#: A mean (or sum) of a metric, as people write it: avg(roas_d7), mean_roas_d7.
_AGGREGATED = re.compile(r"(?i)(avg|average|mean|median|sum)\W?_?\(?\s*(?P<metric>\w+?)\s*\)?")
_MOST_NEAR = 3


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        metrics: Names of metrics, at least one.
        by: Dimensions to group by.
        where: Allowed values by dimension; a row must match each dimension.
        grain: Periods to group days by; None: all days together.
        start: First day, inclusive.
        end: Last day, inclusive.
        last: Instead of start: the newest days, weeks or months, as in ``12w``; with a grain, whole
            periods including the current one.
        as_of: The day that the data must end on; None: any.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    grain: Grain | None = None
    start: date | None = None
    end: date | None = None
    last: str = ""
    as_of: date | None = None


def metrics_of(question: Question, catalogue: Mapping[str, Metric]) -> list[Metric]:
    """The metrics that a question names.

    Raises:
        CannotAnswer: one does not exist, is a mean of another, or does not have the dimensions or
            the days that the question needs.
    """
    if not question.metrics:
        raise CannotAnswer("A question names at least one metric.", _list_them())
    metrics = [metric_named(name, catalogue) for name in dict.fromkeys(question.metrics)]
    for metric in metrics:
        _check_dimensions(question, metric, catalogue)
        _check_days(question, metric)
        _check_one_row(question, metric)
    return metrics


def period_of(question: Question, as_of: date | None) -> tuple[date | None, date | None]:
    """First and last day of a question, inclusive; None: no limit.

    Raises:
        CannotAnswer: ``last`` is unreadable, or no day lies in the period.
    """
    start, end = question.start, question.end
    if question.last:
        read = _LAST.fullmatch(question.last.strip())
        if read is None or start is not None:
            raise CannotAnswer(
                f"last = {question.last!r} cannot be read."
                if read is None
                else "Both a first day and `last` are given.",
                "Write a number of days, weeks or months: 30d, 12w, 6m.",
            )
        if (newest := end or as_of) is not None:
            start = _start_of_last(newest, int(read[1]), _UNITS[read[2]], question.grain)
    if start is not None and end is not None and start > end:
        raise CannotAnswer(f"The period ends on {end}, before it starts on {start}.")
    if start is not None and as_of is not None and start > as_of:
        raise CannotAnswer(
            f"The data ends on {as_of}, before {start}.",
            f"Ask for days up to {as_of}; predicted metrics say what is expected after it.",
        )
    return start, end


def _start_of_last(newest: date, count: int, unit: Grain, grain: Grain | None) -> date:
    try:
        if unit == Grain.MONTH:
            months = newest.year * 12 + newest.month - 1 - (count - 1)
            first = date(months // 12, months % 12 + 1, 1)
            if grain == Grain.MONTH:
                return first
            months -= 1
            before = date(months // 12, months % 12 + 1, 1)
            length = (first - before).days
            return before + timedelta(days=min(newest.day, length))
        if unit == Grain.WEEK and grain == Grain.WEEK:
            return newest - timedelta(days=newest.weekday() + 7 * (count - 1))
        return newest - timedelta(days=count * (7 if unit == Grain.WEEK else 1) - 1)
    except (OverflowError, ValueError):
        return date.min


def metric_named(name: str, catalogue: Mapping[str, Metric]) -> Metric:
    """The metric of a name.

    Raises:
        CannotAnswer: there is none; names similar ones.
    """
    if name in catalogue:
        return catalogue[name]
    written = _AGGREGATED.fullmatch(name.strip())
    if written is not None and (metric := catalogue.get(written["metric"])) is not None:
        if metric.denominator is not None or not metric.additive:
            raise CannotAnswer(
                f"A mean or sum of {metric.name} means nothing: groups of different size would "
                "count the same.",
                f"Ask for {metric.name} without a dimension: it is the ratio of the sums.",
            )
        raise CannotAnswer(f"{metric.name} is a sum already.", f"Ask for {metric.name}.")
    near = similar(name, catalogue)
    raise CannotAnswer(
        f"There is no metric {name!r}.",
        f"Did you mean {', '.join(near)}?" if near else _list_them(),
    )


def _list_them() -> str:
    return "`ltv metric list` lists the metrics."


def _check_dimensions(question: Question, metric: Metric, catalogue: Mapping[str, Metric]) -> None:
    for name in dict.fromkeys((*question.by, *question.where)):
        if name in metric.dimensions:
            continue
        others = [each.name for each in catalogue.values() if name in each.dimensions]
        alike = [other for other in others if set(other.split("_")) & set(metric.name.split("_"))]
        known = ", ".join(metric.dimensions) or "none"
        near = ", ".join((alike or others)[:_MOST_NEAR])
        raise CannotAnswer(
            f"{metric.name} has no dimension {name!r}; it has: {known}.",
            f"With {name}: {near}." if near else "",
        )
    for name, values in question.where.items():
        if not values or "" in values:
            raise CannotAnswer(
                f"The filter {name} is empty.", f"Give {name} a value, or leave it out."
            )


def _check_days(question: Question, metric: Metric) -> None:
    relation = metric.relation
    limited = question.start or question.end or question.last
    if (limited or question.grain) and not relation.dated_by:
        raise CannotAnswer(
            f"{metric.name} belongs to no day, so it has no periods.",
            _dated_instead(metric) or f"Ask for {metric.name} without grain and days.",
        )
    if question.grain and question.grain not in relation.grains:
        known = ", ".join(relation.grains)
        raise CannotAnswer(
            f"{metric.name} is not known by {question.grain}: it is dated by {relation.dated_by}.",
            f"Ask for it by {known}.",
        )


def _dated_instead(metric: Metric) -> str:
    return f"With days: {', '.join(metric.nearest)}." if metric.nearest else ""


def _check_one_row(question: Question, metric: Metric) -> None:
    """A metric whose values do not add up needs a question about one row each."""
    if metric.additive:
        return
    [key, *_] = metric.relation.dimensions
    if key in question.by or len(question.where.get(key, ())) == 1:
        return
    raise CannotAnswer(
        f"{metric.name} of several {key}s together is not known: values do not add up.",
        f"Ask for it by {key}" + "".join(f", or for {name}" for name in metric.nearest) + ".",
    )


def fixed_dimensions(question: Question, relation: Relation) -> Mapping[str, str]:
    """Values chosen for dimensions over which sums mean nothing.

    Raises:
        CannotAnswer: the question filters on several values of such a dimension without grouping
            by it.
    """
    chosen = {}
    for name, value in relation.fixed.items():
        if name in question.by:
            continue
        given = question.where.get(name, ())
        if len(given) > 1:
            raise CannotAnswer(
                f"Figures of several values of {name} do not add up.",
                f"Group by {name}, or choose one of {', '.join(given)}.",
            )
        if not given:
            chosen[name] = value
    return chosen
