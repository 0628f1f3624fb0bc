"""Dagster's SQLite event log, with the events of a range run stored in batches.

A range run announces every partition of every asset by an event of its own. Dagster's storage
opens two SQLite files and commits twice for each, which costs 15 ms an event: most of a minute
for eight months of partitions. With ``DAGSTER_EVENT_BATCH_SIZE`` set, Dagster hands events
over in batches; this storage writes a batch in one transaction a file.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.events import DagsterEventType
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable

if TYPE_CHECKING:
    from dagster import EventLogEntry
    from dagster._serdes import ConfigurableClassData

_TOGETHER = {
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
}


class BatchingEventLogStorage(SqliteEventLogStorage):
    """The stock storage but for batches of asset events."""

    @classmethod
    def from_config_value(
        cls, inst_data: "ConfigurableClassData | None", config_value: "Mapping[str, Any]"
    ) -> "BatchingEventLogStorage":
        """Called by Dagster; the stock method makes the stock class."""
        return cls(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: "Sequence[EventLogEntry]") -> None:
        """Store the asset events of a run together, anything else one by one."""
        together = [event for event in events if event.dagster_event_type in _TOGETHER]
        for event in events:
            if event.dagster_event_type not in _TOGETHER:
                self.store_event(event)
        if not together:
            return
        rows = [self._event_to_row(event) for event in together]
        insert = SqlEventLogStorageTable.insert()
        with self.run_connection(together[0].run_id) as connection:
            connection.execute(insert, rows)
        with self.index_transaction() as connection:
            results = [connection.execute(insert.values(**row)) for row in rows]
            event_ids = [int(result.lastrowid) for result in results]
            self._store_asset_event_tags(connection, together, event_ids)
            # An asset's record keeps the last event of a kind, so only that one is stored there.
            last = {
                (row["asset_key"], row["dagster_event_type"]): place
                for place, row in enumerate(rows)
            }
            for place in last.values():
                self._store_asset_event(connection, together[place], event_ids[place])
