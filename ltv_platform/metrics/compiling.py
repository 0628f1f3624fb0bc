"""From a question to SQL: one statement for all metrics of a relation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ltv_platform.contracts.ddl import quoted
from ltv_platform.metrics.model import Grain, Metric, Relation
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render

#: Who is "paid": a campaign, or a campaign in a country if the question is about countries.
_UNIT = "campaign"
_UNIT_OF_COUNTRIES = "country"


@dataclass(frozen=True)
class Statement:
    """A compiled question about one relation.

    Attributes:
        sql: The text.
        parameters: Values of its parameters, by name.
    """

    sql: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Selection:
    """Which rows of a relation, and how they are grouped.

    Attributes:
        relation: The relation.
        by: Dimensions to group by.
        where: Allowed values by dimension.
        grain: Periods; None: all days together.
        start: First day, inclusive.
        end: Last day, inclusive.
    """

    relation: Relation
    by: Sequence[str]
    where: Mapping[str, Sequence[str]]
    grain: Grain | None = None
    start: date | None = None
    end: date | None = None


def compiled(settings: Settings, selection: Selection, metrics: Sequence[Metric]) -> Statement:
    """One SELECT with a row per period and group, and the parts of each metric.

    The columns of the i-th metric: ``value_i``, ``numerator_i``, ``denominator_i``, ``lower_i``,
    ``upper_i`` (of a group of one row), ``counted_i`` and ``rows_i`` (rows that count; all),
    ``covered_i`` and ``base_i`` (their sizes), ``final_i``, ``known_until_i`` (last day that
    counts).
    """
    where, parameters = _conditions(selection)
    groups = _groups(selection)
    units = _units(selection, metrics)
    inner = [f"{expression} AS {quoted(name)}" for name, expression in {**groups, **units}.items()]
    outer = [quoted(name) for name in groups]
    for number, metric in enumerate(metrics):
        inner += _summed(number, metric, dated=bool(selection.relation.dated_by))
        outer += _combined(number, metric)
    relation = render(f"queries/metrics/{selection.relation.name}.sql", settings).strip()
    grouped = [*groups, *units]
    numbered = ", ".join(str(number) for number in range(1, len(grouped) + 1))
    outer_numbered = ", ".join(str(number) for number in range(1, len(groups) + 1))
    text = (
        f"WITH relation AS (\n{relation}\n),\nsums AS (\n  SELECT\n    "
        + ",\n    ".join(inner)
        + f"\n  FROM relation\n  WHERE {where}\n"
        + (f"  GROUP BY {numbered}\n" if grouped else "")
        + ")\nSELECT\n  "
        + ",\n  ".join(outer)
        + "\nFROM sums\n"
        + (f"GROUP BY {outer_numbered}\nORDER BY {outer_numbered}\n" if groups else "")
    )
    return Statement(text, parameters)


def compiled_days(settings: Settings, selection: Selection) -> Statement:
    """One SELECT of the first and the last day of the rows that match."""
    where, parameters = _conditions(selection)
    relation = render(f"queries/metrics/{selection.relation.name}.sql", settings)
    text = f"SELECT MIN(day), MAX(day) FROM (\n{relation}\n) AS relation WHERE {where}"
    return Statement(text, parameters)


def _conditions(selection: Selection) -> tuple[str, dict[str, Any]]:
    conditions, parameters = ["TRUE"], dict[str, Any]()
    for name, values in selection.where.items():
        bound = [f"{name}_{number}" for number in range(len(values))]
        parameters.update(zip(bound, values, strict=True))
        conditions.append(f"{quoted(name)} IN ({', '.join(f'${each}' for each in bound)})")
    for name, sign, day in (("start", ">=", selection.start), ("end", "<=", selection.end)):
        if day is not None:
            parameters[f"{name}_day"] = day
            conditions.append(f"day {sign} CAST(${name}_day AS DATE)")
    return " AND ".join(conditions), parameters


def _groups(selection: Selection) -> dict[str, str]:
    """Columns of the answer that identify a row, with their expressions."""
    groups = {name: quoted(name) for name in selection.by}
    if selection.grain is None:
        return groups
    return {"period": f"CAST(DATE_TRUNC('{selection.grain}', day) AS DATE)", **groups}


def _units(selection: Selection, metrics: Sequence[Metric]) -> dict[str, str]:
    """Further columns to group by first, to find out who is paid."""
    if not any(metric.paid for metric in metrics):
        return {}
    units = [_UNIT]
    if {_UNIT_OF_COUNTRIES} & {*selection.by, *selection.where}:
        units.append(_UNIT_OF_COUNTRIES)
    return {f"unit_{unit}": quoted(unit) for unit in units}


def _summed(number: int, metric: Metric, *, dated: bool) -> list[str]:
    """The sums of one metric over the rows of a group."""
    only = "" if metric.counts == "TRUE" else f" FILTER (WHERE {metric.counts})"
    sums = [f"SUM({metric.numerator}){only} AS n{number}"]
    if metric.denominator is not None:
        sums.append(f"SUM({metric.denominator}){only} AS d{number}")
    if metric.base is not None:
        sums.append(f"SUM({metric.covered or metric.base}){only} AS c{number}")
        sums.append(f"SUM({metric.base}) AS b{number}")
    if metric.paid:
        # Spend in the cohorts that count makes a campaign paid; while none counts, any spend does.
        any_counts = f"COUNT(*){only} > 0"
        sums.append(
            f"CASE WHEN {any_counts} THEN SUM(spend){only} ELSE SUM(spend) END AS paid{number}"
        )
    if metric.lower is not None and metric.upper is not None:
        sums += [
            f"SUM({metric.lower}){only} AS l{number}",
            f"SUM({metric.upper}){only} AS u{number}",
        ]
    sums.append(f"COUNT(*){only} AS k{number}")
    sums.append(f"COUNT(*) AS r{number}")
    sums.append(f"BOOL_AND({metric.final or 'TRUE'}){only} AS f{number}")
    sums.append(f"MAX(day){only} AS m{number}" if dated else f"CAST(NULL AS DATE) AS m{number}")
    return sums


def _combined(number: int, metric: Metric) -> list[str]:
    """The sums of one metric over the units of a group; of paid ones only, if it says so."""
    paid = f" FILTER (WHERE paid{number} <> 0)" if metric.paid else ""

    def total(column: str) -> str:
        return f"SUM({column}{number}){paid}"

    numerator = total("n")
    denominator = "NULL" if metric.denominator is None else total("d")
    value = numerator
    if metric.denominator is not None:
        value = _ratio(numerator, denominator)
    one_row = f"SUM(r{number}) = 1"
    lower = upper = "NULL"
    if metric.lower is not None and metric.upper is not None:
        ends = [total("l"), total("u")]
        if metric.denominator is not None:
            ends = [_ratio(end, denominator) for end in ends]
        lower, upper = (f"CASE WHEN {one_row} THEN {end} END" for end in ends)
    has_base = metric.base is not None
    return [
        f"{value} AS value_{number}",
        f"{numerator} AS numerator_{number}",
        f"{denominator} AS denominator_{number}",
        f"{lower} AS lower_{number}",
        f"{upper} AS upper_{number}",
        f"{total('k')} AS counted_{number}",
        f"{total('r')} AS rows_{number}",
        f"{total('c') if has_base else 'NULL'} AS covered_{number}",
        f"{total('b') if has_base else 'NULL'} AS base_{number}",
        f"BOOL_AND(f{number}){paid} AS final_{number}",
        f"MAX(m{number}){paid} AS known_until_{number}",
    ]


def _ratio(numerator: str, denominator: str) -> str:
    """As ``macros/shared.sql`` divides, so that figures are equal to those of the tables."""
    return f"CAST({numerator} AS DOUBLE) / NULLIF(GREATEST(CAST({denominator} AS DOUBLE), 0), 0)"
