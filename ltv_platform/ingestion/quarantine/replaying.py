"""Replays rejected rows that pass now.

A replayed row enters the log as part of a separate load, but under the name and line that it
had, and at the position of its file in the order of receipt: what came later stays newer.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.apply import Adapted, adapt_again, defaults_of
from ltv_platform.ingestion.adapters.confinement import Connection, confine
from ltv_platform.ingestion.files.private_copy import is_events, load_id_of
from ltv_platform.ingestion.messages import source_called
from ltv_platform.ingestion.quarantine.settling import OPEN
from ltv_platform.ingestion.requests import Progress, silent
from ltv_platform.ingestion.rows.judging import judge
from ltv_platform.ingestion.rows.staging import MALFORMED
from ltv_platform.ingestion.rows.start_date import read_start
from ltv_platform.locks import temporary_folder
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Judged, Load, LoadCounts, Loader, Transaction

if TYPE_CHECKING:
    from ltv_platform.ingestion.adapters.adapter import Adapter


@dataclass(frozen=True)
class _File:
    """A file with rows in quarantine that can be replayed."""

    source: SourceTable
    load_id: str
    name: str
    adapter: str | None
    content_hash: str | None


@dataclass(frozen=True)
class _Passed:
    """Rows of a file that pass now: their lines, and the temporary table with them."""

    file: _File
    lines: tuple[int, ...]
    rows: str


@dataclass
class Retrial:
    """Rows of quarantine judged again, before anything is written.

    Attributes:
        received_at: When (UTC).
        passed: The rows that pass, by file in the order of loads.
        notes: Why some rows could not be tried.
        adapters: Adapters that have changed since their files were loaded.
    """

    received_at: datetime
    passed: list[_Passed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    adapters: list[str] = field(default_factory=list)


def replay(engine: Loader, table: str | None = None, tell: Progress = silent) -> list[LoadCounts]:
    """Replay the rows in quarantine with the current settings and adapters.

    In one transaction, rows that pass enter the log and are marked as replayed; all others,
    including malformed records, stay unchanged.

    Args:
        engine: The warehouse.
        table: Only rows meant for this source table.
        tell: Called with messages: adapters that have changed, rows that their adapter rejects.

    Returns:
        One row of ``loads`` per file with rows that passed; its ``rows_in_file`` counts those rows.

    Raises:
        UserError: the source table does not exist, or an adapter is missing or no longer fits the
            rows; nothing was changed.
    """
    if table is not None:
        source_called(engine.catalog.sources, table)
    settings = engine.settings
    with temporary_folder(settings.home, "staging_") as folder, engine.judging() as connection:
        confine(connection, folders=[folder])
        retrial = retry(connection, engine, folder, table)
        if retrial.notes:
            raise UserError(
                "; ".join(retrial.notes) + ".",
                "Restore the adapter file, or replay the other tables by name.",
            )
        for note in retrial.adapters:
            tell(note)
        with engine.transaction() as transaction:
            return append_retrial(connection, transaction, retrial)


def retry(
    connection: Connection,
    engine: Loader,
    folder: Path,
    table: str | None = None,
    only: str = "TRUE",
) -> Retrial:
    """Judge rows of quarantine again; not inside a transaction, which an error would abort.

    Args:
        connection: Where they are judged, confined.
        engine: The warehouse.
        folder: A folder that the connection can access.
        table: Only rows meant for this source table.
        only: SQL condition on the rows of quarantine.
    """
    now = engine.settings.current_time().astimezone(UTC).replace(tzinfo=None)
    retrial = Retrial(now)
    waiting = f"{OPEN} AND NOT ({MALFORMED}) AND ({only})"
    for file in _files(engine, table, waiting):
        rows = f"replayed_{len(retrial.passed)}"
        try:
            adapter = _adapter_of(file, engine.settings)
            with TemporaryDirectory(dir=folder) as own:
                lines = _judge_again(
                    connection,
                    engine,
                    file,
                    adapter,
                    waiting=waiting,
                    folder=Path(own),
                    rows=rows,
                    now=now,
                )
            retrial.adapters += _what_changed(file, adapter)
        except UserError as error:
            retrial.notes.append(
                f"rows of {file.name} for {file.source.name} cannot be replayed: {error.message}"
            )
            continue
        if lines:
            retrial.passed.append(_Passed(file, lines, rows))
    return retrial


def append_retrial(
    connection: Connection, transaction: Transaction, retrial: Retrial
) -> list[LoadCounts]:
    """Append what passed; the rows of ``loads``."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE none_rejected "
        "(line BIGINT, reasons VARCHAR[], raw VARCHAR, row_key VARCHAR)"
    )
    loads = []
    for passed in retrial.passed:
        file = passed.file
        load = Load(
            load_id=_load_id(file, passed.lines),
            table=file.source,
            source_file=file.name,
            adapter=file.adapter,
            rows_in_file=len(passed.lines),
            received_at=retrial.received_at,
        )
        load_sequence = transaction.load_sequence_of(file.source, file.load_id)
        judged = Judged(connection, passed.rows, "none_rejected")
        loads.append(transaction.append(load, judged, load_sequence))
        transaction.execute(
            f"UPDATE raw.quarantine SET replayed_at = $now WHERE load_id = $load_id AND {OPEN} "
            "AND line IN (SELECT UNNEST($lines))",
            {
                "now": retrial.received_at,
                "load_id": file.load_id,
                "lines": list(passed.lines),
            },
        )
    return loads


