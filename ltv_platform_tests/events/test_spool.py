"""A promise: what was acknowledged is on disk, whatever fails. docs/events.md, "Durability"."""

import asyncio
import os
import stat
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from errno import ENOSPC, EXDEV
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.errors import BusyError, UserError
from ltv_platform.events import spool
from ltv_platform.events.leftovers import hand_over, is_abandoned, recover, waiting_events
from ltv_platform.events.segments import Segment
from ltv_platform.events.spool import Spool, SpoolError
from ltv_platform.locks import one_receiver
from ltv_platform.settings import Settings

TABLE = "transactions"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an empty home."""
    return Settings(home=tmp_path / "home")


def rows_in(folder: Path) -> list[bytes]:
    """The rows of all segments in a folder, in the order in which they are loaded."""
    files = sorted(folder.glob(f"{TABLE}/*"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    return [row for path in files for row in path.read_bytes().splitlines() if row.strip()]


def served(
    settings: Settings, act: Callable[[Spool], Coroutine[Any, Any, None]], closed_after: float = 60
) -> None:
    """Do something while a server receives events."""

    async def serve() -> None:
        receiver = Spool(settings, closed_after)
        with receiver.open():
            await act(receiver)

    asyncio.run(serve())


def test_rows_are_on_disk_before_the_answer(settings: Settings) -> None:
    """Not only after the server has stopped; others cannot read them under any umask."""

    async def act(receiver: Spool) -> None:
        for number, synced in enumerate([True, False]):
            await receiver.append(TABLE, f"{number}\n".encode(), synced=synced)
            assert rows_in(settings.spool_path) == [b"0", b"1"][: number + 1]
        [path] = settings.spool_path.glob(f"{TABLE}/*")
        assert not stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO

    served(settings, act)
    assert rows_in(settings.spool_path) == []
    assert rows_in(settings.landing_path) == [b"0", b"1"]


def test_one_flush_serves_many_requests(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the disk is busy, requests gather."""
    flushes = []
    flush = os.fsync

    def slow(file: int) -> None:
        flushes.append(file)
        flush(file)

    async def act(receiver: Spool) -> None:
        await receiver.append(TABLE, b"first\n", synced=True)
        monkeypatch.setattr(os, "fsync", slow)
        rows = (receiver.append(TABLE, f"{n}\n".encode(), synced=True) for n in range(500))
        await asyncio.gather(*rows)
        monkeypatch.setattr(os, "fsync", flush)

    served(settings, act)
    assert len(flushes) < 50
    assert sorted(rows_in(settings.landing_path)) == sorted(
        [b"first", *(b"%d" % number for number in range(500))]
    )


