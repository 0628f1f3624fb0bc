"""Pipes about rejected records: the table itself, and one per source, as Tinybird names them."""

from collections.abc import Iterator

from ltv_platform.contracts import Catalog, Column, SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.contracts.operations import QUARANTINE
from ltv_platform.pipes.declared.rows import period, rows_of
from ltv_platform.pipes.model import Parameter, Pipe, Question
from ltv_platform.pipes.statements import Conditions, Statement, Tables

_START, _END = period("time of rejection")
_ORIGIN = (
    Column("insertion_date", "TIMESTAMP", "When it was rejected (UTC).", required=True),
    Column("c__error_column", "VARCHAR[]", "The columns that are wrong; empty: the row."),
    Column("c__error", "VARCHAR[]", "What is wrong with each."),
    Column("c__import_id", "VARCHAR", "The load that rejected it.", required=True),
)
_DATED = {"start_date": "quarantined_at", "end_date": "quarantined_at"}


def quarantine_pipes(catalog: Catalog) -> Iterator[Pipe]:
    """The pipes of the group."""
    sources = tuple(catalog.sources)
    name = Parameter("name", "String", "Source table; repeatable.", choices=sources)
    yield rows_of(
        QUARANTINE, {name: "table_name", _START: "quarantined_at", _END: "quarantined_at"}
    )
    for source in catalog.sources.values():
        yield _of_source(source)


def _of_source(source: SourceTable) -> Pipe:
    """The records of a source that are still in quarantine, with the texts of its columns."""
    columns = tuple(
        Column(column.name, "VARCHAR", column.description, pii=column.pii)
        for column in source.columns
    )
    texts = ", ".join(
        f"CASE WHEN json_valid(raw) THEN raw ->> {literal(_path(column.name))} END "
        f"AS {quoted(column.name)}"
        for column in columns
    )

    def statement(tables: Tables, question: Question) -> Statement:
        conditions = Conditions()
        where = conditions.of(question.filters, _DATED)
        conditions.bound["source"] = source.name
        reasons = "COALESCE(reasons, [])"
        return Statement(
            "SELECT quarantined_at AS insertion_date, "
            f"list_transform({reasons}, lambda reason: CASE WHEN contains(reason, ': ') "
            "THEN split_part(reason, ': ', 1) ELSE '' END) AS c__error_column, "
            f"list_transform({reasons}, lambda reason: CASE WHEN contains(reason, ': ') "
            "THEN substr(reason, strpos(reason, ': ') + 2) ELSE reason END) AS c__error, "
            f"load_id AS c__import_id, {texts}, line AS c__line "
            f"FROM {tables.relation(QUARANTINE.name)} "
            "WHERE table_name = $source AND replayed_at IS NULL AND settled_at IS NULL "
            f"AND {where}",
            conditions.bound,
        )

    return Pipe(
        f"{source.name}_quarantine",
        f"One row per record of {source.name} still in quarantine. What was rejected, and why?",
        (*_ORIGIN, *columns, Column("c__line", "BIGINT", "Its record number.", required=True)),
        ("insertion_date", "c__import_id", "c__line"),
        (_START, _END),
        statement,
    )


def _path(column: str) -> str:
    return f'$."{column}"'
