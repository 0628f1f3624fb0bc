"""A person's rows in published snapshots, whose files a new snapshot may share."""

from pathlib import Path

from ltv_platform.erasure.identifiers import Identifiers
from ltv_platform.erasure.raw_rows import condition_for
from ltv_platform.published.current import current_snapshot
from ltv_platform.published.files import count_rows
from ltv_platform.settings import Settings


def snapshot_folders(settings: Settings) -> list[Path]:
    """All snapshots, and leftovers of killed processes."""
    if not settings.published_path.is_dir():
        return []
    return sorted(path for path in settings.published_path.iterdir() if path.is_dir())


def rows_in_snapshot(folder: Path, identifiers: Identifiers) -> int:
    """The number of rows in a snapshot that belong to the persons.

    A damaged file counts as one row: its content is unknown.
    """
    counts = count_rows(folder, lambda columns: condition_for(columns, identifiers))
    return sum(1 if count is None else count for count in counts.values())


def check_current(settings: Settings, identifiers: Identifiers) -> None:
    """Make sure that the current snapshot has no row of theirs.

    Raises:
        AssertionError: it has, which is a bug.
    """
    current = current_snapshot(settings)
    if current is not None and (rows := rows_in_snapshot(current.path, identifiers)):
        raise AssertionError(f"snapshot {current.path.name} still has {rows} rows of the person")
