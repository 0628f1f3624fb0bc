"""Adapters: one SELECT from a file's own columns to a source table's columns.

An adapter is a SQL file. Comment lines ``-- key: value`` before the SELECT say which table it
feeds and how its files are written; the SELECT reads the relation ``file``, which has the
file's columns as text, plus ``_line`` (record number) and ``_file`` (name).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ltv_platform.bundled import bundled_data
from ltv_platform.errors import UserError

_KEYS = ("table", "delimiter", "quote", "header", "columns")
_DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "whitespace": " "}


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
        delimiter: One character; None: found from the header line.
        whitespace: Columns are parted by any run of blanks.
        quote: Quote character.
        header: The first record holds the column names.
        columns: Column names where there is no header.
    """

    delimiter: str | None = None
    whitespace: bool = False
    quote: str = '"'
    header: bool = True
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adapter:
    """A parsed adapter.

    Attributes:
        name: Its file name without ending.
        text: The whole text; part of the load's identity.
        table: The source table that it feeds.
        dialect: How its files are written.
    """

    name: str
    text: str
    table: str
    dialect: Dialect
    _tree: exp.Query = field(repr=False, compare=False)

    @cached_property
    def row_wise(self) -> bool:
        """Each output row is made of exactly one record, which gives it its line."""
        tree = self._tree
        return (
            isinstance(tree, exp.Select)
            and not tree.args.get("with_")
            and not any(
                tree.args.get(clause) for clause in ("group", "distinct", "joins", "limit")
            )
            and not any(
                isinstance(node, exp.Unnest | exp.Explode)
                or (isinstance(node, exp.AggFunc) and not node.find_ancestor(exp.Window))
                for node in tree.walk()
            )
        )

    @cached_property
    def replayable(self) -> bool:
        """A record gives the same row when it comes alone: no windows over other records."""
        return self.row_wise and self._tree.find(exp.Window) is None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the output columns."""
        return tuple(self._tree.named_selects)

    def select(self) -> str:
        """The SELECT, with ``_line`` added where each row has one."""
        tree = self._tree.copy()
        if self.row_wise and "_line" not in self.columns:
            assert isinstance(tree, exp.Select)
            tree.select("_line", append=True, copy=False)
        return tree.sql(dialect="duckdb")


def load_adapter(name_or_path: str, table: str) -> Adapter:
    """Find and parse an adapter: a bundled one by name, or a file of the user's.

    Raises:
        UserError: there is none, it is not one SELECT from ``file``, or it feeds another table.
    """
    path = Path(name_or_path)
    if path.suffix == ".sql" or path.is_file():
        if not path.is_file():
            raise UserError(f"The adapter {path} does not exist.", "Check the path.")
        text = path.read_text("utf-8")
    else:
        text = bundled_adapters().get(name_or_path, "")
        if not text:
            raise UserError(
                f"There is no adapter {name_or_path!r}.",
                f"Bundled are {', '.join(sorted(bundled_adapters()))}; "
                "or give the path of your own .sql file.",
            )
    adapter = parse_adapter(path.stem, text)
    if adapter.table != table:
        raise UserError(
            f"Adapter {adapter.name} feeds {adapter.table}, not {table}.",
            f"Run `ltv ingest {adapter.table} … --adapter {name_or_path}`, or choose another.",
        )
    return adapter


def bundled_adapters() -> Mapping[str, str]:
    """The text of each bundled adapter, by name."""
    return {
        path.name.removesuffix(".sql"): path.read_text("utf-8")
        for path in (bundled_data() / "adapters").iterdir()
        if path.name.endswith(".sql")
    }


def parse_adapter(name: str, text: str) -> Adapter:
    """Parse the text of an adapter.

    Raises:
        UserError: an unknown key, or not exactly one SELECT that reads only ``file``.
    """
    header = _header(name, text)
    if "table" not in header:
        raise UserError(
            f"Adapter {name} does not say which table it feeds.",
            "Begin it with a line such as: -- table: transactions",
        )
    try:
        statements = [part for part in sqlglot.parse(text, dialect="duckdb") if part is not None]
    except SqlglotError as error:
        raise UserError(f"Adapter {name} is no valid SQL: {error}", "Mend the SELECT.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise UserError(
            f"Adapter {name} must be exactly one SELECT.", "Remove every other statement."
        )
    tree = statements[0]
    allowed = {"file"} | {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.db or not isinstance(table.this, exp.Identifier) or table.name not in allowed:
            raise UserError(
                f"Adapter {name} reads {table.sql(dialect='duckdb')}; it may read only `file`.",
                "An adapter sees one file at a time; join tables in a mart instead.",
            )
    return Adapter(name, text, header["table"], _dialect(name, header), tree)


def _header(name: str, text: str) -> dict[str, str]:
    header: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("--"):
            if line.strip():
                break
            continue
        key, colon, value = line[2:].partition(":")
        if colon and key.strip() in _KEYS:
            header[key.strip()] = value.strip()
    return header


def _dialect(name: str, header: Mapping[str, str]) -> Dialect:
    delimiter = header.get("delimiter")
    if delimiter is not None:
        delimiter = _DELIMITERS.get(delimiter, delimiter)
        if len(delimiter) != 1:
            raise UserError(
                f"Adapter {name}: the delimiter {delimiter!r} is not one character.",
                f"Give the character or one of {', '.join(_DELIMITERS)}.",
            )
    has_header = header.get("header", "yes") == "yes"
    columns = tuple(header.get("columns", "").replace(",", " ").split())
    if not has_header and not columns:
        raise UserError(
            f"Adapter {name} says that its files have no header, but not which columns.",
            "Add a line such as: -- columns: customer_id date amount",
        )
    return Dialect(
        delimiter=delimiter,
        whitespace=header.get("delimiter") == "whitespace",
        quote=header.get("quote", '"'),
        header=has_header,
        columns=columns,
    )