def _files(engine: Loader, table: str | None, waiting: str) -> list[_File]:
    """The files with waiting rows, in the order of their loads."""
    return [
        _File(engine.catalog.sources[name], *values)
        for name, *values in engine.rows(
            "SELECT loads.table_name, loads.load_id, loads.source_file, loads.adapter, "
            "loads.content_hash "
            "FROM raw.loads AS loads WHERE ($table IS NULL OR table_name = $table) "
            f"AND load_id IN (SELECT load_id FROM raw.quarantine WHERE {waiting}) "
            "ORDER BY loads.rowid",
            {"table": table},
        )
    ]


def _adapter_of(file: _File, settings: Settings) -> "Adapter | None":
    """The current version of a file's adapter.

    Raises:
        UserError: it is missing.
    """
    if file.adapter is None:
        return None
    from ltv_platform.ingestion.adapters.files import load_adapter  # noqa: PLC0415 - parses SQL

    return load_adapter(file.adapter, file.source.name, settings.adapter_options)


def _what_changed(file: _File, adapter: "Adapter | None") -> list[str]:
    """A message about an adapter that has changed."""
    if adapter is None or file.content_hash is None:
        return []
    if load_id_of(file.source.name, adapter.text, file.content_hash) == file.load_id:
        return []
    if adapter.replayable:
        return [
            f"{file.name}: adapter {adapter.name} ({adapter.reference}) has changed since the "
            "file was loaded; the rows were read with the new version"
        ]
    return [
        f"{file.name}: adapter {adapter.name} ({adapter.reference}) has changed since the file "
        "was loaded, but it reads several records at once; load the file again to use it"
    ]


def _judge_again(
    connection: Connection,
    engine: Loader,
    file: _File,
    adapter: "Adapter | None",
    *,
    waiting: str,
    folder: Path,
    rows: str,
    now: datetime,
) -> tuple[int, ...]:
    """Create a temporary table of the rows of a file that pass now; returns their lines.

    Raises:
        UserError: its adapter reads columns that the records do not have.
    """
    settings = engine.settings
    defaults = {} if adapter is None else defaults_of(adapter, file.source)
    if adapter is not None and not adapter.replayable:
        # Quarantine has the output of this adapter, so there is nothing left to adapt.
        waiting += f" AND {_is_adapted(file.source)}"
        adapter = None
    columns = _create_file(connection, engine, file, adapter, waiting)
    if adapter is None:
        adapted = Adapted(
            "SELECT *, NULL AS _record FROM file",
            [*columns, "_line"],
            defaults=defaults,
            in_order=is_events(file.name),
        )
    else:
        kept = folder / "kept.parquet"
        connection.execute(f"COPY file TO {literal(str(kept))} (FORMAT parquet)")
        adapted = adapt_again(settings, adapter, kept, columns, file.source)
    judge(
        connection,
        engine,
        file.source,
        adapted,
        received_at=now,
        start=read_start(settings),
        rows=rows,
        load_id=file.load_id,
    )
    return tuple(
        line
        for (line,) in connection.execute(
            f"SELECT _line FROM {rows} WHERE _reasons IS NULL ORDER BY _line"
        ).fetchall()
    )


def _create_file(
    connection: Connection,
    engine: Loader,
    file: _File,
    adapter: "Adapter | None",
    waiting: str,
) -> list[str]:
    """Create the relation ``file`` from quarantined records, with their original columns and lines.

    Returns:
        The column names.
    """
    kept = f"FROM raw.quarantine WHERE load_id = $load_id AND {waiting}"
    names = [
        name
        for (name,) in engine.rows(
            f"SELECT DISTINCT UNNEST(json_keys(raw)) AS name {kept} ORDER BY name",
            {"load_id": file.load_id},
        )
    ]
    if adapter is None:
        # The contract may have columns that the rows lack.
        names += [c.name for c in file.source.columns if c.name not in names]
    values = "".join(
        f"json_extract_string(raw, {literal(_path(name))}) AS {quoted(name)}, " for name in names
    )
    records = f"SELECT {values}line AS _line, source_file AS _file {kept}"
    engine.bring(connection, "file", records, {"load_id": file.load_id})
    return names


def _path(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def _is_adapted(source: SourceTable) -> str:
    """Whether a record has only columns of the contract: then it is the output of an adapter.

    The adapter may have been rewritten since; records that it does not fit stay in quarantine.
    """
    names = ", ".join(map(literal, [*(column.name for column in source.columns), "_rejected"]))
    return f"list_has_all([{names}], json_keys(raw))"


def _load_id(file: _File, lines: Sequence[int]) -> str:
    """The load_id of a replay: a row leaves quarantine only once, so file and lines identify it."""
    parts = ("replay", file.load_id, *map(str, lines))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
