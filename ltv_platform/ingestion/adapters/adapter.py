"""Adapters: one SELECT from the columns of a file to those of a source table.

The SELECT reads the relation ``file``: the columns that its format declares, else those of the file
as text, and ``_line`` (record number) and ``_file`` (name). How adapters are written and found is
the business of ``adapters.files``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from ltv_platform.ingestion.adapters.layout import Layout
from ltv_platform.ingestion.reading.dialect import Dialect

#: What makes a value depend on more than one record.
_OF_SEVERAL = (exp.AggFunc, exp.Window, exp.Subquery, exp.Unnest, exp.Explode)


@dataclass(frozen=True)
class Adapter:
    """One SELECT of an adapter's file.

    Attributes:
        name: The name of its file without ending.
        text: The whole text of the file, and what was chosen for it; part of the load's identity.
        table: The source table that it feeds.
        layout: What is known of the files that it takes.
        reference: What finds it again: its name if it is bundled, else the path of its file.
        many: It may make more rows than there are records.
        views: What it may read besides ``file``: names and SELECTs, in their order.
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
        """Each output row is made of exactly one record, which gives it its line."""
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
        """Its rows have the numbers of records."""
        return self.row_wise or "_line" in self._tree.named_selects

    @cached_property
    def replayable(self) -> bool:
        """A record gives the same row when it comes alone: nothing of other records is read."""
        return (
            self.row_wise
            and self._tree.find(exp.Window) is None
            and len(list(self._tree.find_all(exp.Table))) == 1
        )

    @property
    def _reads_records(self) -> bool:
        """It is a plain SELECT whose rows come straight from the file's records."""
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
        """Names of columns that files may have: those declared, else those that are mentioned."""
        if self.layout.columns:
            return frozenset(name for each in self.layout.columns for name in each.spellings)
        return frozenset(column.name for column in self._tree.find_all(exp.Column))

    @property
    def made_of(self) -> dict[str, str]:
        """What each column of the output is made of: the name of a column, or SQL."""
        return {
            each.alias_or_name: value.name if isinstance(value, exp.Column) else value.sql("duckdb")
            for each in self._tree.selects
            for value in (each.unalias(),)
        }

    def of_records(self, columns: Mapping[str, str]) -> tuple[str, frozenset[str]] | None:
        """What single records say of some columns of the output, those of all records of ``file``.

        Records that the SELECT leaves out are among them, and those that it merges stand apart.

        Args:
            columns: Columns of the output, and what to call them.

        Returns:
            A SELECT that gives these names and ``_line``, and which of them it gives: not those
            that are made of several records. None: the rows do not come straight from records.
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
            if value is not None and value.find(*_OF_SEVERAL) is None:
                select = select.select(exp.alias_(value.copy(), name, quoted=True))
                found.add(name)
        return select.sql(dialect="duckdb"), frozenset(found)

    def select(self, *more: str, limit: int | None = None) -> str:
        """The SELECT, with ``_line`` added where it is that of a record.

        That is the record itself, or the first of the records that a GROUP BY merges.

        Args:
            more: Further expressions to give.
            limit: So many rows at the most; None: all.
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
