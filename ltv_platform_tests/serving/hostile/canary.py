"""A folder that nobody may look into: the kernel says who did, whatever library it was."""

import ctypes
import os
import struct
from pathlib import Path

#: Of <sys/inotify.h>.
_ACCESSED, _OPENED, _CREATED = 0x1, 0x20, 0x100
_EVENT = struct.Struct("iIII")


class Canary:
    """Files that hostile requests name; nothing of them may be read, and none be added.

    Args:
        folder: An empty folder.
    """

    #: In every file; never in an answer.
    SECRET = "the-canary-was-read"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("secret.txt", "secret.csv", "secret.json", "secret.parquet"):
            (folder / name).write_text(f"secret\n{self.SECRET}\n")
        libc = ctypes.CDLL(None, use_errno=True)
        self._events = libc.inotify_init1(os.O_NONBLOCK)
        watched = _ACCESSED | _OPENED | _CREATED
        if libc.inotify_add_watch(self._events, os.fsencode(folder), watched) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")

    def touched(self) -> list[str]:
        """The names of files that were opened, read or added since the last look."""
        try:
            data = os.read(self._events, 1 << 16)
        except BlockingIOError:
            return []
        names, position = [], 0
        while position < len(data):
            *_, length = _EVENT.unpack_from(data, position)
            position += _EVENT.size
            names.append(data[position : position + length].rstrip(b"\0").decode())
            position += length
        return names

    def close(self) -> None:
        """Stop looking."""
        os.close(self._events)
