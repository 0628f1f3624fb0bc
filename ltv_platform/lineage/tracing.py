"""Finds in the text of a SELECT which columns each of its columns is computed from.

The statement is qualified once with the contracts' columns; then its scopes (CTEs, subqueries,
branches of unions) are walked, each once. A column is computed from all columns of its expression,
including conditions, windows and FILTER clauses. ``COUNT(*)`` names no column; it is computed from
the columns that identify the counted rows (of GROUP BY or DISTINCT, else the keys of the tables)
and those of their WHERE. Filters, joins and grouping of the whole statement are reported
separately, as the columns that select rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

from ltv_platform.contracts import Catalog
from ltv_platform.lineage.model import Source, Sources, in_order
from ltv_platform.tables.selects import DIALECT

#: Parameters that only select the days of a run; the others bound what the figures include.
_DAYS_OF_RUN = frozenset({"start", "end", "start_ts", "end_ts", "first", "last"})
#: Clauses that select rows, besides WHERE and joins.
_CLAUSES = ("group", "having", "qualify")
#: Joins that neither add rows nor identify them: they look something up.
_LOOKUP_JOINS = frozenset({"LEFT", "SEMI", "ANTI"})

_Found = frozenset[Source]
#: Columns by position: a later branch of a union has other names, or none.
_Columns = list[tuple[str, _Found]]


@dataclass(frozen=True)
class Trace:
    """Lineage of one SELECT.

    Attributes:
        columns: What each column is computed from, in the statement's order; names in lower case.
        rows: The columns that select rows.
    """

    columns: Mapping[str, Sources]
    rows: Sources


def trace(sql: str, catalog: Catalog) -> Trace:
    """The lineage of a SELECT over tables of the catalog.

    Raises:
        sqlglot.errors.OptimizeError: a column belongs to no table, or to several.
    """
    tree = qualify(
        sqlglot.parse_one(sql, dialect=DIALECT),
        schema=_schema(catalog),
        dialect=DIALECT,
        identify=False,
        quote_identifiers=False,
    )
    root = build_scope(tree)
    assert root is not None, "qualify gives a query"
    walk = _Walk(root, catalog)
    columns = {name: in_order(found) for name, found in walk.columns(root)}
    return Trace(columns, in_order(walk.decisive()))


@lru_cache(maxsize=4)
def _schema(catalog: Catalog) -> MappingSchema:
    tables: dict[str, dict[str, dict[str, str]]] = {}
    for table in catalog:
        names = {column.name: str(column.type) for column in table.columns}
        tables.setdefault(table.layer, {})[table.name] = names
    return MappingSchema(tables, dialect=DIALECT)


class _Walk:
    """Walks the scopes of one statement, each once."""

    def __init__(self, root: Scope, catalog: Catalog) -> None:
        self._catalog = catalog
        self._scopes: list[Scope] = list(root.traverse())
        self._by_query = {id(scope.expression): scope for scope in self._scopes}
        self._known: dict[int, _Columns] = {}

    def columns(self, scope: Scope) -> _Columns:
        """What each column of a scope is computed from."""
        if id(scope) not in self._known:
            self._known[id(scope)] = self._columns(scope)
        return self._known[id(scope)]

    def decisive(self) -> Iterator[Source]:
        """The columns in filters, joins and groupings of all scopes."""
        for scope in self._scopes:
            for clause in _clauses(scope.expression):
                yield from self._sources(clause, scope)

    def _columns(self, scope: Scope) -> _Columns:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            left, right = (self.columns(branch) for branch in scope.set_operation_scopes)
            pairs = zip(left, right, strict=True)
            return [(name, mine | other) for (name, mine), (_, other) in pairs]
        if isinstance(query, exp.Lateral) and isinstance(query.this, exp.Subquery):
            return self.columns(self._by_query[id(query.this.unnest())])
        if scope.is_udtf:
            # UNNEST and VALUES: every column may come from any argument.
            found = self._sources(query, scope)
            return [(column.name.lower(), found) for column in query.args["alias"].columns]
        return [
            (projection.alias_or_name.lower(), self._sources(projection, scope))
            for projection in query.selects
        ]

    def _sources(self, expression: exp.Expression, scope: Scope) -> _Found:
        found: set[Source] = set()
        pending = [expression]
        while pending:
            node = pending.pop()
            if isinstance(node, exp.Column):
                found |= self._of_column(node, scope)
            elif isinstance(node, exp.Placeholder):
                if node.name not in _DAYS_OF_RUN:
                    found.add(Source("", f"${node.name}"))
            elif isinstance(node, exp.Query) and node is not expression:
                found |= self._of_subquery(node, scope)
            elif isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
                found |= self._row(scope)
            else:
                pending += node.iter_expressions()
                if isinstance(node, exp.Window) and node.alias:
                    pending += _window_named(node.alias, scope)
        return frozenset(found)

    def _of_column(self, column: exp.Column, scope: Scope) -> _Found:
        inside: Scope | None = scope
        while inside is not None and column.table not in inside.sources:
            inside = inside.parent
        if inside is None:
            raise ValueError(f"{column.sql(dialect=DIALECT)} belongs to no table")
        source = inside.sources[column.table]
        if isinstance(source, Scope):
            found = dict(self.columns(source))[column.name.lower()]
            return found or self._join_columns(column.table, inside)
        table = self._catalog[_full_name(source)]
        return frozenset({Source(table.full_name, table.column(column.name.lower()).name)})

    def _join_columns(self, alias: str, scope: Scope) -> _Found:
        """What selects a constant of a joined relation: the columns it is joined on."""
        for join in scope.expression.args.get("joins") or ():
            condition = join.args.get("on")
            if join.alias_or_name != alias or condition is None:
                continue
            parts = list(condition.flatten() if isinstance(condition, exp.And) else [condition])
            if all(isinstance(part, exp.EQ) for part in parts):
                names = [name for part in parts for name in part.find_all(exp.Column)]
                others = (self._of_column(name, scope) for name in names if name.table != alias)
                return frozenset[Source]().union(*others)
        return frozenset()

    def _of_subquery(self, query: exp.Query, scope: Scope) -> _Found:
        inner = self._by_query.get(id(query.unnest()))
        if inner is None:  # parentheses around an expression
            return self._sources(query.this, scope)
        # The conditions on its rows are part of it: EXISTS (SELECT 1 …) has nothing else.
        conditions = (self._sources(clause, inner) for clause in _clauses(inner.expression))
        return self._all(inner).union(*conditions)

    def _all(self, scope: Scope) -> _Found:
        """What all columns of a scope are computed from."""
        return frozenset[Source]().union(*(found for _, found in self.columns(scope)))

    def _row(self, scope: Scope) -> _Found:
        """What ``COUNT(*)`` of a scope counts: the columns that identify its rows, its WHERE."""
        select = scope.expression
        if not select.args.get("from_"):
            return self._all(scope)
        joined = [
            join.this
            for join in select.args.get("joins") or ()
            if not {join.side, join.kind} & _LOOKUP_JOINS
        ]
        relations = [select.args["from_"].this, *joined]
        rows = [self._row_of(scope.sources[relation.alias_or_name]) for relation in relations]
        return self._where(scope).union(*rows)

    def _row_of(self, source: Scope | exp.Table) -> _Found:
        if isinstance(source, exp.Table):
            table = self._catalog[_full_name(source)]
            # For a raw log, the key of the source: versions are not counted separately.
            given = self._catalog.sources.get(table.name) if table.layer == "raw" else None
            return frozenset(Source(table.full_name, name) for name in (given or table).key)
        query = source.expression
        if source.is_udtf or query.args.get("distinct"):
            return self._all(source) | self._where(source)
        if isinstance(query, exp.SetOperation):
            branches = (self._row_of(branch) for branch in source.set_operation_scopes)
            return frozenset[Source]().union(*branches)
        if group := query.args.get("group"):
            return self._sources(group, source) | self._where(source)
        if any(projection.find(exp.AggFunc) for projection in query.selects) and not any(
            projection.find(exp.Window) for projection in query.selects
        ):
            return frozenset()  # one row, regardless of its content
        return self._row(source)

    def _where(self, scope: Scope) -> _Found:
        where = scope.expression.args.get("where")
        conditions = _conditions(where.this) if where else ()
        return frozenset[Source]().union(*(self._sources(part, scope) for part in conditions))


def _full_name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}"


def _clauses(query: exp.Expression) -> Iterator[exp.Expression]:
    """The parts of a query that select its rows."""
    if where := query.args.get("where"):
        yield from _conditions(where.this)
    for name in _CLAUSES:
        if clause := query.args.get(name):
            yield clause
    for join in query.args.get("joins") or ():
        if condition := join.args.get("on"):
            yield condition
    if isinstance(query, exp.Select) and query.args.get("distinct"):
        yield from query.selects


def _conditions(where: exp.Expression) -> Iterator[exp.Expression]:
    """The conditions of a WHERE, except those that only select the days of a run."""
    for part in where.flatten() if isinstance(where, exp.And) else [where]:
        names = {placeholder.name for placeholder in part.find_all(exp.Placeholder)}
        if not names & _DAYS_OF_RUN or part.find(exp.Query):
            yield part


def _window_named(name: str, scope: Scope) -> list[exp.Expression]:
    """The definition of the window that an OVER names."""
    return [
        part
        for window in scope.expression.args.get("windows") or ()
        if window.name == name
        for part in window.iter_expressions()
        if not isinstance(part, exp.Identifier)
    ]
