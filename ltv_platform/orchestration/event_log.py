"""Dagster's history in one SQLite file, written in batches, with one event per partition.

A run stores an event for every partition that it wrote. Dagster's storage opens two SQLite files
and commits twice for each, keeps a file per run, and deletes nothing: an hourly refresh would cost
gigabytes a day. This storage writes the events of a table in one transaction, and an event that
only says that a partition was written replaces the previous one: the UI needs just the newest event
of a partition, with its run. Events with metadata, and those of runs that Dagster announces, are
kept.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as db
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.events import AssetMaterializationPlannedData, DagsterEventType
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

from ltv_platform.compressed_text import CompressedText, compressed

if TYPE_CHECKING:
    import sqlite3

    from dagster import EventLogEntry
    from dagster._serdes import ConfigurableClassData

#: Types of asset events that come in thousands and are stored in one transaction.
STORED_TOGETHER = {
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
}

#: Placeholders for a partition and its rows in an event that is stored for many.
ANY_PARTITION, ANY_ROWS = "0000-00-00", 10**15 + 1

_COLUMNS = (
    "run_id",
    "event",
    "dagster_event_type",
    "timestamp",
    "step_key",
    "asset_key",
    "partition",
)
_INSERT = (
    f"INSERT INTO event_logs (id, {', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)
#: An event without a step is replaced by the partition's next one. Events reported by a person have
#: no run and are kept.
_SUPERSEDED = (
    "DELETE FROM event_logs WHERE asset_key = ? AND dagster_event_type = ? AND partition = ? "
    "AND step_key IS NULL AND run_id <> '' AND id < ?"
)

# Events are highly repetitive JSON, so SQLite keeps them compressed. The columns are Dagster's, and
# this is the only way to change their type; in PostgreSQL they stay text.
for _events in (
    SqlEventLogStorageTable.c.event,
    AssetKeyTable.c.last_materialization,
    AssetCheckExecutionsTable.c.evaluation_event,
):
    _events.type = CompressedText()

#: When a run is deleted, the events that tell Dagster which run wrote a partition are kept.
DELETE_RUN = """
    DELETE FROM event_logs WHERE run_id = :run_id AND id NOT IN (
      SELECT MAX(id) FROM event_logs
      WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND asset_key IN (
        SELECT asset_key FROM event_logs WHERE run_id = :run_id AND asset_key IS NOT NULL
      )
      GROUP BY asset_key, partition
    )
