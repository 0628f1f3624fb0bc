"""Accesses folders that others write to by handle, so that no link is followed.

Somebody may replace a path with a link between a check and its use. A handle keeps referring to the
folder that was opened.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ELOOP, ENOTDIR, EXDEV
from pathlib import Path

from ltv_platform.errors import UserError

#: Error numbers for a path with a link that must not be followed.
IS_A_LINK = (ELOOP, ENOTDIR)

#: Inode, size in bytes, and time of the last change in nanoseconds.
State = tuple[int, int, int]


@contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """Open a handle to a folder that is not a link.

    Raises:
        OSError: the folder does not exist, or is a link.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield handle
    finally:
        os.close(handle)


def refuse_link(path: Path) -> UserError:
    """The error for a path with a link if links are not followed."""
    return UserError(
        f"{path} is a link or inside one; links in landing are not followed.",
        "Put the file itself there, or load it by its real path with `ltv ingest`.",
    )


def state_of(status: os.stat_result) -> State:
    """The attributes that change when a file is written to or replaced."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def move(path: Path, state: State | None, target: Path) -> bool:
    """Move a file to one of the platform's folders if it has not changed since it was seen.

    Args:
        path: The file; neither it nor its folder may be a link.
        state: The :func:`state_of` the file when it was seen; None: it did not exist.
        target: The new path.

    Returns:
        Whether the file was moved; False if it is gone or has changed.

    Raises:
        OSError: it cannot be moved.
    """
    try:
        with open_folder(path.parent) as source:
            seen = os.stat(path.name, dir_fd=source, follow_symlinks=False)
            if state_of(seen) != state:
                return False
            try:
                os.rename(path.name, target, src_dir_fd=source)
            except OSError as error:
                # Landing may be a separate mount, which a rename cannot cross.
                if error.errno != EXDEV:
                    raise
                _copy(path.name, source, target)
                os.unlink(path.name, dir_fd=source)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in IS_A_LINK:
            return False
        raise
    return True


def _copy(name: str, folder: int, target: Path) -> None:
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(handle, "rb") as content, target.open("wb") as copy:
        shutil.copyfileobj(content, copy)
        status = os.fstat(handle)
        os.utime(copy.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))


def put_in_place(draft: Path, path: Path, suffix: str, name: str) -> None:
    """Replace a file with a copy of another, atomically.

    Args:
        draft: The file to copy; it may be on another disk.
        path: The file to replace; neither it nor its folder may be a link.
        suffix: Suffix of the temporary file next to it.
        name: Name of the new file; if it differs from that of ``path``, ``path`` is kept.

    Raises:
        OSError: it cannot be replaced.
    """
    beside = f".{path.name}{suffix}"
    with open_folder(path.parent) as folder:
        replaced = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
        mode = replaced.st_mode & 0o777
        # A file or link that already has this name must not be written through.
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = os.open(beside, flags, mode, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as copy, draft.open("rb") as content:
                shutil.copyfileobj(content, copy)
                copy.flush()
                os.fchmod(handle, mode)
                # Files of landing are loaded in the order of these times.
                os.utime(handle, ns=(replaced.st_atime_ns, replaced.st_mtime_ns))
                os.fsync(handle)
            os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=folder)
            raise
