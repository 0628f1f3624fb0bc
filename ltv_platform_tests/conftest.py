"""Fixtures that all tests share: a clean environment, an empty LTV_HOME, a fixed clock."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ltv_platform import result_cache
from ltv_platform.assets import build_graph
from ltv_platform.bundled import bundled_data
from ltv_platform.settings import Settings, load_settings
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform_tests.testing import NOW, surroundings
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.loader import Loader

if "PYTEST_XDIST_WORKER" not in os.environ:  # which has it from the process that started it
    surroundings.keep_files_in_memory()
    surroundings.compile_once()

_REFERENCE_DATA = os.environ.get("LTV_REFERENCE_DATA")


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the real data, and begin the longest first.

    Otherwise one process works alone on it in the end. The others stay in their order.
    """
    for item in items:
        if "reference_data" in getattr(item, "fixturenames", ()):
            item.add_marker("reference")

    def seconds(item: pytest.Item) -> float:
        slow = item.get_closest_marker("slow")
        return float(slow.args[0]) if slow else 0

    items.sort(key=seconds, reverse=True)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine sets must not reach the tests."""
    for name in os.environ:
        if name.startswith(("LTV_", "IHC_", "PG")) or name in {"DAGSTER_HOME", "COLUMNS"}:
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Defaults, with its own LTV_HOME and the clock of the tests."""
    return load_settings(home=tmp_path / "home", now=NOW, threads=1)


@pytest.fixture
def graph(settings: Settings) -> Graph:
    """All derived tables."""
    return build_graph(settings)


@pytest.fixture
def engine(settings: Settings, graph: Graph) -> DuckDBEngine:
    """An empty warehouse."""
    return DuckDBEngine(settings, graph.catalog)


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of the real data; the test is skipped where it is not at hand."""
    if _REFERENCE_DATA is None:
        pytest.skip("LTV_REFERENCE_DATA is not set; it names the folder of the real data")
    return Path(_REFERENCE_DATA)


@pytest.fixture
def new_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forgets what this process has found, as a new one would not know it."""

    def forget() -> None:
        result_cache.cache_of.cache_clear()
        monkeypatch.setattr(result_cache, "_OF_PROCESS", {})

    forget()
    return forget


@pytest.fixture
def load(engine: DuckDBEngine, tmp_path: Path) -> Loader:
    """Writes text to a file and ingests it."""
    return Loader(engine, tmp_path / "files")


@pytest.fixture
def loader_with(tmp_path: Path) -> Callable[..., Loader]:
    """A loader under other settings, on the same LTV_HOME."""

    def make(**overrides: Any) -> Loader:
        settings = load_settings(**{"home": tmp_path / "home", "now": NOW, **overrides})
        return Loader(DuckDBEngine(settings, build_graph(settings).catalog), tmp_path / "files")

    return make


@pytest.fixture
def ltv(tmp_path: Path) -> CommandLine:
    """The command line in a fresh LTV_HOME."""
    return CommandLine(tmp_path / "home")


@pytest.fixture(scope="module")
def fresh_homes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], CommandLine]:
    """Makes command lines with a fresh LTV_HOME each, for fixtures of a whole module."""
    return lambda: CommandLine(tmp_path_factory.mktemp("ltv") / "home")


@pytest.fixture(scope="session")
def published_sample(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The bundled sample, published under default settings; tests only read it."""
    home = Home(
        tmp_path_factory.mktemp("sample_home"),
        now=datetime(2026, 11, 30, 12, tzinfo=UTC),
        horizons=(1, 3, 7, 14, 30, 60, 90, 180, 365),
    )
    home.load_files(Path(str(bundled_data() / "sample")))
    home.publish()
    return home
