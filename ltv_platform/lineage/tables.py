"""Lineage of a derived table: its SELECT, its fit, and its presentation."""

from collections.abc import Mapping

from ltv_platform.contracts import Column
from ltv_platform.lineage.model import Sources, TableLineage, in_order
from ltv_platform.lineage.tracing import Trace, trace
from ltv_platform.tables.transforms import Transform


def trace_table(transform: Transform) -> TableLineage:
    """Find what each column of a table is computed from.

    Parses the table's SQL, which takes about 20 ms; ``store`` caches the result.

    If a fit makes the rows, key columns that the SELECT has too are carried over unchanged, and the
    model computes all others from everything that the SELECT reads.

    Raises:
        ValueError: the SQL and the contract differ in their columns.
    """
    contract = transform.contract
    made = trace(transform.sql, transform.catalog)
    by_model: frozenset[str] = frozenset()
    if transform.derivation.fit is None:
        columns = _named(made, contract.columns, transform.name)
    else:
        read = in_order(source for sources in made.columns.values() for source in sources)
        carried = set(contract.key) & set(made.columns)
        columns = {
            column.name: made.columns[column.name] if column.name in carried else read
            for column in contract.columns
        }
        by_model = frozenset(columns) - carried
    if contract.presented is None and not transform.derivation.adds:
        return TableLineage(transform.name, columns, made.rows, by_model)
    shown = [trace(sql, transform.catalog) for sql in transform.presentations.values()]
    presented = [_named(part, contract.published, transform.name) for part in shown]
    return TableLineage(
        transform.name,
        columns,
        made.rows,
        by_model,
        published={
            column.name: in_order(s for part in presented for s in part[column.name])
            for column in contract.published
        },
        published_rows=in_order(source for part in shown for source in part.rows),
    )


def _named(found: Trace, columns: tuple[Column, ...], table: str) -> Mapping[str, Sources]:
    """Rename traced columns as in the contract, and put them in its order."""
    names = {column.name.lower(): column.name for column in columns}
    if names.keys() != found.columns.keys():
        odd = ", ".join(sorted(names.keys() ^ found.columns.keys()))
        raise ValueError(f"{table}: SQL and contract differ in {odd}")
    return {name: found.columns[lower] for lower, name in names.items()}
