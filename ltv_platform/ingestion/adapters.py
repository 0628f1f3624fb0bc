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
from ltv_platform.ingestion.dialects import Dialect

_KEYS = ("table", "delimiter", "quote", "header", "columns")
#: What makes a value depend on more than one record.
_OF_SEVERAL = (exp.AggFunc, exp.Window, exp.Subquery, exp.Unnest, exp.Explode)
_DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "whitespace": " "}


@dataclass(frozen=True)
class Adapter:
    """A parsed adapter.

    Attributes:
        name: Its file name without ending.
        text: The whole text; part of the load's identity.
        table: The source table that it feeds.
        dialect: How its files are written.
        reference: What finds it again: its name if it is bundled, else the path of its file.
    """

    name: str
    text: str
    table: str
    dialect: Dialect
    reference: str
    _tree: exp.Query = field(repr=False, compare=False)

    @cached_property
    def row_wise(self) -> bool:
        """Each output row is made of exactly one record, which gives it its line."""
        tree = self._tree
        return (
            self._reads_records
            and not any(tree.args.get(clause) for clause in ("group", "distinct", "limit"))
            and not any(
                isinstance(node, exp.Unnest | exp.Explode)
                or (isinstance(node, exp.AggFunc) and not node.find_ancestor(exp.Window))
                for node in tree.walk()
            )
        )

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
            and not source.this.args.get("pivots")
            and not any(tree.args.get(clause) for clause in ("with_", "joins", "laterals"))
        )

    @cached_property
    def inputs(self) -> frozenset[str]:
        """Names of the columns that the SELECT mentions; some of them are the file's."""
        return frozenset(column.name for column in self._tree.find_all(exp.Column))

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


def load_adapter(name_or_path: str, table: str) -> Adapter:
    """Find and parse an adapter: a bundled one by name, or a file of the user's.

    Raises:
        UserError: there is none, it is not one SELECT from ``file``, or it feeds another table.
    """
    text = adapter_text(name_or_path)
    path = Path(name_or_path)
    name, reference = (
        (name_or_path, name_or_path)
        if name_or_path in bundled_adapters()
        else (path.stem, str(path.absolute()))
    )
    adapter = parse_adapter(name, text, reference)
    if adapter.table != table:
        raise UserError(
            f"Adapter {adapter.name} feeds {adapter.table}, not {table}.",
            f"Run `ltv ingest {adapter.table} … --adapter {name_or_path}`, or choose another.",
        )
    return adapter


def adapter_text(name_or_path: str) -> str:
    """The SQL of a bundled adapter, or of a file of the user's.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    path = Path(name_or_path)
    bundled = bundled_adapters()
    if name_or_path in bundled:
        return bundled[name_or_path]
    if path.is_file():
        return _read(path)
    if path.suffix == ".sql":
        raise UserError(f"The adapter {path} does not exist.", "Check the path.")
    raise UserError(
        f"There is no adapter {name_or_path!r}.",
        f"Bundled are {', '.join(sorted(bundled))}; or give the path of your own .sql file.",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The adapter {path} cannot be read ({error}).", "Save it as readable UTF-8 text."
        ) from error


def bundled_adapters() -> Mapping[str, str]:
    """The text of each bundled adapter, by name."""
    return {
        path.name.removesuffix(".sql"): path.read_text("utf-8")
        for path in (bundled_data() / "adapters").iterdir()
        if path.name.endswith(".sql")
    }


def parse_adapter(name: str, text: str, reference: str) -> Adapter:
    """Parse the text of an adapter.

    Args:
        name: Its name in messages.
        text: The SQL with its comment lines.
        reference: What finds it again, see :class:`Adapter`.

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
        raise UserError(f"Adapter {name} is not valid SQL: {error}", "Fix the SELECT.") from error
    except RecursionError as error:
        raise UserError(
            f"Adapter {name} is nested too deep.", "Make the SELECT simpler."
        ) from error
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
    return Adapter(name, text, header["table"], _dialect(name, header), reference, tree)


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
    quote = header.get("quote", '"')
    if delimiter is not None:
        delimiter = _DELIMITERS.get(delimiter, delimiter)
        if len(delimiter) != 1 or delimiter in f"\r\n{quote}":
            raise UserError(
                f"Adapter {name}: the delimiter {delimiter!r} is not one character.",
                f"Give the character or one of {', '.join(_DELIMITERS)}.",
            )
    if len(quote) > 1 or not quote.isascii():
        raise UserError(
            f"Adapter {name}: the quote {quote!r} is not one ASCII character.",
            "Give the character, or nothing where the files have no quotes.",
        )
    header_given = header.get("header", "yes").lower()
    if header_given not in ("yes", "no"):
        raise UserError(f"Adapter {name}: header is {header_given!r}.", "Say yes or no.")
    columns = tuple(header.get("columns", "").replace(",", " ").split())
    if header_given == "no" and not columns:
        raise UserError(
            f"Adapter {name} says that its files have no header, but not which columns.",
            "Add a line such as: -- columns: customer_id date amount",
        )
    return Dialect(
        delimiter=delimiter,
        whitespace=header.get("delimiter") == "whitespace",
        quote=quote,
        header=header_given == "yes",
        columns=columns,
    )
