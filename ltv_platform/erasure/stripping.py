"""Rewrites one file of landing or loaded without the records of persons on the list."""

import filecmp
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ltv_platform.contracts import SourceTable
from ltv_platform.erasure.finding import Finder, Found
from ltv_platform.erasure.rewriting import (
    around_records,
    delete_from_sqlite,
    pack_like,
    rewrite_parquet,
    rewrite_text,
)
from ltv_platform.erasure.sightings import naming_tables
from ltv_platform.errors import UserError
from ltv_platform.failpoints import failpoint
from ltv_platform.ingestion.adapters.adapter import Adapter
from ltv_platform.ingestion.adapters.files import load_adapter, load_adapters
from ltv_platform.ingestion.files.private_copy import (
    PrivateCopy,
    file_format,
    load_id_of,
    take_copy,
    take_workbook,
)
from ltv_platform.ingestion.files.sqlite_tables import (
    copy_sqlite,
    export_sqlite_table,
    sqlite_tables,
)
from ltv_platform.ingestion.files.unfollowed import put_in_place
from ltv_platform.ingestion.files.workbooks import texts_beside
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.double_rounding import scales_of
from ltv_platform.ingestion.reading.headers import find_header
from ltv_platform.ingestion.suppression.keys import Suppressed
from ltv_platform.ingestion.suppression.texts import Needles

#: Prefix of drafts next to the files that they replace; hidden, so that landing ignores them.
DRAFT = ".erasure.part"


@dataclass(frozen=True)
class KeptFile:
    """A file in LTV_HOME.

    Attributes:
        path: The file; not a link.
        table: The source table that it is for.
        adapter: Name or path of its adapter, if any.
        load_id: Its load; None: it waits in landing.
    """

    path: Path
    table: str
    adapter: str | None = None
    load_id: str | None = None


@dataclass(frozen=True)
class _Opened:
    """A private copy of a file, and one of each personal table in it."""

    copy: PrivateCopy
    tables: Mapping[str, PrivateCopy]


