"""Loads text through a file into the raw log, for tests of ingestion."""

from pathlib import Path
from typing import Any

from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine
from ltv_platform.warehouse.engine import LoadCounts


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
        """Line and reasons of the rows in quarantine."""
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