def test_segments_are_loaded_in_the_order_of_receipt(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the clock is set back, and if the server is started again."""
    times = iter(range(10**18, 0, -(10**15)))
    monkeypatch.setattr(time, "time_ns", lambda: next(times))
    for first in (0, 3):

        async def act(receiver: Spool, first: int = first) -> None:
            for number in range(first, first + 3):
                await receiver.append(TABLE, f"{number}\n".encode(), synced=False)
                while rows_in(settings.spool_path):
                    await asyncio.sleep(0.01)

        served(settings, act, closed_after=0.01)
    assert rows_in(settings.landing_path) == [b"%d" % number for number in range(6)]
    contents = {path.read_bytes() for path in settings.landing_path.glob("*/*")}
    assert len(contents) == 6


def test_equal_rows_are_segments_of_their_own(settings: Settings) -> None:
    """A load is identified by its content, so equal rows at two times must differ in a blank."""
    for _ in range(2):
        served(settings, lambda receiver: receiver.append(TABLE, b"{}\n", synced=True))
    first, second = (path.read_bytes() for path in settings.landing_path.glob("*/*"))
    assert first.split() == second.split() == [b"{}"]
    assert first != second


@pytest.mark.parametrize("written", [0, 3], ids=["nothing", "a part"])
def test_a_full_disk_loses_nothing_acknowledged(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """The request is refused, its part removed, and the server goes on when there is space."""
    write = os.pwrite

    def full(file: int, content: bytes, offset: int) -> int:
        if written and len(content) > written:
            return write(file, content[:written], offset)
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    async def act(receiver: Spool) -> None:
        await receiver.append(TABLE, b"acknowledged\n", synced=False)
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(SpoolError, match="No space left"):
            await receiver.append(TABLE, b"refused\n", synced=True)
        assert rows_in(settings.spool_path) == [b"acknowledged"]
        with pytest.raises(SpoolError, match="No space left"):  # not even a new segment
            await receiver.append("customers", b"refused\n", synced=True)
        monkeypatch.setattr(os, "pwrite", write)
        await receiver.append(TABLE, b"later\n", synced=True)

    served(settings, act)
    assert rows_in(settings.landing_path) == [b"acknowledged", b"later"]
    assert not list(settings.spool_path.glob("*/*"))


def test_a_failed_flush_is_repeated(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel would take the lost pages for clean: they are written again before others."""
    flush, write = os.fsync, os.pwrite
    rewritten = []

    def fail(_: int) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    def seen(file: int, content: bytes, offset: int) -> int:
        rewritten.append(bytes(content))
        return write(file, content, offset)

    async def act(receiver: Spool) -> None:
        await receiver.append(TABLE, b"acknowledged\n", synced=False)
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(SpoolError, match="No space left"):
            await receiver.append(TABLE, b"refused\n", synced=True)
        with pytest.raises(SpoolError, match="No space left"):
            await receiver.append(TABLE, b"refused, too\n", synced=False)
        monkeypatch.setattr(os, "fsync", flush)
        monkeypatch.setattr(os, "pwrite", seen)
        await receiver.append(TABLE, b"later\n", synced=True)

    served(settings, act)
    assert rewritten[0].endswith(b"acknowledged\nrefused\n")
    assert rows_in(settings.landing_path)[::2] == [b"acknowledged", b"later"]


def test_one_server_per_spool(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would write to the same segments."""
    monkeypatch.setattr(spool, "_OTHERS_TAKE", 0.1)

    async def act(_: Spool) -> None:
        with pytest.raises(BusyError, match="receives events"), Spool(settings).open():
            pass

    served(settings, act)


def test_a_server_waits_for_who_recovers(settings: Settings) -> None:
    """`ltv run` and the sensor hold the lock for a moment, which must not end a restart."""
    with ExitStack() as stack:
        stack.enter_context(one_receiver(settings))
        threading.Timer(0.3, stack.pop_all().close).start()
        served(settings, lambda receiver: receiver.append(TABLE, b"1\n", synced=True))
    assert rows_in(settings.landing_path) == [b"1"]


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """No server starts on it."""
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UserError, match="file cannot be written"):
        served(Settings(home=tmp_path / "file"), lambda _: asyncio.sleep(0))


def _leave(settings: Settings, number: int, content: bytes) -> Path:
    """A segment of a server that was killed."""
    segment = Segment(settings.spool_path / TABLE, number)
    segment.write(content)
    return segment.path


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"1\n2\n", [b"1", b"2"]),
        (b'1\n{"a', [b"1"]),
        (b"1\n\0\0\0\0", [b"1"]),
        (b"1\n\0\0\n2\n", [b"1"]),
        (b'{"a', []),
        (b"", []),
    ],
)
def test_what_a_killed_server_left_goes_to_landing(
    settings: Settings, content: bytes, kept: list[bytes]
) -> None:
    """Without a part of a row, which nobody acknowledged, and without zeros of a power cut."""
    _leave(settings, 10**18, content)
    _leave(settings, 2 * 10**18, b"later\n")
    assert is_abandoned(settings)
    assert waiting_events(settings).files == 2
    recover(settings)
    assert not is_abandoned(settings)
    assert rows_in(settings.landing_path) == [*kept, b"later"]
    assert recover(settings) == 0


def test_a_segment_in_a_backup_twice_counts_once(settings: Settings) -> None:
    """It moved while the backup was made: the copy in landing is complete."""
    path = _leave(settings, 10**18, b"1\n")
    whole = path.read_bytes() + b"2\n"
    target = settings.landing_path / TABLE / path.name
    target.parent.mkdir(parents=True)
    target.write_bytes(whole)
    recover(settings)
    assert target.read_bytes() == whole
    assert not path.exists()


def test_the_segments_of_a_running_server_are_its_own(settings: Settings) -> None:
    """`ltv run` beside it takes what it has closed; `ltv erase` waits until it has closed all."""

    async def act(receiver: Spool) -> None:
        await receiver.append(TABLE, b"1\n", synced=True)
        assert recover(settings) == 0
        assert not is_abandoned(settings)
        assert rows_in(settings.spool_path) == [b"1"]
        await asyncio.to_thread(hand_over, settings)
        assert rows_in(settings.landing_path) == [b"1"]

    served(settings, act, closed_after=0.5)


def test_too_much_that_waits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LTV_SPOOL_LIMIT; the server goes on as soon as it is loaded, without a restart."""
    settings = Settings(home=tmp_path, spool_limit=1)
    monkeypatch.setattr(spool, "_LOOKS_EVERY", 0.01)

    async def act(receiver: Spool) -> None:
        await receiver.append(TABLE, b"1" * 1_000_000 + b"\n", synced=False)
        with pytest.raises(SpoolError, match="wait to be loaded") as caught:
            await receiver.append(TABLE, b"2\n", synced=False)
        assert caught.value.retry_after > 0
        while not list(settings.landing_path.glob("*/*")):
            await asyncio.sleep(0.01)
        for path in settings.landing_path.glob("*/*"):
            path.unlink()
        await asyncio.sleep(0.2)
        await receiver.append(TABLE, b"3\n", synced=False)

    served(settings, act, closed_after=0.05)
    assert rows_in(settings.landing_path) == [b"3"]


def test_a_landing_on_another_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename cannot cross to it: the segment is copied under a name that landing ignores."""
    rename = Path.rename

    def across(path: Path, target: Path) -> Path:
        if path.parent.name == TABLE and path.parent.parent == settings.spool_path:
            raise OSError(EXDEV, os.strerror(EXDEV))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", across)
    served(settings, lambda receiver: receiver.append(TABLE, b"1\n", synced=True))
    assert rows_in(settings.landing_path) == [b"1"]
    assert not list(settings.spool_path.glob("*/*"))
