"""Analyzes a SELECT by parsing it: its tables, its parameters, its inputs cut.

Parsing takes longer than many statements run, so results are cached, and the parser is imported
only when something new is asked.
"""

from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ltv_platform.result_cache import cache_of, key_of
from ltv_platform.settings import Settings
from ltv_platform.tables.source_code import code_of

if TYPE_CHECKING:
    from sqlglot import exp


#: In which all SQL is written; an engine that speaks another one translates it.
DIALECT = "duckdb"


def tables_read(sql: str, settings: Settings) -> frozenset[str]:
    """Full names of the tables that a SELECT reads."""
    key = key_of("tables read", sql, _analyzer(settings))
    return frozenset(cache_of(settings.home).once(key, lambda: _tables_read(sql)))


def parameters(sql: str, settings: Settings) -> frozenset[str]:
    """Names of the ``$parameters`` of a SELECT."""
    key = key_of("parameters", sql, _analyzer(settings))
    return frozenset(cache_of(settings.home).once(key, lambda: _parameters(sql)))


def cut(sql: str, cuts: tuple[tuple[str, str], ...], settings: Settings) -> str:
    """Restrict some tables of a SELECT to a range of days.

    The bounds are parameters (:func:`bounds`), so that the statement is the same for every range.

    Args:
        sql: The SELECT.
        cuts: (full name, partition column) of each table to restrict.
        settings: For the cache.
    """
    key = key_of("cut", sql, cuts, _analyzer(settings))
    return cache_of(settings.home).once(key, lambda: _cut(sql, cuts))


def bounds(table: str) -> tuple[str, str]:
    """Names of the parameters that bound a table restricted by :func:`cut`."""
    plain = table.replace(".", "_")
    return f"{plain}_first", f"{plain}_last"


def _analyzer(settings: Settings) -> tuple[str, str]:
    """Changes when a SELECT may be parsed differently."""
    return _parser_version(), code_of(Path(__file__), cache_of(settings.home))


@lru_cache(maxsize=1)
def _parser_version() -> str:
    return version("sqlglot")


@lru_cache(maxsize=512)
def _parsed(sql: str) -> "exp.Expression":
    """A parsed SELECT, shared and never modified."""
    import sqlglot  # noqa: PLC0415 - see above

    return sqlglot.parse_one(sql, dialect=DIALECT)


def _tables_read(sql: str) -> list[str]:
    from sqlglot import exp  # noqa: PLC0415

    return sorted({f"{table.db}.{table.name}" for table in _parsed(sql).find_all(exp.Table)})


def _parameters(sql: str) -> list[str]:
    from sqlglot import exp  # noqa: PLC0415

    return sorted({placeholder.name for placeholder in _parsed(sql).find_all(exp.Placeholder)})


def _cut(sql: str, cuts: tuple[tuple[str, str], ...]) -> str:
    from sqlglot import exp  # noqa: PLC0415

    tree = _parsed(sql).copy()
    columns = dict(cuts)
    for reference in list(tree.find_all(exp.Table)):
        name = f"{reference.db}.{reference.name}"
        if name in columns:
            first, last = bounds(name)
            rows = _parsed(
                f'SELECT * FROM {name} WHERE "{columns[name]}" >= ${first} '
                f'AND "{columns[name]}" <= ${last}'
            )
            assert isinstance(rows, exp.Select)
            reference.replace(rows.subquery(reference.alias or reference.name))
    return str(tree.sql(dialect=DIALECT))
