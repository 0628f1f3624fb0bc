"""Judges rows by the rules of ingestion, to say at once which of them will be quarantined.

The SQL is that of ``ingestion.rows.validation``, so both agree. A statement takes some hundredths
of a second however few rows it judges, so ``clearing`` comes first, and rows of many requests share
a statement.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import duckdb

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import quoted
from ltv_platform.ingestion.reading.hand_split import read_json
from ltv_platform.ingestion.rows.judging import FUTURE_ALLOWED
from ltv_platform.ingestion.rows.validation import staging_select
from ltv_platform.settings import Settings

Reasons = tuple[str, ...]


class Judge:
    """Judges rows in a database in memory; for one thread at a time.

    Args:
        settings: For zones and rules.
        sources: The contracts by name.
    """

    def __init__(self, settings: Settings, sources: Mapping[str, SourceTable]) -> None:
        self._settings = settings
        self._sources = sources
        self._connection = duckdb.connect(config={"python_enable_replacements": False})
        self._connection.execute("SET timezone = 'UTC'")
        self._connection.execute("SET threads = 1")
        # It takes longer than the few rows of a statement.
        self._connection.execute("PRAGMA disable_optimizer")
        self._selects: dict[tuple[str, date | None], str] = {}

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def reasons(self, table: str, texts: Sequence[bytes], start: date | None) -> list[Reasons]:
        """Why each row will be quarantined; empty: it will be accepted.

        Args:
            table: The source table.
            texts: JSON texts of rows.
            start: First partition; None: not settled yet.
        """
        source = self._sources[table]
        names = [column.name for column in source.columns]
        found: list[Reasons] = []
        kept: list[tuple[int, Mapping[str, str | None]]] = []
        for index, text in enumerate(texts):
            values, reason = read_json(text.decode(), names)
            found.append((reason,) if reason else ())
            if not reason:
                kept.append((index, values))
        if kept:
            for index, reasons in self._judged(source, kept, start):
                found[index] = tuple(reasons)
        return found

    def _judged(
        self,
        source: SourceTable,
        rows: Sequence[tuple[int, Mapping[str, str | None]]],
        start: date | None,
    ) -> list[tuple[int, list[str]]]:
        import pyarrow as pa  # noqa: PLC0415 - it takes a moment, and most rows need no judge

        arrays = {
            # An empty text is NULL, as in a file.
            column.name: pa.array([values.get(column.name) or None for _, values in rows], "string")
            for column in source.columns
        }
        lines = pa.array([index for index, _ in rows], "int64")
        self._connection.register("posted", pa.table({"_line": lines, **arrays}))
        try:
            statement = self._select(source, start)
            values = {"latest": latest_of(self._settings)} if "$latest" in statement else {}
            return self._connection.execute(statement, values).fetchall()
        finally:
            self._connection.unregister("posted")

    def _select(self, source: SourceTable, start: date | None) -> str:
        known = self._selects.get((source.name, start))
        if known is None:
            names = ", ".join(quoted(column.name) for column in source.columns)
            columns = ["_line", *(column.name for column in source.columns)]
            select = staging_select(
                source,
                columns,
                f"SELECT _line, {names}, NULL AS _record FROM posted",
                self._settings,
                start,
            )
            known = f"SELECT _line, _reasons FROM ({select}) WHERE _reasons IS NOT NULL"
            self._selects[source.name, start] = known
        return known


def latest_of(settings: Settings) -> datetime:
    """The latest instant that is not in the future (UTC, without zone)."""
    return settings.current_time().astimezone(UTC).replace(tzinfo=None) + FUTURE_ALLOWED
