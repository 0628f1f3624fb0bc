"""One SELECT of an adapter, from the columns of a file to those of a source table.

It reads the relation ``file``: the columns that the format declares, else those of the file as
text, and ``_line`` (record number) and ``_file`` (name). ``adapters.files`` finds adapters and
``adapters.parsing`` parses them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from ltv_platform.ingestion.adapters.layout import Layout
from ltv_platform.ingestion.reading.dialect import Dialect

#: Expressions whose value depends on more than one record.
_MULTI_RECORD = (exp.AggFunc, exp.Window, exp.Subquery, exp.Unnest, exp.Explode)


@dataclass(frozen=True)
class Adapter:
    """One SELECT of an adapter's file.

    Attributes:
        name: Name of the adapter's file without extension.
        text: Text of the whole file plus the chosen options; part of the load's identity.
        table: The source table that it feeds.
        layout: What is known about the files it reads.
        reference: How to find it again: its name if bundled, else the path of its file.
        many: It may return more rows than there are records.
        views: Names and SELECTs that it may read besides ``file``, in order.
    """

    name: str
    text: str
    table: str
    layout: Layout
    reference: str
    many: bool
    views: tuple[tuple[str, str], ...]
    _tree: exp.Query = field(repr=False, compare=False)

    @property
    def dialect(self) -> Dialect:
        """How its files are written."""
        return self.layout.dialect

    @cached_property
    def row_wise(self) -> bool:
        """Each output row comes from exactly one record, and takes its line number."""
        tree = self._tree
        return (
            self._reads_records
            and not self.many
            and not any(tree.args.get(clause) for clause in ("group", "distinct", "limit"))
            and not any(
                isinstance(node, exp.Unnest | exp.Explode)
                or (isinstance(node, exp.AggFunc) and not node.find_ancestor(exp.Window))
                for node in tree.walk()
            )
        )

    @property
    def gives_line(self) -> bool:
        """Its rows carry record numbers."""
        return self.row_wise or "_line" in self._tree.named_selects

    @cached_property
    def replayable(self) -> bool:
        """A record alone gives the same row: the SELECT reads nothing of other records."""
        return (
            self.row_wise
            and self._tree.find(exp.Window) is None
            and len(list(self._tree.find_all(exp.Table))) == 1
        )

    @property
    def _reads_records(self) -> bool:
        """It is a plain SELECT whose rows come directly from the file's records."""
        tree = self._tree
        source = tree.args.get("from_")
        return (
            isinstance(tree, exp.Select)
            and source is not None
            and isinstance(source.this, exp.Table)
            and source.this.name == "file"
            and not source.this.args.get("pivots")
            and not any(tree.args.get(clause) for clause in ("with_", "joins", "laterals"))
        )

    @cached_property
    def inputs(self) -> frozenset[str]:
        """Columns that files may have: the declared ones, else those that the SELECT mentions."""
        if self.layout.columns:
            return frozenset(name for each in self.layout.columns for name in each.spellings)
        return frozenset(column.name for column in self._tree.find_all(exp.Column))

    @property
    def made_of(self) -> dict[str, str]:
        """What each output column is computed from: the name of a column, or SQL."""
        return {
            each.alias_or_name: value.name if isinstance(value, exp.Column) else value.sql("duckdb")
            for each in self._tree.selects
            for value in (each.unalias(),)
        }

    def of_records(self, columns: Mapping[str, str]) -> tuple[str, frozenset[str]] | None:
        """Select some output columns for every record of ``file``.

        Records that the SELECT filters out are included; records that it merges stay separate.

        Args:
            columns: Output columns and the names to return them under.

        Returns:
            A SELECT of ``_line`` and these names, and the names it returns: columns computed from
            several records are left out. None: the rows do not come directly from records.
        """
        if not self._reads_records:
            return None
        tree = self._tree.copy()
        given = {projection.alias_or_name: projection for projection in tree.expressions}
        select = exp.select("_line").from_(tree.args["from_"].this)
        found = set()
        for column, name in columns.items():
            value = exp.column(column) if tree.is_star else None
            value = given[column].unalias() if column in given else value
            if value is not None and value.find(*_MULTI_RECORD) is None:
                select = select.select(exp.alias_(value.copy(), name, quoted=True))
                found.add(name)
        return select.sql(dialect="duckdb"), frozenset(found)

    def select(self, *more: str, limit: int | None = None) -> str:
        """The SELECT, with ``_line`` added if its rows come from records.

        That is the record's number, or the lowest among the records that a GROUP BY merges.

        Args:
            more: Further expressions to return.
            limit: Maximum number of rows; None: all.
        """
        tree = self._tree.copy()
        if isinstance(tree, exp.Select) and not tree.is_star and "_line" not in tree.named_selects:
            if self.row_wise:
                tree = tree.select("_line", append=True, copy=False)
            elif self._reads_records and tree.args.get("group") and not tree.args.get("distinct"):
                tree = tree.select("MIN(_line) AS _line", append=True, copy=False)
        for expression in more:
            assert isinstance(tree, exp.Select)
            tree = tree.select(expression, append=True, copy=False, dialect="duckdb")
        if limit is not None:
            tree = tree.limit(limit)
        return str(tree.sql(dialect="duckdb"))
