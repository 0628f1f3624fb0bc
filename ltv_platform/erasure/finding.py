"""Finds the records of persons on the list in a file, reading it as ingestion does."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.adapter import Adapter
from ltv_platform.ingestion.adapters.confinement import Connection, confined_database
from ltv_platform.ingestion.adapters.database import adapter_errors
from ltv_platform.ingestion.adapters.file_relation import make_file, make_views
from ltv_platform.ingestion.adapters.layout import Layout
from ltv_platform.ingestion.adapters.person_ids import person_id
from ltv_platform.ingestion.files.private_copy import PrivateCopy
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.double_rounding import scales_of
from ltv_platform.ingestion.reading.readers import UnreliableReadError, open_file
from ltv_platform.ingestion.rows.values import trimmed
from ltv_platform.ingestion.suppression.keys import CUSTOMER, Suppressed, names
from ltv_platform.ingestion.suppression.texts import ADDRESSES
from ltv_platform.locks import temporary_folder
from ltv_platform.settings import Settings


@dataclass(frozen=True)
class Found:
    """Records of persons on the list.

    Attributes:
        lines: Their record numbers.
        keys: Their keys, such as session ids.
        malformed: Numbers of malformed records that name somebody.
        records: The number of all records of the file.
    """

    lines: frozenset[int]
    keys: frozenset[str]
    malformed: frozenset[int]
    records: int

    @property
    def count(self) -> int:
        """The number of their records."""
        return len(self.lines) + len(self.malformed)


class Finder:
    """Searches files, with its own database, which can only access its folder.

    Args:
        settings: The settings.
        connection: A confined connection.
        folder: For private copies.
    """

    def __init__(self, settings: Settings, connection: Connection, folder: Path) -> None:
        self.settings = settings
        self._connection = connection
        self._folder = folder
        self._files = 0

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder for one file, removed at the end."""
        self._files += 1
        folder = self._folder / str(self._files)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def find(
        self,
        copy: PrivateCopy,
        source: SourceTable,
        adapter: Adapter | None,
        suppressed: Suppressed,
    ) -> Found:
        """Find the records of persons on the list.

        Args:
            copy: A private copy in its own folder.
            source: The table that the file is for.
            adapter: Its adapter, if it has one.
            suppressed: The list.

        Raises:
            UserError: the file cannot be read, or its records do not identify persons.
        """
        try:
            return self._find(copy, source, adapter, suppressed, by_hand=False)
        except UnreliableReadError:
            return self._find(copy, source, adapter, suppressed, by_hand=True)

    def _find(
        self,
        copy: PrivateCopy,
        source: SourceTable,
        adapter: Adapter | None,
        suppressed: Suppressed,
        *,
        by_hand: bool,
    ) -> Found:
        connection = self._connection
        records = open_file(
            connection,
            copy,
            adapter.dialect if adapter else Dialect(),
            adapter.inputs if adapter else [column.name for column in source.columns],
            scales=None if adapter else scales_of(source),
            by_hand=by_hand,
        )
        layout = adapter.layout if adapter else None
        file = make_file(connection, self.settings, copy, records, layout, as_written=True)
        found = self._in_relation(file.columns, source, adapter, suppressed, copy.name)
        malformed = connection.execute("SELECT line, raw FROM malformed").fetchall()
        return Found(
            frozenset(number for number, _ in found),
            frozenset(key for _, key in found if key is not None),
            frozenset(
                number
                for number, raw in malformed
                if self.is_named(raw, source, adapter, suppressed)
            ),
            file.records + len(malformed),
        )

    def ids_beside(self, copy: PrivateCopy, adapter: Adapter, address: str) -> frozenset[str]:
        """Ids in the same records of a file as an address.

        Args:
            copy: A private copy in its own folder.
            adapter: Its adapter.
            address: The id made from the address, see ``person_ids``.

        Raises:
            UserError: the file cannot be read.
        """
        kinds = {column.name: column.kind for column in adapter.layout.columns}
        ids = [name for name, kind in kinds.items() if kind == "id"]
        addresses = [name for name, kind in kinds.items() if kind == "person"]
        if not ids or not addresses:
            return frozenset()
        records = open_file(self._connection, copy, adapter.dialect, adapter.inputs, by_hand=True)
        make_file(self._connection, self.settings, copy, records, adapter.layout, as_written=True)
        listed = ", ".join(map(quoted, ids))
        rows = self._connection.execute(
            f"SELECT DISTINCT UNNEST([{listed}]) FROM file "
            f"WHERE $address IN ({', '.join(map(quoted, addresses))})",
            {"address": address},
        ).fetchall()
        return frozenset(each for (each,) in rows if each is not None)

    def is_named(
        self, text: str, source: SourceTable, adapter: Adapter | None, suppressed: Suppressed
    ) -> bool:
        """Whether a malformed record names somebody on the list.

        By an id, or by an address if the format makes ids from addresses.
        """
        if names(suppressed, source, text, adapter.dialect.delimiter if adapter else None):
            return True
        if adapter is None or not adapter.layout.holds_persons:
            return False
        return any(
            suppressed.holds(CUSTOMER, person_id(self.settings, address))
            for address in ADDRESSES.findall(text)
        )

    def find_in_quarantine(
        self,
        records: Mapping[int, Mapping[str, Any]],
        source: SourceTable,
        adapter: Adapter | None,
        suppressed: Suppressed,
    ) -> dict[int, str | None]:
        """Positions of quarantined records of persons on the list, each with its key.

        Args:
            records: The records of a load, by position.
            source: The table that they are for.
            adapter: The adapter that was not applied yet, if any.
            suppressed: The list.

        Raises:
            UserError: the records do not identify persons.
        """
        import pyarrow as pa  # noqa: PLC0415 - only a quarantine with rows in it needs Arrow

        columns = sorted({name for record in records.values() for name in record})
        arrays: dict[str, Any] = {"_line": pa.array(list(records), pa.int64())}
        for name in columns:
            values = [record.get(name) for record in records.values()]
            texts = [None if value is None else str(value) for value in values]
            arrays[name] = pa.array(texts, pa.string())
        self._connection.register("kept_records", pa.table(arrays))
        try:
            self._connection.execute(
                "CREATE OR REPLACE TEMP TABLE records AS SELECT * FROM kept_records"
            )
        finally:
            self._connection.unregister("kept_records")
        layout = adapter.layout if adapter else Layout()
        more = "".join(
            f", CAST(NULL AS VARCHAR) AS {quoted(name)}"
            for name in layout.names
            if name not in columns
        )
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW written AS SELECT *{more}, '' AS _file FROM records"
        )
        make_views(self._connection, self.settings, layout, "written")
        return dict(self._in_relation(columns, source, adapter, suppressed, "A record"))

    def _in_relation(
        self,
        columns: Sequence[str],
        source: SourceTable,
        adapter: Adapter | None,
        suppressed: Suppressed,
        name: str,
    ) -> list[tuple[int, str | None]]:
        """Number and key of the records of ``file`` that belong to persons on the list."""
        wanted = {source.key[0]: "key"} | ({source.person: "person"} if source.person else {})
        select, given = _whose(columns, wanted, adapter)
        if not given and adapter is not None and adapter.layout.columns and source.person:
            return self._with_id(columns, adapter.layout, source, suppressed)
        needed = "person" if source.person else "key"
        if needed not in given:
            raise UserError(
                f"Nothing in {name} identifies whose records it holds"
                + (
                    f": adapter {adapter.name} computes that from several records."
                    if adapter
                    else "."
                ),
                "Remove the person's records from it by hand.",
            )
        values = {each: trimmed(f"CAST({quoted(each)} AS VARCHAR)") for each in given}
        # The key of a customer is the person.
        key = None if source.key[0] == source.person else values.get("key")
        condition, parameters = suppressed.condition(source, values.get("person"), key)
        errors = (
            adapter_errors(adapter, self._connection, self.settings, name)
            if adapter
            else nullcontext()
        )
        with errors:
            return self._connection.execute(
                f"SELECT _line, {values.get('key', 'NULL')} FROM ({select}) AS whose "
                f"WHERE {condition} ORDER BY _line",
                parameters,
            ).fetchall()

    def _with_id(
        self,
        columns: Sequence[str],
        layout: Layout,
        source: SourceTable,
        suppressed: Suppressed,
    ) -> list[tuple[int, str | None]]:
        """Numbers of the records with an id on the list in a column.

        If a row is made from several records, no single record says whose it is. Then the columns
        declared to identify a person are searched, or all if none is declared.
        """
        conditions, parameters = list[str](), dict[str, Any]()
        for name in layout.persons or columns:
            value = trimmed(f"CAST({quoted(name)} AS VARCHAR)")
            condition, parameters = suppressed.condition(source, value, None)
            conditions.append(f"({condition})")
        found = self._connection.execute(
            f"SELECT _line FROM file WHERE {' OR '.join(conditions)} ORDER BY _line", parameters
        ).fetchall()
        return [(line, None) for (line,) in found]


def _whose(
    columns: Sequence[str], wanted: Mapping[str, str], adapter: Adapter | None
) -> tuple[str, frozenset[str]]:
    """A SELECT of ``_line``, ``person`` and ``key``, if records have them; and their names.

    In the customers table both are one column, which is called ``person``.
    """
    if adapter is not None:
        return adapter.of_records(wanted) or ("", frozenset())
    given = {column: name for column, name in wanted.items() if column in columns}
    texts = "".join(f", {quoted(column)} AS {name}" for column, name in given.items())
    return f"SELECT _line{texts} FROM file", frozenset(given.values())


@contextmanager
def open_finder(settings: Settings) -> Iterator[Finder]:
    """A finder; its copies, and leftovers of killed processes, are removed at the end."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (
        temporary_folder(settings.home, "staging_") as folder,
        confined_database(folder) as connection,
    ):
        yield Finder(settings, connection, folder)
