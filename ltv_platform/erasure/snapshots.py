"""What published snapshots have of a person: files that a new one may share with an old one."""

from pathlib import Path

from ltv_platform.erasure.identifiers import Identifiers
from ltv_platform.erasure.raw_rows import hanging
from ltv_platform.published.current import current_snapshot
from ltv_platform.published.files import count_rows
from ltv_platform.settings import Settings


def snapshot_folders(settings: Settings) -> list[Path]:
    """All snapshots, and what a killed process has left of one."""
    if not settings.published_path.is_dir():
        return []
    return sorted(path for path in settings.published_path.iterdir() if path.is_dir())


def rows_in_snapshot(folder: Path, identifiers: Identifiers) -> int:
    """How many rows of the Parquet files of a snapshot hang on those who are looked for.

    A damaged file counts as one: nobody knows what it holds.
    """
    counts = count_rows(folder, lambda columns: hanging(columns, identifiers))
    return sum(1 if count is None else count for count in counts.values())


def check_current(settings: Settings, identifiers: Identifiers) -> None:
    """Make sure that the snapshot that counts has nothing of theirs.

    Raises:
        AssertionError: it has, which is a defect of ours.
    """
    current = current_snapshot(settings)
    if current is not None and (rows := rows_in_snapshot(current.path, identifiers)):
        raise AssertionError(f"snapshot {current.path.name} still has {rows} rows of the person")
