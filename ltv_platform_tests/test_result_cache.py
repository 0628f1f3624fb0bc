"""Results of slow functions are kept, and damage to the file never changes a result."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ltv_platform import result_cache
from ltv_platform.result_cache import ResultCache, key_of
from ltv_platform.settings import Settings
from ltv_platform.tables import selects
from ltv_platform.tables.transforms import Graph

KEYS = [key_of("squares", number) for number in range(3)]


def _squares(home: Path) -> tuple[list[list[str]], int]:
    """Three results as a new process has them, and how many of them it had to compute."""
    found: list[int] = []

    def find(number: int) -> list[str]:
        found.append(number)
        return [f"{number}² = {number**2}\nand no more"]

    known = ResultCache(home)
    results = [known.once(key, partial(find, n)) for n, key in enumerate(KEYS)]
    assert results == [known.once(key, partial(find, n)) for n, key in enumerate(KEYS)]
    return results, len(found)


def test_a_result_is_found_once(tmp_path: Path) -> None:
    """The next process reads it; deleting the file costs the time and nothing else."""
    results, found = _squares(tmp_path)
    assert (results[2], found) == (["2² = 4\nand no more"], 3)
    assert _squares(tmp_path) == (results, 0)
    (tmp_path / "cache" / "results").unlink()
    assert _squares(tmp_path) == (results, 3)


@pytest.mark.parametrize(
    ("damage", "lost"),
    [
        (lambda content: b"", 3),
        (lambda content: b"\xff\x00 \n" + content, 0),
        (lambda content: content[:-9], 1),  # a disk that was full, or a kill
        (lambda content: content.replace(b"= 1", b"= 7"), 1),
        (lambda content: content.replace(b"\n", b" "), 3),
        (lambda content: content.replace(KEYS[1].encode(), KEYS[0].encode()), 2),
    ],
)
def test_a_damaged_line_is_found_again(tmp_path: Path, damage: object, lost: int) -> None:
    """Results are those that were computed; damaged ones are stored again."""
    results, _ = _squares(tmp_path)
    file = tmp_path / "cache" / "results"
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    assert _squares(tmp_path) == (results, lost)
    assert _squares(tmp_path)[0] == results
    _squares(tmp_path)
    assert _squares(tmp_path) == (results, 0)


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_what_cannot_be_written_is_found_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """A home on a read-only or full disk works, a little slower."""

    def refuse(*_: object) -> NoReturn:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patch:
        patch.setattr(result_cache.os, "open", refuse)  # type: ignore[attr-defined]
        results, found = _squares(tmp_path)
    assert (found, _squares(tmp_path)) == (3, (results, 3))


def test_something_else_in_its_place_is_left_alone(tmp_path: Path) -> None:
    """A file where the folder belongs, or a folder where the file does."""
    (tmp_path / "cache").write_text("mine", "utf-8")
    assert _squares(tmp_path)[1] == 3
    assert (tmp_path / "cache").read_text("utf-8") == "mine"
    (tmp_path / "cache").unlink()
    (tmp_path / "cache" / "results").mkdir(parents=True)
    assert (_squares(tmp_path)[1], _squares(tmp_path)[1]) == (3, 3)


def test_nothing_is_written_without_a_home(tmp_path: Path) -> None:
    """Looking at settings or wiring makes no LTV_HOME."""
    assert _squares(tmp_path / "home")[1] == 3
    assert not (tmp_path / "home").exists()


def test_a_large_file_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other versions and settings left does not pile up."""
    _squares(tmp_path)
    file = tmp_path / "cache" / "results"
    size = file.stat().st_size
    monkeypatch.setattr(result_cache, "_LARGEST", size)
    assert _squares(tmp_path)[1] == 0
    with file.open("ab") as log:
        log.write(b"of another version\n")
    assert (_squares(tmp_path)[1], file.stat().st_size) == (3, size)


def test_what_another_home_has_found_is_not_found_again(tmp_path: Path) -> None:
    """One process may use several homes; each keeps its own results."""
    found: dict[str, Any] = {}
    key = key_of("a square")
    assert ResultCache(tmp_path / "one", found).known(key) is None
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        cache = ResultCache(tmp_path / name, found)
        assert cache.once(key, partial("found in {}".format, name)) == "found in one"
    assert ResultCache(tmp_path / "two").known(key) == "found in one"


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four writers, each with lines longer than a page: every one can be read afterwards."""
    texts = {
        (writer, line): f"{writer} {line} " * 10_000 for writer in "abcd" for line in range(25)
    }

    def write(writer: str) -> None:
        mine = ResultCache(tmp_path)
        for of in texts:
            if of[0] == writer:
                mine.once(key_of(of), partial(texts.__getitem__, of))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))

    def find() -> NoReturn:
        raise AssertionError("it was lost")

    after = ResultCache(tmp_path)
    for of, text in texts.items():
        assert after.once(key_of(of), find) == text


def test_another_parser_finds_out_anew(
    settings: Settings, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade of sqlglot, or of what asks it, takes nothing from before."""
    settings.home.mkdir()
    sql = graph["core.customers"].sql
    asked: list[str] = []
    monkeypatch.setattr(selects, "_tables_read", lambda sql: asked.append(sql) or ["raw.customers"])
    for version in ("1", "1", "2", "1"):
        result_cache.cache_of.cache_clear()  # as a new process
        monkeypatch.setattr(result_cache, "_OF_PROCESS", {})
        monkeypatch.setattr(selects, "_parser_version", lambda version=version: version)
        assert selects.tables_read(sql, settings) == {"raw.customers"}
    assert asked == [sql, sql]