class Stripper:
    """Removes records of persons on the list from files.

    Args:
        finder: Finds them.
        sources: The contracts by name.
        suppressed: The list.
    """

    def __init__(
        self, finder: Finder, sources: Mapping[str, SourceTable], suppressed: Suppressed
    ) -> None:
        self._finder = finder
        self._sources = sources
        self.suppressed = suppressed
        #: Workbooks that were rewritten as text, and the new files.
        self.replaced: dict[Path, Path] = {}

    def search(self, file: KeptFile) -> dict[str, Found]:
        """Find their records in a file, by source table; only a SQLite database has several.

        Raises:
            UserError: it cannot be read, or its records do not identify persons.
        """
        with self._finder.folder() as folder:
            opened = self._open(file, folder)
            return self._found(opened, self._adapters_of(file), file.table)

    def ids_beside(self, file: KeptFile, address: str) -> frozenset[str]:
        """Ids in the same records of a file as an address; see :meth:`Finder.ids_beside`."""
        adapter = self._adapters_of(file).get(file.table)
        if adapter is None or not adapter.layout.holds_persons:
            return frozenset()
        with self._finder.folder() as folder:
            copy = self._open(file, folder).copy
            return self._finder.ids_beside(copy, adapter, address)

    def strip(self, file: KeptFile, remember: Callable[[str, str], None] | None = None) -> int:
        """Rewrite a file atomically without their records; if none are left, it is removed.

        A workbook becomes a text file with the one sheet that is read; see ``replaced``.

        Args:
            file: The file.
            remember: Called before the file is replaced, with the load_id that the new file would
                have, and that of the old one.

        Returns:
            The number of removed records.

        Raises:
            UserError: it cannot be read or rewritten; it is unchanged.
        """
        adapters = self._adapters_of(file)
        adapter = adapters.get(file.table)
        with self._finder.folder() as folder:
            opened = self._open(file, folder)
            found = self._found(opened, adapters, file.table)
            count = sum(each.count for each in found.values())
            if not count:
                return 0
            target = text_of(file.path) if _is_workbook(file.path) else file.path
            draft = folder / "rewritten" / target.name
            draft.parent.mkdir()
            self._write(file, opened, found, adapter, draft)
            new = self._checked(file, found, adapters, draft)
            if new is None:
                file.path.unlink()
                if file.path.parent.name == file.load_id:
                    with suppress(OSError):  # other files of the load, or hidden ones
                        file.path.parent.rmdir()
                return count
            text = adapter.text if adapter else ""
            if remember and file.load_id is not None:
                old = opened.tables[file.table].content_hash
                for table in adapters or (file.table,):
                    remember(
                        load_id_of(table, text, new.content_hash), load_id_of(table, text, old)
                    )
            failpoint("file stripped, not replaced")
            _replace(file.path, draft, target)
            if target != file.path:
                self.replaced[file.path] = target
        failpoint("file replaced")
        return count

    def check_rest(self, file: KeptFile, needles: Needles) -> None:
        """Search the parts without a contract: other tables and sheets, text around the records.

        Raises:
            UserError: one of them names the person.
        """
        kind = file_format(file.path)
        if kind not in ("sqlite", "json", "workbook"):
            return
        with self._finder.folder() as folder:
            if kind == "json":
                copy = take_copy(file.path, folder, follow_links=False)
                adapter = self._adapters_of(file).get(file.table)
                if needles.are_in(around_records(copy, self._wanted(file, adapter))):
                    raise UserError(
                        "the text around its list of records names them.",
                        "Remove that by hand.",
                    )
                return
            if kind == "workbook":
                workbook = take_workbook(file.path, folder, follow_links=False)
                if any(needles.are_in(text) for text in texts_beside(workbook)):
                    raise UserError(
                        "its other sheets, its comments or its properties name them.",
                        "Keep only the sheet that is loaded, without comments.",
                    )
                return
            database = copy_sqlite(file.path, folder, follow_links=False)
            if tables := naming_tables(database.path, self._sources, needles):
                raise UserError(
                    f"its tables {', '.join(tables)} name them, but are not source tables.",
                    "Delete the person's rows from them, then run VACUUM.",
                )

    def _open(self, file: KeptFile, folder: Path) -> _Opened:
        if file_format(file.path) != "sqlite":
            adapter = self._adapters_of(file).get(file.table)
            copy = take_copy(
                file.path,
                folder,
                follow_links=False,
                dialect=adapter.dialect if adapter else Dialect(),
                scales=None if adapter else scales_of(self._sources[file.table]),
            )
            return _Opened(copy, {file.table: copy})
        database = copy_sqlite(file.path, folder, follow_links=False)
        settings = self._finder.settings
        present = sqlite_tables(database, settings)
        tables = [file.table] + [
            name
            for name, source in self._sources.items()
            if source.is_personal and name in present and name != file.table
        ]
        return _Opened(
            database,
            {
                table: export_sqlite_table(
                    database,
                    table,
                    settings,
                    None
                    if table == file.table and file.adapter
                    else scales_of(self._sources[table]),
                )
                for table in tables
            },
        )

    def _adapters_of(self, file: KeptFile) -> dict[str, Adapter]:
        """The SELECTs of a file's adapter, that of its table first."""
        if file.adapter is None:
            return {}
        options = self._finder.settings.adapter_options
        first = load_adapter(file.adapter, file.table, options)
        return {file.table: first, **load_adapters(file.adapter, options)}

    def _found(
        self, opened: _Opened, adapters: Mapping[str, Adapter], adapted: str
    ) -> dict[str, Found]:
        """Findings in a file by table; the first of several SELECTs has the records of all."""
        if not adapters or adapters.keys() == {adapted}:
            return {
                table: self._finder.find(
                    copy,
                    self._sources[table],
                    adapters.get(table) if table == adapted else None,
                    self.suppressed,
                )
                for table, copy in opened.tables.items()
            }
        copy = opened.tables[adapted]
        found = dict[str, Found]()
        why_not: UserError | None = None
        for table, adapter in adapters.items():
            if self._sources[table].is_personal:
                try:
                    found[table] = self._finder.find(
                        copy, self._sources[table], adapter, self.suppressed
                    )
                except UserError as error:
                    why_not = error
        if not found:
            raise why_not or UserError(f"{copy.name} has no personal data.", "Check the file.")
        lines = frozenset().union(*(each.lines for each in found.values()))
        malformed = frozenset().union(*(each.malformed for each in found.values()))
        records = max(each.records for each in found.values())
        by_table = {
            table: replace(each, lines=frozenset(), malformed=frozenset(), records=0)
            for table, each in found.items()
        }
        keys = by_table[adapted].keys if adapted in by_table else frozenset()
        return {**by_table, adapted: Found(lines, keys, malformed, records)}

    def _write(
        self,
        file: KeptFile,
        opened: _Opened,
        found: Mapping[str, Found],
        adapter: Adapter | None,
        draft: Path,
    ) -> None:
        copy, source = opened.copy, self._sources[file.table]
        written = draft.with_name(f"{draft.name}.written")
        if copy.format == "sqlite":
            written = copy.path
            for table, of_table in found.items():
                if of_table.count:
                    delete_from_sqlite(written, table, of_table)
        elif copy.format == "parquet":
            rewrite_parquet(copy, written, found[file.table])
        else:
            dialect = adapter.dialect if adapter else Dialect()
            wanted = self._wanted(file, adapter)
            width = 0, ""
            if copy.format == "csv" and not dialect.whitespace:
                header = find_header(copy, dialect, wanted)
                width = len(header.columns), header.delimiter
            rewrite_text(
                copy,
                written,
                found[file.table],
                dialect=dialect,
                columns=width,
                wanted=wanted,
                is_named=lambda text: self._finder.is_named(text, source, adapter, self.suppressed),
            )
        pack_like(file.path, written, draft)

    def _wanted(self, file: KeptFile, adapter: Adapter | None) -> Collection[str]:
        """The columns by which a file is read."""
        if adapter:
            return adapter.inputs
        return [column.name for column in self._sources[file.table].columns]

    def _checked(
        self,
        file: KeptFile,
        found: Mapping[str, Found],
        adapters: Mapping[str, Adapter],
        draft: Path,
    ) -> PrivateCopy | None:
        """The rewritten file, read back and verified; None: no record is left.

        Raises:
            UserError: its content is not as expected.
        """
        left = {table: each.records - each.count for table, each in found.items()}
        if not any(left.values()) and not (found[file.table].malformed and draft.stat().st_size):
            return None
        with self._finder.folder() as folder:
            opened = self._open(replace(file, path=draft), folder)
            after = self._found(opened, adapters, file.table)
            expected = {table: each.records for table, each in after.items()}
            if any(each.count for each in after.values()) or (
                # Records after an unclosed quote become separate records.
                expected != left and not found[file.table].malformed
            ):
                raise UserError(
                    f"{file.path} cannot be rewritten: the rewritten copy did not read back as "
                    "expected.",
                    "Remove the person's records from it by hand.",
                )
            # Only its hash is used; the folder is removed.
            return opened.tables[file.table]


def _is_workbook(path: Path) -> bool:
    return file_format(path) == "workbook"


def text_of(workbook: Path) -> Path:
    """The path of the text file that replaces a workbook."""
    return workbook.with_name(f"{workbook.name}.csv")


def _replace(path: Path, draft: Path, target: Path) -> None:
    """Replace a file by a draft, which may be on another disk.

    Args:
        path: The file to replace.
        draft: The draft.
        target: The final path: that of the file, or a free one.
    """
    # A killed process may have written it without removing the old file.
    if target != path and target.exists() and not filecmp.cmp(draft, target, shallow=False):
        raise UserError(
            f"{path} cannot be rewritten as {target.name}: another file has that name.",
            "Rename one of them, then erase the person again.",
        )
    try:
        put_in_place(draft, path, DRAFT, target.name)
        if target != path:
            failpoint("workbook written as text, not removed")
            path.unlink()
    except OSError as error:
        raise UserError(
            f"{path} cannot be replaced: {error.strerror or error}.",
            "Free some space or fix its permissions.",
        ) from error


def drafts_in(folder: Path) -> Iterator[Path]:
    """Drafts left by killed processes."""
    return folder.rglob(f".*{DRAFT}")
