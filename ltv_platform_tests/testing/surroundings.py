"""What makes all tests faster without changing any: files, compiled code, loaded modules.

Tests commit to small databases thousands of times, start hundreds of processes, and use a new
LTV_HOME for nearly everything. None of them is about the disk, the compiler of Python, or what an
LTV_HOME keeps of the last command; those that are arrange for it themselves.
"""

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

#: A file system in memory, where there is one.
_MEMORY = Path("/dev/shm")
#: Bytes that must be free there; tests need a tenth of it.
_ROOM = 4 << 30


def keep_files_in_memory() -> None:
    """Make temporary files in memory: each commit of a database would wait for the disk.

    A TMPDIR that is set counts; so it does for the processes that this one starts.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return
    system = os.statvfs(_MEMORY)
    # Containers may give it little room, or forbid to execute what lies there.
    if system.f_bavail * system.f_frsize >= _ROOM and not system.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


def compile_once() -> None:
    """Let processes share what they compile, in a folder of its own, where they may keep none.

    With PYTHONDONTWRITEBYTECODE each ``ltv run`` would compile Dagster again, which takes seconds.
    """
    if not sys.dont_write_bytecode:
        return
    folder = tempfile.mkdtemp(prefix="ltv_compiled_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder
    sys.dont_write_bytecode = False


def keep_what_is_loaded() -> None:
    """Never look for garbage in what is loaded by now: each forked process would copy its pages.

    Not for the process of pytest: Hypothesis asks the collector who holds its random numbers.
    """
    gc.collect()
    gc.freeze()
