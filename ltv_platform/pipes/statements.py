"""Fills a question into the SELECT of a table, which then reads the rows that were chosen.

A table's SELECT is the same text with which it is built. Here it reads the tables of the snapshot,
and filtered relations in place of the inputs to which filters apply. All values are bound.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from ltv_platform.contracts.ddl import quoted
from ltv_platform.days import day_of, day_start
from ltv_platform.pipes.model import Filter, Question
from ltv_platform.tables.rendering import render

if TYPE_CHECKING:
    import pyarrow as pa

    from ltv_platform.published.live import Reading
    from ltv_platform.settings import Settings
    from ltv_platform.tables.transforms import Graph

#: Takes the rows of a SELECT, returns those of the answer.
Compute: TypeAlias = Callable[["pa.Table"], "pa.Table"]
_FULL_NAME = re.compile(r"\b(?:core|marts|raw)\.([a-z_]+)\b")
_PARAMETER = re.compile(r"\$([a-z_0-9]+)")
_RELATION = re.compile(r'\b(?:kept|main)\."([a-z_0-9]+)"')
_COMPARISONS = {">=": ">=", "from": ">=", "until": "<"}


@dataclass(frozen=True)
class Statement:
    """A statement and the values of its ``$parameters``.

    Attributes:
        sql: A SELECT without order.
        parameters: Its values.
        compute: Computes the rows of the answer from those of the SELECT, if SQL cannot.
        adds_up: Its rows take long to compute, so they are counted on the way.
    """

    sql: str
    parameters: Mapping[str, Any]
    compute: "Compute | None" = None
    adds_up: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the snapshot that it reads."""
        return tuple(dict.fromkeys(_RELATION.findall(self.sql)))


@dataclass
class Conditions:
    """Conditions as SQL, and the values that they bind."""

    bound: dict[str, Any] = field(default_factory=dict)

    def of(self, filters: Iterable[Filter], columns: Mapping[str, str]) -> str:
        """The filters as one condition.

        Args:
            filters: The filters.
            columns: What each parameter compares, as SQL.
        """
        return " AND ".join(self._one(each, columns) for each in filters) or "TRUE"

    def rows(self, relation: str, filters: Iterable[Filter], columns: Mapping[str, str]) -> str:
        """The rows of a relation that meet the filters, as a subquery."""
        return f"(SELECT * FROM {relation} WHERE {self.of(filters, columns)})"

    def _one(self, each: Filter, columns: Mapping[str, str]) -> str:
        parameter = each.parameter
        names = []
        for value in each.values:
            # A parameter may compare several columns, each with a value of its own type.
            names.append(name := f"{parameter.name}_{len(self.bound)}")
            self.bound[name] = value
        column = columns[parameter.name]
        if parameter.comparison == "in":
            return f"{column} IN ({', '.join(f'${name}' for name in names)})"
        return f"{column} {_COMPARISONS[parameter.comparison]} ${names[0]}"


class Tables:
    """The tables of a snapshot as statements read them.

    Args:
        reading: The snapshot and a connection to it.
        graph: How the tables are made.
        kept: Names of tables that are in memory.
    """

    def __init__(self, reading: "Reading", graph: "Graph", kept: frozenset[str]) -> None:
        self._reading = reading
        self._graph = graph
        self._kept = kept

    @property
    def settings(self) -> "Settings":
        """The settings that the tables are made with."""
        return self._graph.settings

    def relation(self, name: str) -> str:
        """A table by its plain name; never a CTE of that name."""
        return f"{'kept' if name in self._kept else 'main'}.{quoted(name)}"

    def select(self, table: str, instead: Mapping[str, str]) -> str:
        """The SELECT of a table of the marts, as a subquery.

        Args:
            table: Its plain name.
            instead: Relations that it reads in place of tables, by their full names.
        """
        return self._reading_from(self._graph[f"marts.{table}"].sql, instead)

    def template(self, path: str) -> str:
        """The SELECT of a template that is not a table, as a subquery."""
        return self._reading_from(render(path, self.settings), {})

    def _reading_from(self, sql: str, instead: Mapping[str, str]) -> str:
        def found(match: re.Match[str]) -> str:
            return instead.get(match[0]) or self.relation(match[1])

        return f"({_FULL_NAME.sub(found, sql).rstrip()}\n)"

    def statement(
        self,
        table: str,
        sql: str,
        bound: Mapping[str, Any],
        compute: "Compute | None" = None,
    ) -> Statement:
        """A statement with its values, as of when the table was built.

        Args:
            table: The table, by its plain name.
            sql: The statement.
            bound: Values of filters.
            compute: See :class:`Statement`.
        """
        values = {**self.as_of(table), **bound}
        used = dict.fromkeys(_PARAMETER.findall(sql))
        return Statement(sql, {name: values[name] for name in used}, compute, True)

    def as_of(self, table: str) -> Mapping[str, Any]:
        """``as_of`` and the watermarks that a table was built with."""
        unknown = {mark.parameter: None for mark in self._graph.catalog.watermarks}
        return {"as_of": None, **unknown, **self._built.get(f"marts.{table}", {})}

    def fit(self, table: str) -> Compute:
        """What computes a table from the rows of its SELECT."""
        fit = self._graph[f"marts.{table}"].derivation.fit
        assert fit is not None
        return fit

    @cached_property
    def _built(self) -> Mapping[str, Mapping[str, Any]]:
        rows = self._reading.connection.execute(
            "SELECT asset, as_of, watermarks FROM main.built WHERE day IS NULL"
        ).fetchall()
        return {asset: {"as_of": day, **_watermarks(marks)} for asset, day, marks in rows}

    def whole_months(self, question: Question) -> Mapping[str, date] | None:
        """The period of a question in months of the reporting zone, by parameter.

        Returns:
            The first day of each bound's month; None: a bound lies within a month.
        """
        months = {}
        for name in ("start_date", "end_date"):
            if (instant := question.value(name)) is not None:
                day = day_of(instant, self.settings)
                if day.day != 1 or day_start(day, self.settings) != instant:
                    return None
                months[name] = day
        return months


def _watermarks(text: str | None) -> dict[str, Any]:
    marks = json.loads(text) if text else {}
    return {f"{name}_watermark": _moment(mark) for name, mark in marks.items()}


def _moment(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
