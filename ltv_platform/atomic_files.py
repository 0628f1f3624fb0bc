"""Files of LTV_HOME that are replaced in one step, so that readers see the old one or the new."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.locks import temporary_folder
from ltv_platform.settings import Settings


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A draft that replaces a file when the block ends without an error.

    Args:
        path: The file to replace; its folder is created if necessary.

    Raises:
        UserError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(path.parent, ".draft_") as folder:
            draft = folder / path.name
            yield draft
            os.replace(draft, path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some space or fix the permissions of LTV_HOME, then run `ltv run` again.",
        ) from error


def refuse_home(settings: Settings, path: Path) -> None:
    """Refuse to write over the warehouse or into the snapshots.

    Raises:
        UserError: the path is one of theirs.
    """
    home, reports = settings.home.resolve(), settings.reports_path.resolve()
    if path.is_relative_to(home) and not path.is_relative_to(reports):
        raise UserError(
            f"{path} is inside LTV_HOME.",
            f"Choose another folder, or {reports}.",
        )


def sync(path: Path) -> None:
    """Flush a file to disk before anything refers to it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