"""
DELETE_TAGS = "DELETE FROM asset_event_tags WHERE event_id NOT IN (SELECT id FROM event_logs)"


class SqliteHistory(ConsolidatedSqliteEventLogStorage):
    """The stock storage, plus batches of asset events and kept connections."""

    def __init__(self, base_dir: str, inst_data: "ConfigurableClassData | None" = None) -> None:
        # Per thread: threads of the web server share the storage, but not transactions.
        self._open: dict[int, db.Connection] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: "ConfigurableClassData | None", config_value: "Mapping[str, Any]"
    ) -> "SqliteHistory":
        """Called by Dagster; the stock method would create the stock class."""
        return cls(inst_data=inst_data, **config_value)

    @cached_property
    def _engine(self) -> db.Engine:
        # Kept open: when the last connection closes, SQLite writes back its whole log, which takes
        # longer than most statements.
        timeout = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        engine = db.create_engine(self._conn_string, connect_args=timeout)
        db.event.listen(engine, "connect", _without_waiting_for_the_disk)
        return engine

    def dispose(self) -> None:
        """Close the connections."""
        super().dispose()  # type: ignore[no-untyped-call]
        self._engine.dispose()

    @contextmanager
    def _connect(self) -> "Iterator[db.Connection]":
        outer = self._open.get(threading.get_ident())
        if outer is not None:
            yield outer
            return
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def together(self) -> "Iterator[None]":
        """Store all events of this thread in one transaction; an error does not roll it back."""
        thread = threading.get_ident()
        if thread in self._open:
            yield
            return
        error: BaseException | None = None
        with self._connect() as connection:
            self._open[thread] = connection
            try:
                yield
            except BaseException as raised:
                error = raised
            finally:
                # A generator that is not used up may be closed by another thread.
                del self._open[thread]
        if error is not None:
            raise error

    def delete_events_for_run(self, conn: "db.Connection", run_id: str) -> None:
        """Delete the events of a run, except the newest one of each partition."""
        conn.execute(db.text(DELETE_RUN), {"run_id": run_id})
        conn.execute(db.text(DELETE_TAGS))

    @property
    def supports_partition_subset_in_asset_materialization_planned_events(self) -> bool:
        """Make Dagster pass a single event for all partitions that a run plans to write."""
        return True

    def store_event(self, event: "EventLogEntry") -> None:
        """Store one event, or one per partition that a run plans to write."""
        if _intended(event) is None:
            super().store_event(event)
        else:
            self._store_intended(event)

    def store_event_batch(self, events: "Sequence[EventLogEntry]") -> None:
        """Store asset events in one transaction, anything else one by one."""
        together = []
        for event in events:
            if event.dagster_event_type in STORED_TOGETHER and _intended(event) is None:
                together.append(event)
            else:
                self.store_event(event)
        if together:
            self._store([self._event_to_row(event) for event in together], together)

    def store_written_partitions(
        self, event: "EventLogEntry", partitions: "Mapping[str, int]", newest: "EventLogEntry"
    ) -> None:
        """Store one event per partition; they differ only in the partition and its rows.

        Creating and serializing thousands of events takes longer than writing the tables, so only
        one is created, and its text changed for each partition.

        Args:
            event: The event, for the partition :data:`ANY_PARTITION` with :data:`ANY_ROWS` rows.
            partitions: Number of rows by partition.
            newest: Events to store after them.
        """
        row = self._event_to_row(event)
        before, of_partition, after = _around(row["event"], ANY_PARTITION, str(ANY_ROWS))
        rows = [
            {
                **row,
                "event": f"{before}{of_rows}{of_partition}{partition}{after}",
                "partition": partition,
            }
            for partition, of_rows in partitions.items()
        ]
        self._store([*rows, self._event_to_row(newest)], [newest])

    def _store_intended(self, event: "EventLogEntry") -> None:
        """Store an event per partition that a run plans to write: Dagster looks for them."""
        dagster_event = event.get_dagster_event()
        intended = dagster_event.asset_materialization_planned_data
        of_any = AssetMaterializationPlannedData(intended.asset_key, partition=ANY_PARTITION)
        any_event = event._replace(dagster_event=dagster_event._replace(event_specific_data=of_any))
        row = self._event_to_row(any_event)
        before, after = row["event"].split(ANY_PARTITION)
        rows = [
            {**row, "event": f"{before}{partition}{after}", "partition": partition}
            for partition in _intended(event) or ()
        ]
        if rows:
            self._store(rows, [any_event])

    def _store_asset_check_evaluation_planned(
        self, event: "EventLogEntry", event_id: int | None
    ) -> None:
        """Store the planned evaluation of a check over a range of partitions in one row.

        Dagster's storage keeps a row per partition. A run over a range has one evaluation per
        check, without a partition, so those rows would show the check as running forever.
        """
        dagster_event = event.get_dagster_event()
        planned = dagster_event.asset_check_planned_data
        if planned.partitions_subset is not None and len(planned.partitions_subset) > 1:
            at_once = AssetCheckEvaluationPlanned(
                asset_key=planned.asset_key, check_name=planned.check_name
            )
            event = event._replace(
                dagster_event=dagster_event._replace(event_specific_data=at_once)
            )
        super()._store_asset_check_evaluation_planned(event, event_id)

    def _store(self, rows: list[dict[str, Any]], events: "Sequence[EventLogEntry]") -> None:
        """Store rows, and update the asset records with the events of the last rows."""
        with self._connect() as connection:
            # Nobody else may draw ids between this SELECT and the insertion.
            _take_turn(connection)
            last = connection.exec_driver_sql("SELECT MAX(id) FROM event_logs").scalar() or 0
            numbers = range(last + 1, last + 1 + len(rows))
            connection.exec_driver_sql(
                _INSERT,
                [
                    (number, *(_stored(name, row[name]) for name in _COLUMNS))
                    for number, row in zip(numbers, rows, strict=True)
                ],
            )
            superseded = [
                (row["asset_key"], row["dagster_event_type"], row["partition"], numbers[0])
                for row in rows
                if row["partition"] is not None
            ]
            if superseded:
                connection.exec_driver_sql(_SUPERSEDED, superseded)
            of_events = numbers[-len(events) :]
            self._store_asset_event_tags(connection, events, of_events)
            # An asset's record keeps only the last event of a type.
            newest = {
                (row["asset_key"], row["dagster_event_type"]): (event, number)
                for row, event, number in zip(rows[-len(events) :], events, of_events, strict=True)
            }
            for event, number in newest.values():
                self._store_asset_event(connection, event, number)


def _intended(event: "EventLogEntry") -> "Iterable[str] | None":
    """The partitions that a run plans to write; None: another event, or a single partition."""
    if event.dagster_event_type is not DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
        return None
    partitions = event.get_dagster_event().asset_materialization_planned_data.partitions_subset
    return None if partitions is None else partitions.get_partition_keys()


def _without_waiting_for_the_disk(connection: "sqlite3.Connection", _: object) -> None:
    """A power cut may lose the last events, but never damages the file: it is in WAL mode."""
    connection.execute("PRAGMA synchronous = NORMAL")


def _around(text: str, partition: str, rows: str) -> tuple[str, str, str]:
    """The text before the rows, between rows and partition, and after the partition."""
    before, _, rest = text.partition(rows)
    between, _, after = rest.partition(partition)
    if text.count(rows) != 1 or text.count(partition) != 1 or not after:
        raise ValueError(f"This version does not support Dagster's event format: {text}")
    return before, between, after


def _take_turn(connection: db.Connection) -> None:
    """Begin a write transaction, unless one is open."""
    driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _stored(column: str, value: Any) -> Any:
    """A value as SQLAlchemy stores it in SQLite."""
    if column == "event":
        return compressed(value)
    return value.isoformat(" ", "microseconds") if hasattr(value, "isoformat") else value
