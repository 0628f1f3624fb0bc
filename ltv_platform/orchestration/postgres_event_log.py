"""Dagster's event log on PostgreSQL, with all asset events of a run stored in batches.

Dagster's own storage writes the materializations of a batch together, but updates the record of
only the last one's asset, and stores planned events one by one, each on two new connections: 11 ms
per event on the same machine, more than a minute for a backfill of all tables over a year. This
storage writes a batch in one transaction, for all assets and event types.

libpq takes the connection from ``PGHOST``, ``PGUSER``, ``PGPASSWORD`` and so on: no password is in
a file of Dagster's or in the UI's page about the instance.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as db
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster_postgres import PostgresEventLogStorage
from dagster_postgres.utils import create_pg_engine, pg_url_from_config

from ltv_platform.orchestration.event_log import DELETE_RUN, DELETE_TAGS, STORED_TOGETHER

if TYPE_CHECKING:
    from dagster import EventLogEntry
    from dagster._serdes import ConfigurableClassData

_SUPERSEDED = (
    "DELETE FROM event_logs WHERE asset_key = :asset AND dagster_event_type = :kind "
    "AND partition = ANY(:days) AND step_key IS NULL AND run_id <> '' AND id < :first"
)


class PostgresHistory(PostgresEventLogStorage):
    """The stock storage, plus batches of asset events and kept connections.

    The stock one opens a connection for every read and write, a thousand times in a refresh, which
    costs the server 6 ms of CPU each time.
    """

    def __init__(self, postgres_url: str, inst_data: "ConfigurableClassData | None" = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        # A second connection reads while the first is in a transaction. The web server configures
        # such a pool itself.
        self._engine = create_pg_engine(
            postgres_url,
            isolation_level="AUTOCOMMIT",
            pool_size=2,
            max_overflow=-1,
            pool_pre_ping=True,
        )

    @classmethod
    def from_config_value(
        cls, inst_data: "ConfigurableClassData | None", config_value: "Mapping[str, Any]"
    ) -> "PostgresHistory":
        """Called by Dagster; the stock method would create the stock class."""
        return cls(pg_url_from_config(config_value), inst_data)

    def dispose(self) -> None:
        """Close the connections."""
        super().dispose()
        self._engine.dispose()

    def delete_events_for_run(self, conn: "db.Connection", run_id: str) -> None:
        """Delete the events of a run, except the newest one of each partition."""
        conn.execute(db.text(DELETE_RUN), {"run_id": run_id})
        conn.execute(db.text(DELETE_TAGS))

    def store_event_batch(self, events: "Sequence[EventLogEntry]") -> None:
        """Store the asset events of a run in one transaction, all others one by one."""
        together = [event for event in events if event.dagster_event_type in STORED_TOGETHER]
        for event in events:
            if event.dagster_event_type not in STORED_TOGETHER:
                self.store_event(event)
        if not together:
            return
        rows = [self._event_to_row(event) for event in together]
        # An asset's record keeps only the last event of a type.
        last = {
            (row["asset_key"], row["dagster_event_type"]): index for index, row in enumerate(rows)
        }
        ids = SqlEventLogStorageTable.c.id
        insert = SqlEventLogStorageTable.insert().returning(ids, sort_by_parameter_order=True)
        with self.index_transaction() as connection:
            event_ids = [int(event_id) for event_id in connection.execute(insert, rows).scalars()]
            self._remove_superseded(connection, rows, event_ids[0])
            self._store_asset_event_tags(connection, together, event_ids)
            # In the order of keys, so that two runs that write the same records cannot deadlock.
            for _, index in sorted((asset, index) for (asset, _), index in last.items()):
                self._store_asset_event(connection, together[index], event_ids[index])

    def _remove_superseded(
        self, connection: "db.Connection", rows: Sequence[Mapping[str, Any]], first: int
    ) -> None:
        """Delete events without a step that newer events of their partitions replace."""
        partitions: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            if row["partition"] is not None:
                of_asset = row["asset_key"], row["dagster_event_type"]
                partitions.setdefault(of_asset, []).append(row["partition"])
        for (asset, kind), of_asset_partitions in partitions.items():
            connection.execute(
                db.text(_SUPERSEDED),
                {"asset": asset, "kind": kind, "days": of_asset_partitions, "first": first},
            )
