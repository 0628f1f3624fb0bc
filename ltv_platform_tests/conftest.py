"""Fixtures that all tests share: a clean environment, an empty LTV_HOME, a fixed clock."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ltv_platform import result_cache
from ltv_platform.assets import build_graph
from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform.settings import Settings, load_settings
from ltv_platform.tables.transforms import Graph
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.engine import LoadCounts
from ltv_platform_tests import surroundings

if "PYTEST_XDIST_WORKER" not in os.environ:  # which has it from the process that started it
    surroundings.keep_files_in_memory()
    surroundings.compile_once()

#: The clock of the tests.
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

#: What takes a minute or more is begun first, the longest before the others: else one process works
#: alone on it in the end.
_LONG = ("TestRestatement", "properties/", "TestKilled", "benchmarks/", "end_to_end/", "proofs/")

_REFERENCE_DATA = os.environ.get("LTV_REFERENCE_DATA")

#: URL of a PostgreSQL server on which tests may make databases, its password included.
POSTGRES = os.environ.get("LTV_TEST_POSTGRES")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first; the others stay in their order."""

    def place(item: pytest.Item) -> int:
        return next((n for n, part in enumerate(_LONG) if part in item.nodeid), len(_LONG))

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine sets must not reach the tests."""
    for name in os.environ:
        if name.startswith(("LTV_", "IHC_", "PG")) or name in {"DAGSTER_HOME", "COLUMNS"}:
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Defaults, with an LTV_HOME of its own and the clock at :data:`NOW`."""
    return load_settings(home=tmp_path / "home", now=NOW, threads=1)


@pytest.fixture
def graph(settings: Settings) -> Graph:
    """All derived tables."""
    return build_graph(settings)


@pytest.fixture
def engine(settings: Settings, graph: Graph) -> DuckDBEngine:
    """An empty warehouse."""
    return DuckDBEngine(settings, graph.catalog)


@pytest.fixture
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


class Loader:
    """Writes files and ingests them.

    Args:
        engine: The warehouse.
        folder: Where the files are written.
    """

    def __init__(self, engine: DuckDBEngine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder

    def write(self, name: str, content: str | bytes) -> Path:
        """A file with that content, its line ends as given."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def outcome(
        self,
        table: str,
        content: str | bytes,
        name: str | None = None,
        adapter: str | None = None,
    ) -> Outcome:
        """Ingest a file with that content."""
        path = self.write(name or f"{table}.csv", content)
        [outcome] = ingest(self.engine, [Request(table, path, adapter)])
        return outcome

    def __call__(
        self,
        table: str,
        content: str | bytes,
        name: str | None = None,
        adapter: str | None = None,
    ) -> LoadCounts:
        """Ingest a file that must load; its counts, checked to add up."""
        outcome = self.outcome(table, content, name, adapter)
        assert outcome.error is None, outcome.error
        counts = outcome.counts
        assert counts is not None
        assert_adds_up(counts)
        return counts

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.engine.rows(sql)

    def reasons(self) -> list[tuple[int, list[str]]]:
        """Line and reasons of what stands in quarantine."""
        return self.engine.rows(
            "SELECT line, reasons FROM raw.quarantine WHERE replayed_at IS NULL "
            "ORDER BY quarantined_at, source_file, line"
        )


def assert_adds_up(counts: LoadCounts) -> None:
    """Every row of the file is accounted for (tables.md, rules for values)."""
    assert counts.rows_in_file == counts.rows_skipped + counts.rows_received
    assert (
        counts.rows_received
        == counts.rows_accepted + counts.rows_quarantined + counts.rows_repeated
    )
    assert min(counts.rows_skipped, counts.rows_repeated) >= 0


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
