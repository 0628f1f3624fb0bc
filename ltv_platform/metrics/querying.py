"""Answering questions on a snapshot."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

from ltv_platform.contracts.ddl import quoted
from ltv_platform.metrics.answer import Answer, AnswerRow, Cell, cell_of
from ltv_platform.metrics.catalogue import catalogue
from ltv_platform.metrics.compiling import Selection, compiled, compiled_days
from ltv_platform.metrics.model import CannotAnswer, Metric, Relation, State
from ltv_platform.metrics.question import (
    Question,
    fixed_dimensions,
    metrics_of,
    period_of,
)
from ltv_platform.metrics.similar import similar
from ltv_platform.published.live import Reading
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render

_PARTS = (
    *("value", "numerator", "denominator", "lower", "upper"),
    *("counted", "rows", "covered", "base", "final", "known_until"),
)
#: Most campaigns whose own back-tests an answer has.
_MOST_CAMPAIGNS = 12
#: Most values named in a refusal.
_MOST_VALUES = 8
#: Longest value that a refusal shows whole.
_LONGEST_VALUE = 80


def query(settings: Settings, reading: Reading, question: Question) -> Answer:
    """Answer a question.

    Args:
        settings: For horizons, and for rendering the relations.
        reading: The snapshot.
        question: What is asked.

    Returns:
        The answer: a row per period and group that has any rows; metrics of different relations
        are joined by period and group.

    Raises:
        CannotAnswer: the data cannot answer it; says why, and what it can answer.
        UserError: the snapshot does not have the tables.
    """
    snapshot = reading.snapshot
    metrics = metrics_of(question, catalogue(settings))
    _check_as_of(question, snapshot.as_of)
    start, end = period_of(question, snapshot.as_of)
    notes = list(_beyond(end, snapshot.as_of))
    found: dict[tuple[Any, ...], dict[str, Cell]] = {}
    statements, parameters = [], dict[str, Any]()
    for relation, of_relation in _by_relation(metrics):
        fixed = fixed_dimensions(question, relation)
        notes += [f"{name} = {value} (the default)." for name, value in fixed.items()]
        where = {**question.where, **{name: (value,) for name, value in fixed.items()}}
        selection = Selection(relation, question.by, where, question.grain, start, end)
        statement = compiled(settings, selection, of_relation)
        statements.append(statement.sql)
        parameters.update(statement.parameters)
        rows = _rows(reading, statement.sql, statement.parameters)
        # Of several values, an unknown one would go unnoticed.
        several = any(len(values) > 1 for values in question.where.values())
        if several or not any(row["rows_0"] for row in rows):
            _refuse_unknown_values(settings, reading, selection)
        for row in rows:
            key = (row.get("period"), *(row[name] for name in question.by))
            cells = found.setdefault(key, {})
            for number, metric in enumerate(of_relation):
                cells[metric.name] = cell_of(metric, {p: row[f"{p}_{number}"] for p in _PARTS})
    _refuse_immature(
        settings, reading, metrics, found, replace(question, start=start, end=end, last="")
    )
    return Answer(
        metrics=metrics,
        rows=[
            AnswerRow(
                dict(zip(question.by, key[1:], strict=True)),
                key[0],
                {m.name: cells.get(m.name, _absent()) for m in metrics},
            )
            for key, cells in sorted(found.items(), key=lambda item: _order(item[0]))
        ],
        as_of=snapshot.as_of,
        snapshot=str(snapshot.manifest["id"]),
        sql=";\n\n".join(statements),
        parameters=parameters,
        notes=[*notes, *_notes(metrics, found)],
        backtests=backtests(settings, reading, metrics, _campaigns(question, found)),
    )


def known_days(
    settings: Settings,
    reading: Reading,
    metric: Metric,
    where: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> tuple[date, date] | None:
    """First and last day with rows of a metric that match; None: it has none, or no days."""
    if not metric.relation.dated_by:
        return None
    statement = compiled_days(settings, Selection(metric.relation, (), where))
    [(first, last)] = reading.connection.execute(
        statement.sql, dict(statement.parameters)
    ).fetchall()
    return None if first is None else (first, last)


def dimension_values(
    settings: Settings, reading: Reading, metric: Metric, dimension: str
) -> list[str]:
    """The values of a dimension of a metric, in order.

    Raises:
        CannotAnswer: the metric does not have the dimension.
    """
    if dimension not in metric.dimensions:
        metrics_of(Question((metric.name,), by=(dimension,)), catalogue(settings))
    relation = render(f"queries/metrics/{metric.relation.name}.sql", settings)
    sql = f"SELECT DISTINCT {quoted(dimension)} FROM ({relation}) AS relation ORDER BY 1"
    return [str(value) for (value,) in reading.connection.execute(sql).fetchall()]


def _by_relation(metrics: Sequence[Metric]) -> Iterator[tuple[Relation, list[Metric]]]:
    for name in dict.fromkeys(metric.relation.name for metric in metrics):
        of_relation = [metric for metric in metrics if metric.relation.name == name]
        yield of_relation[0].relation, of_relation


def _rows(reading: Reading, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    cursor = reading.connection.execute(sql, dict(parameters))
    names = [name for name, *_ in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    period, *labels = key
    return period or date.min, *map(str, labels)


def _absent() -> Cell:
    """The cell of a metric whose relation has no row for the group."""
    return Cell(None, None, None, State.NO_DENOMINATOR)


def _check_as_of(question: Question, as_of: date | None) -> None:
    if question.as_of is not None and question.as_of != as_of:
        raise CannotAnswer(
            f"The published figures are as of {as_of}, not {question.as_of}.",
            f"Leave as_of out, or run `ltv run` with LTV_AS_OF={question.as_of} in a new home.",
        )


def _beyond(end: date | None, as_of: date | None) -> Iterator[str]:
    if end is not None and as_of is not None and end > as_of:
        yield f"The data ends on {as_of}, before {end}."


def _refuse_unknown_values(settings: Settings, reading: Reading, selection: Selection) -> None:
    """Say which filter matches nothing, with the values that exist.

    Raises:
        CannotAnswer: a value does not exist.
    """
    for name, values in selection.where.items():
        relation = render(f"queries/metrics/{selection.relation.name}.sql", settings)
        sql = f"SELECT DISTINCT {quoted(name)} FROM ({relation}) AS relation ORDER BY 1"
        known = [str(value) for (value,) in reading.connection.execute(sql).fetchall()]
        known += [v for v in selection.relation.closed.get(name, ()) if v not in known]
        for value in values:
            # An empty table knows no value: it is too early to ask, and no value is wrong.
            if value in known or not known:
                continue
            near = similar(value, known, cutoff=0.5)
            some = _listed(known[:_MOST_VALUES]) + (" …" if len(known) > _MOST_VALUES else "")
            raise CannotAnswer(
                f"There is no {name} {value!r} in the data.",
                f"Did you mean {_listed(near)}?" if near else f"There are: {some or 'none'}.",
            )


def _listed(values: Sequence[str]) -> str:
    """Values from data in quotes: they may look like a sentence, or be as long as a page."""
    return ", ".join(
        repr(value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…")
        for value in values
    )


def _refuse_immature(
    settings: Settings,
    reading: Reading,
    metrics: Sequence[Metric],
    found: Mapping[tuple[Any, ...], Mapping[str, Cell]],
    question: Question,
) -> None:
    """Refuse a question about one metric that is not known yet in any row.

    Raises:
        CannotAnswer: nothing of it is mature; names the longest horizon that is.
    """
    if len(metrics) != 1 or not found:
        return
    [metric] = metrics
    if any(cells[metric.name].state is not State.IMMATURE for cells in found.values()):
        return
    nearest = [*_shorter(settings, reading, metric, question), *metric.nearest]
    start, end = question.start, question.end
    period = f" of {start or 'the first day'} to {end or reading.snapshot.as_of}"
    raise CannotAnswer(
        f"{metric.name}{period if start or end else ''} is not known yet: {metric.immature}.",
        f"Nearest: {', '.join(nearest)}." if nearest else "",
    )


def _shorter(
    settings: Settings, reading: Reading, metric: Metric, question: Question
) -> Iterator[str]:
    """The same metric at the longest horizon that is mature in some row, if any."""
    if metric.horizon is None:
        return
    family = metric.name.removesuffix(f"d{metric.horizon}")
    shorter = [
        each
        for each in catalogue(settings).values()
        if each.horizon is not None
        and each.horizon < metric.horizon
        and each.name == f"{family}d{each.horizon}"
    ]
    for each in sorted(shorter, key=lambda other: -(other.horizon or 0)):
        with suppress(CannotAnswer):
            query(settings, reading, replace(question, metrics=(each.name,)))
            yield each.name
            return


def _notes(
    metrics: Sequence[Metric], found: Mapping[tuple[Any, ...], Mapping[str, Cell]]
) -> Iterator[str]:
    for metric in metrics:
        cells = [row[metric.name] for row in found.values() if metric.name in row]
        states = {cell.state for cell in cells}
        if State.PARTIAL in states:
            days = [cell.known_until for cell in cells if cell.known_until is not None]
            until = f"; days up to {max(days)} count" if days and metric.counts != "TRUE" else ""
            yield f"{metric.name}: partial values are not final: {metric.immature}{until}."
        if State.IMMATURE in states:
            yield f"{metric.name}: immature where empty: {metric.immature}."
        if State.NO_DENOMINATOR in states and metric.denominator is not None:
            yield f"{metric.name}: empty where there is nothing to divide by."
        if State.PREDICTED in states:
            yield f"{metric.name} contains a forecast."
            if metric.lower is not None and all(cell.lower is None for cell in cells):
                yield (
                    f"{metric.name}: the interval of a sum is not the sum of intervals, so it has "
                    "none here."
                )


def backtests(
    settings: Settings,
    reading: Reading,
    metrics: Sequence[Metric],
    campaigns: Sequence[str] = (),
) -> dict[str, list[dict[str, Any]]]:
    """Past forecasts of predicted metrics, by metric: of everybody, and of some campaigns."""
    tests = {}
    for metric in metrics:
        if metric.backtest:
            sql = render(f"queries/metrics/{metric.backtest}.sql", settings)
            known = {"horizon": metric.horizon, "campaigns": list(campaigns)}
            bound = {name: value for name, value in known.items() if f"${name}" in sql}
            tests[metric.name] = _rows(reading, sql, bound)
    return tests


def _campaigns(question: Question, found: Iterable[tuple[Any, ...]]) -> Sequence[str]:
    """The campaigns that an answer is about, if they are few."""
    if "campaign" not in question.by:
        return question.where.get("campaign", ())
    position = question.by.index("campaign") + 1
    campaigns = list(dict.fromkeys(key[position] for key in found))
    return campaigns if len(campaigns) <= _MOST_CAMPAIGNS else ()
