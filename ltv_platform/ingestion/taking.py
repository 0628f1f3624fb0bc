"""Takes a file in: makes a private copy, recognizes it, and finds the tables that it feeds."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ltv_platform.contracts import SourceTable
from ltv_platform.errors import UserError
from ltv_platform.ingestion.files.private_copy import (
    PrivateCopy,
    check_regular,
    file_format,
    load_id_of,
    take_copy,
)
from ltv_platform.ingestion.files.sqlite_tables import copy_sqlite, export_sqlite_table
from ltv_platform.ingestion.messages import source_called
from ltv_platform.ingestion.reading.dialect import Dialect
from ltv_platform.ingestion.reading.double_rounding import scales_of
from ltv_platform.ingestion.requests import Request
from ltv_platform.ingestion.rows.staging import Incoming, IncomingFile
from ltv_platform.warehouse.engine import Reader

if TYPE_CHECKING:
    from ltv_platform.ingestion.adapters.adapter import Adapter


def take_in(engine: Reader, request: Request, folder: Path) -> list[Incoming]:
    """Copy a file and prepare it for each table that it feeds.

    Args:
        engine: The warehouse, for its tables and settings.
        request: The file, and possibly its table and adapter.
        folder: A new folder for the copy; its name identifies the file.

    Raises:
        UserError: the table, the adapter or the file cannot be used.
    """
    sources, settings = engine.catalog.sources, engine.settings
    source = None if request.table is None else source_called(sources, request.table)
    request = _with_options(request)
    if request.adapter:  # report its errors before the file is copied
        _adapters(engine, request.adapter, source)
    folder.mkdir()
    check_regular(request.path, request.follow_links)
    name = ""
    if file_format(request.path) == "sqlite" and request.sheet is None:
        if source is None:
            raise UserError(
                f"{request.path} is a SQLite database.",
                f"Load all source tables in it: `ltv ingest --sqlite {request.path}`.",
            )
        database = copy_sqlite(request.path, folder, follow_links=request.follow_links)
        scales = None if request.adapter else scales_of(source)
        copy = export_sqlite_table(database, source.name, settings, scales)
    else:
        copy = _copied(engine, request, folder, source)
        if source is None and request.adapter is None:
            from ltv_platform.ingestion.adapters.recognition import recognize  # noqa: PLC0415 - parses SQL

            found = recognize(copy, sources)
            request = _with_options(replace(request, table=found.table, adapter=found.adapter))
            source, name = sources.get(found.table or ""), found.name
            if file_format(request.path) == "workbook":
                # The dialect of the text depends on the adapter or table that reads it.
                shutil.rmtree(folder)
                folder.mkdir()
                copy = _copied(engine, request, folder, source)
    if request.options:  # otherwise they would be in the adapter's name
        raise UserError(
            f"{request.path} has the columns of {request.table}, so no option applies.",
            "Remove --option.",
        )
    adapters = _adapters(engine, request.adapter, source) if request.adapter else {}
    file = IncomingFile(copy, adapters, taken_for=name)
    tables = list(adapters) or ([source.name] if source else [])
    return [
        Incoming(
            replace(request, table=table),
            sources[table],
            file,
            load_id_of(table, adapters[table].text if adapters else "", copy.content_hash),
            f"{folder.name}_{table}",
        )
        for table in tables
    ]


def _copied(
    engine: Reader, request: Request, folder: Path, source: SourceTable | None
) -> PrivateCopy:
    """Make a private copy; a workbook is written in the dialect of its adapter or table."""
    adapters = _adapters(engine, request.adapter, source) if request.adapter else {}
    adapter = next(iter(adapters.values()), None)
    return take_copy(
        request.path,
        folder,
        follow_links=request.follow_links,
        sheet=request.sheet,
        dialect=adapter.dialect if adapter else Dialect(),
        scales=None if adapter or source is None else scales_of(source),
    )


def _with_options(request: Request) -> Request:
    """Move the request's options into its adapter's name, so that the reference includes them."""
    if not request.adapter or not request.options:
        return request
    return replace(request, adapter=f"{request.adapter}?{'&'.join(request.options)}", options=())


def _adapters(engine: Reader, reference: str, source: SourceTable | None) -> "dict[str, Adapter]":
    """The SELECTs of an adapter, for one table or all."""
    # Imported here: it parses SQL, and most files have no adapter.
    from ltv_platform.ingestion.adapters.files import load_adapter, load_adapters  # noqa: PLC0415

    options = engine.settings.adapter_options
    if source is not None:
        return {source.name: load_adapter(reference, source.name, options)}
    adapters = load_adapters(reference, options)
    for table in adapters:
        source_called(engine.catalog.sources, table)
    return adapters
