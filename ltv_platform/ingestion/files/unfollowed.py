"""Folders that others write to, by handle: what is a link now, or becomes one, is not followed.

Between a look at a path and its use somebody may put a link in its place. A handle stays the
folder that it was opened on.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ELOOP, ENOTDIR, EXDEV
from pathlib import Path

from ltv_platform.errors import UserError

#: Errors of a path with a link in it that is not to be followed.
IS_A_LINK = (ELOOP, ENOTDIR)

#: Inode, size and time of change.
State = tuple[int, int, int]


@contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """A handle of a folder that is no link.

    Raises:
        OSError: there is none, or it is one.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield handle
    finally:
        os.close(handle)


def refuse_link(path: Path) -> UserError:
    """What to tell of a path with a link where none is followed."""
    return UserError(
        f"{path} is a link, or lies behind one; links in landing are not followed.",
        "Put the file itself there, or load it by its own path with `ltv ingest`.",
    )


def state_of(status: os.stat_result) -> State:
    """What changes when a file is written to or replaced."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def move(path: Path, state: State | None, target: Path) -> bool:
    """Move a file to a folder of ours, if it is still the one that was seen.

    Args:
        path: The file; neither it nor its folder may be a link.
        state: What :func:`state_of` gave; None: it was gone.
        target: Where it goes.

    Returns:
        Whether it did; not if it is gone, or is another one.

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
                # Landing may be a mount of its own, which a rename does not leave.
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
    """Put a copy of a file in the place of another, at once.

    Args:
        draft: The file.
        path: The other; neither it nor its folder may be a link. It may lie on another disk.
        suffix: How a draft beside it is called.
        name: What it is called in the end; of another name than the other it leaves that alone.

    Raises:
        OSError: it cannot be.
    """
    beside = f".{path.name}{suffix}"
    with open_folder(path.parent) as folder:
        mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode & 0o777
        # Whatever waits under that name, it is not written through.
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = os.open(beside, flags, mode, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as copy, draft.open("rb") as content:
                shutil.copyfileobj(content, copy)
                copy.flush()
                os.fchmod(handle, mode)
                os.fsync(handle)
            os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=folder)
            raise
