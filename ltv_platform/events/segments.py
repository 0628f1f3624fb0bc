"""Segment files: rows of one table as they were posted, appended until the file goes to landing.

A segment is NDJSON. Its first line is blank: spaces and tabs that number it, because two segments
with equal rows are two loads, and a load is identified by its content. What was written up to
:attr:`Segment.size` is whole lines; anything behind it was never acknowledged.
"""

import os
import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from errno import EXDEV
from pathlib import Path

from ltv_platform.contracts.sources import EVENTS_SUFFIX
from ltv_platform.failpoints import failpoint

#: Read and written by the owner and, if LTV_HOME is for a group, by that; the umask decides.
_MODE = 0o660
_NANO = 1_000_000_000
_NUMBER_BITS = 64
_CHUNK = 1 << 20


class Segment:
    """A segment that is being written.

    Args:
        folder: The folder of its table in the spool.
        number: Nanoseconds since 1970; higher than those of the table's earlier segments.

    Attributes:
        size: Bytes written, whole lines.
        opened: When it was opened, on the monotonic clock.

    Raises:
        OSError: it cannot be created; nothing is left of it.
    """

    def __init__(self, folder: Path, number: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / name_of(number)
        self.size = 0
        self.opened = time.monotonic()
        self._synced = 0
        self._whole = True
        self._suspect = False
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _MODE)
        try:
            self.write(_mark(number))
            sync_folder(folder)
        except OSError:
            os.close(self._file)
            self.path.unlink(missing_ok=True)
            raise

    def write(self, lines: bytes) -> None:
        """Append whole lines, all or none.

        Raises:
            OSError: they could not be written, for example because the disk is full.
        """
        self._repair()
        done, left = 0, memoryview(lines)
        try:
            while done < len(lines):
                done += os.pwrite(self._file, left[done:], self.size + done)
        except OSError:
            self._whole = False
            with suppress(OSError):  # tried again before the next write
                self._cut()
            raise
        self.size += len(lines)

    def sync(self) -> None:
        """Flush what was written to the disk.

        Raises:
            OSError: that failed, so any of it since the last flush may be lost in a power cut.
        """
        self._repair()
        if self._synced == self.size:
            return
        try:
            os.fsync(self._file)
        except OSError:
            self._suspect = True
            raise
        self._synced = self.size

    def close(self) -> None:
        """Flush and close it; it can be written to if that fails.

        Raises:
            OSError: it could not be flushed.
        """
        self.sync()
        os.close(self._file)

    def _repair(self) -> None:
        """After an error: cut off a part of a write, and write again what was not flushed."""
        if not self._whole:
            self._cut()
        if self._suspect:
            # The kernel reports a failed flush once, and then takes the pages for clean.
            done = self._synced
            while done < self.size:
                kept = os.pread(self._file, min(_CHUNK, self.size - done), done)
                done += os.pwrite(self._file, kept, done)
            os.fsync(self._file)
            self._synced, self._suspect = self.size, False

    def _cut(self) -> None:
        os.ftruncate(self._file, self.size)
        self._whole = True


def name_of(number: int) -> str:
    """The file name of a segment, which sorts by time."""
    second = datetime.fromtimestamp(number // _NANO, UTC)
    return f"{second:%Y%m%dT%H%M%S}_{number % _NANO:09d}{EVENTS_SUFFIX}"


def _mark(number: int) -> bytes:
    """The first line of a segment."""
    return f"{number:0{_NUMBER_BITS}b}".translate({ord("0"): " ", ord("1"): "\t"}).encode() + b"\n"


def cut_torn(path: Path) -> bool:
    """Cut off what a killed writer left behind the last whole line; False: no row is left.

    After a power cut, a file may end in zero bytes that were never written.
    """
    with path.open("rb+") as file:
        content = file.read()
        zero = content.find(b"\0")
        end = content.rfind(b"\n", 0, zero if zero >= 0 else None) + 1
        if end != len(content):
            file.truncate(end)
        os.fsync(file.fileno())
    return bool(content[:end].strip())


def move_to_landing(path: Path, folder: Path, not_before: int) -> int:
    """Move a complete segment to the landing folder of its table.

    Files of landing are loaded in the order of their modification times, so these ascend in the
    order of receipt, even if the clock was set back.

    Args:
        path: The segment.
        folder: The landing folder.
        not_before: The modification time of the table's last segment, in nanoseconds.

    Returns:
        Its modification time.

    Raises:
        OSError: it stays where it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    modified = max(path.stat().st_mtime_ns, not_before + 1)
    os.utime(path, ns=(modified, modified))
    failpoint("segment closed, not in landing")
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != EXDEV:  # landing may be a separate mount
            raise
        draft = folder / f".{path.name}.part"
        shutil.copy2(path, draft)
        with draft.open("rb+") as copy:
            os.fsync(copy.fileno())
        draft.rename(target)
        path.unlink()
    sync_folder(folder)
    return modified


def last_modified(folder: Path) -> int:
    """The modification time of the newest segment in a landing folder; 0: there is none."""
    times = []
    for path in folder.glob(f"*{EVENTS_SUFFIX}"):
        with suppress(FileNotFoundError):  # loaded just now
            times.append(path.stat().st_mtime_ns)
    return max(times, default=0)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
