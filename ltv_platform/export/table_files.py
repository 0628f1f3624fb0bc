"""Published tables as a folder of Parquet or CSV files, one per table, for other programs.

A campaign's name may look like a formula, and a spreadsheet would run it. In CSV such a text gets a
leading apostrophe, which is how spreadsheets themselves mark text; numbers are left alone. Parquet
has types, so its texts are unchanged.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

import duckdb

from ltv_platform.atomic_files import refuse_home, sync
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.errors import UserError
from ltv_platform.published.current import damaged, own_files, require_snapshot
from ltv_platform.settings import Settings
from ltv_platform.warehouse.duckdb.connection import connection_config
from ltv_platform.warehouse.error_texts import takes_no_more

#: Marks the folder as our export, and names the snapshot of its files.
MANIFEST = "export.json"
#: First characters of texts that a spreadsheet reads as formulas, full-width signs included.
_FORMULA = r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]"
#: Texts that are numbers are harmless.
_NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"


class FileFormat(StrEnum):
    """Formats, by file extension."""

    PARQUET = "parquet"
    CSV = "csv"


def export_tables(
    settings: Settings,
    folder: Path,
    file_format: FileFormat,
    tables: Sequence[str] = (),
    *,
    overwrite: bool = False,
) -> dict[str, int]:
    """Write tables of the current snapshot, one file each, into a folder.

    Args:
        settings: Name the LTV_HOME of the snapshot.
        folder: The folder; created if necessary. Each file is replaced atomically.
        file_format: Their format.
        tables: Their names; empty: all published tables and user tables.
        overwrite: Write even into a folder that holds other files.

    Returns:
        Rows by table.

    Raises:
        UserError: nothing is published, there is no such table, the snapshot is damaged, or the
            folder must not or cannot be written to.
    """
    folder = folder.absolute()
    refuse_home(settings, folder.resolve())
    snapshot = require_snapshot(settings)
    files = {name: snapshot.files(name) for name in snapshot.manifest["tables"]}
    files |= {name: [str(path)] for name, path in own_files(settings).items()}
    chosen = list(dict.fromkeys(tables)) or list(files)
    for name in chosen:
        if name not in files:
            near = get_close_matches(name, files, n=1)
            raise UserError(
                f"There is no table {name}." + (f" Did you mean {near[0]}?" if near else ""),
                "`ltv tables` lists the tables.",
            )
    _refuse_foreign(folder, overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _drafts_in(folder) as drafts:
            rows = {
                name: _write(settings, files[name], drafts / f"{name}.{file_format}", file_format)
                for name in chosen
            }
            about = {"snapshot": snapshot.path.name, "as_of": snapshot.manifest["as_of"]}
            note = json.dumps({**about, "tables": rows}, indent=1) + "\n"
            (drafts / MANIFEST).write_text(note, "utf-8")
            for path in sorted(drafts.iterdir()):
                os.replace(path, folder / path.name)
    except duckdb.Error as error:
        if takes_no_more(error):
            raise _not_written(folder, error) from error
        raise damaged(snapshot.path.name, str(error)) from error
    except OSError as error:
        raise _not_written(folder, error) from error
    return rows


@contextmanager
def _drafts_in(folder: Path) -> Iterator[Path]:
    """A folder for drafts on the same disk, so that each rename is atomic."""
    drafts = folder / f".export_{os.getpid()}"
    shutil.rmtree(drafts, ignore_errors=True)  # left by a killed process of that number
    drafts.mkdir()
    try:
        yield drafts
    finally:
        shutil.rmtree(drafts, ignore_errors=True)


def _refuse_foreign(folder: Path, overwrite: bool) -> None:
    """Refuse a folder with files that are not our export."""
    if not folder.exists() or overwrite:
        return
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder.", "Give the folder to write the files to.")
    if not (folder / MANIFEST).exists() and any(folder.iterdir()):
        raise UserError(
            f"{folder} is not empty and is not an export of this platform.",
            "Choose another folder, or add --overwrite to replace files with the same names.",
        )


def _not_written(folder: Path, error: Exception) -> UserError:
    return UserError(
        f"{folder} is not writable: {error}.",
        "Check its permissions and that the disk has free space.",
    )


def _write(settings: Settings, files: Sequence[str], target: Path, file_format: FileFormat) -> int:
    """Write the rows of some Parquet files into one file; returns their number."""
    with duckdb.connect(config=connection_config(settings)) as connection:
        connection.execute("SET timezone = 'UTC'")
        rows = _copy(connection, files, target, file_format)
    sync(target)
    return rows


def _copy(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    target: Path,
    file_format: FileFormat,
) -> int:
    source = f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"
    columns, options = "*", "FORMAT parquet"
    if file_format is FileFormat.CSV:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        columns = ", ".join(_harmless(name, kind) for name, kind, *_ in described)
        options = "FORMAT csv, HEADER true"
    [(rows,)] = connection.execute(
        f"COPY (SELECT {columns} FROM {source}) TO {literal(str(target))} ({options})"
    ).fetchall()
    return int(rows)


def _harmless(name: str, kind: str) -> str:
    """A column with texts made harmless for spreadsheets; nested values become JSON."""
    column = quoted(name)
    if kind.endswith(("]", ")")) and not kind.startswith("DECIMAL"):
        return f"CAST(to_json({column}) AS VARCHAR) AS {column}"
    if kind != "VARCHAR":
        return column
    return (
        f"CASE WHEN regexp_matches({column}, {literal(_FORMULA)}) "
        f"AND NOT regexp_matches({column}, {literal(_NUMBER)}) "
        f"THEN '''' || {column} ELSE {column} END AS {column}"
    )
