"""The lineage of a table's columns: plain data, and its JSON form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: Marks in JSON a column made by a fit: it is computed from everything that the model reads.
_BY_MODEL = "by the model"


class Source(NamedTuple):
    """A column that another is computed from, or a parameter of the statement.

    Attributes:
        table: Full name of its table; empty for a parameter.
        column: Its name; for a parameter with the dollar sign, as in ``$as_of``.
    """

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}" if self.table else self.column

    @classmethod
    def parse(cls, text: str) -> "Source":
        """The inverse of ``str``."""
        table, _, column = text.rpartition(".")
        return cls(table, column)


#: Sources ordered by name.
Sources = tuple[Source, ...]


def in_order(sources: Iterable[Source]) -> Sources:
    """Each source once, ordered by name."""
    return tuple(sorted(set(sources)))


@dataclass(frozen=True)
class TableLineage:
    """The lineage of a derived table's columns.

    Attributes:
        table: Full name of the table.
        columns: What each stored column is computed from, in contract order; empty for a
            constant.
        rows: The columns that select rows by filters, joins and grouping.
        by_model: Stored columns made by a fit, each from everything that it reads.
        published: What each presented column is computed from, including the table's own stored
            columns; empty if the table is published as stored.
        published_rows: The columns that select the rows of the presentation.
    """

    table: str
    columns: Mapping[str, Sources]
    rows: Sources
    by_model: frozenset[str] = frozenset()
    published: Mapping[str, Sources] = field(default_factory=dict)
    published_rows: Sources = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Full names of the other tables that stored columns or rows come from."""
        sources = {source for found in self.columns.values() for source in found} | {*self.rows}
        return tuple(sorted({source.table for source in sources} - {"", self.table}))

    @property
    def upstream(self) -> Mapping[str, Sources]:
        """The columns of other tables that each column comes from, published or stored.

        Published columns are followed through the table's own stored columns; parameters are left
        out.
        """
        found = dict(self.columns)
        for name, sources in self.published.items():
            own = (self.columns[s.column] for s in sources if s.table == self.table)
            found[name] = in_order(
                (*(s for s in sources if s.table != self.table), *(s for ss in own for s in ss))
            )
        return {name: tuple(s for s in sources if s.table) for name, sources in found.items()}

    def as_json(self) -> dict[str, Any]:
        """Plain data; the columns that a model reads are listed once."""
        made = sorted(self.by_model)
        return {
            "table": self.table,
            "columns": {
                name: _BY_MODEL if name in self.by_model else _texts(sources)
                for name, sources in self.columns.items()
            },
            "model_reads": _texts(self.columns[made[0]]) if made else [],
            "rows": _texts(self.rows),
            "published": {name: _texts(sources) for name, sources in self.published.items()},
            "published_rows": _texts(self.published_rows),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TableLineage":
        """The inverse of :meth:`as_json`."""
        read = _parsed(data["model_reads"])
        return cls(
            table=data["table"],
            columns={
                name: read if texts == _BY_MODEL else _parsed(texts)
                for name, texts in data["columns"].items()
            },
            rows=_parsed(data["rows"]),
            by_model=frozenset(
                name for name, texts in data["columns"].items() if texts == _BY_MODEL
            ),
            published={name: _parsed(texts) for name, texts in data["published"].items()},
            published_rows=_parsed(data["published_rows"]),
        )


def _texts(sources: Sources) -> list[str]:
    return [str(source) for source in sources]


def _parsed(texts: Iterable[str]) -> Sources:
    return tuple(Source.parse(text) for text in texts)
