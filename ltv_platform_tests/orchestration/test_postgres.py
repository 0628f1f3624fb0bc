"""Dagster's history in PostgreSQL, on the real server that LTV_TEST_POSTGRES names."""

import itertools
import os
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dagster as dg
import psycopg2
import pytest
import sqlalchemy
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    StepMaterializationData,
)

from ltv_platform.errors import UserError
from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.dagster_home import (
    check_storage,
    dagster_environment,
    write_configuration,
)
from ltv_platform.orchestration.foreground import bring_up_to_date
from ltv_platform_tests.testing.home import Home

pytestmark = pytest.mark.postgres

#: URL of a server on which tests may make databases, its password included.
POSTGRES = os.environ.get("LTV_TEST_POSTGRES")

if POSTGRES is None:
    pytest.skip(
        "LTV_TEST_POSTGRES is not set; it is the URL of a server on which tests may make "
        "databases (.ci/deploy starts one)",
        allow_module_level=True,
    )

#: How libpq's variables are called that stand for the parts of the URL.
_PARTS = {"PGHOST": "hostname", "PGPORT": "port", "PGUSER": "username", "PGPASSWORD": "password"}
_RUN = str(uuid.uuid4())
_DATABASES = itertools.count()


def _new_database() -> str:
    """An empty database; the server that holds it is thrown away."""
    name = f"ltv_{uuid.uuid4().hex[:12]}_{next(_DATABASES)}"
    with closing(psycopg2.connect(POSTGRES)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, to which the variables of libpq lead."""
    parts = urlsplit(POSTGRES)
    for variable, part in _PARTS.items():
        monkeypatch.setenv(variable, unquote(str(getattr(parts, part))))
    name = _new_database()
    monkeypatch.setenv("PGDATABASE", name)
    return name


def _everything() -> dict[str, list[str]]:
    """All rows of all tables of the current database, as text."""
    with closing(psycopg2.connect("")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = {}
        for (table,) in cursor.fetchall():
            # An asset's record counts by itself, also what was not kept, and has the clock's time.
            left_out = "- 'id' - 'create_timestamp'" if table == "asset_keys" else ""
            cursor.execute(f'SELECT (to_jsonb(t) {left_out})::text FROM "{table}" t ORDER BY 1')
            rows[table] = [row for (row,) in cursor.fetchall()]
    return rows


def _event(asset: str, day: int, *, planned: bool = False) -> dg.EventLogEntry:
    key, partition = dg.AssetKey(["marts", asset]), str(date(2025, 1, 1) + timedelta(day))
    data: Any = (
        AssetMaterializationPlannedData(key, partition)
        if planned
        else StepMaterializationData(
            dg.AssetMaterialization(
                key,
                partition=partition,
                metadata={"rows": day},
                tags={"dagster/data_version": str(day)},
            ),
            [],
        )
    )
    kind = "ASSET_MATERIALIZATION_PLANNED" if planned else "ASSET_MATERIALIZATION"
    return dg.EventLogEntry(
        error_info=None,
        level="debug",
        user_message="",
        run_id=_RUN,
        timestamp=1_767_225_600.0 + day,
        step_key="campaigns",
        job_name="refresh",
        dagster_event=DagsterEvent(
            dg.DagsterEventType(kind).value,
            "refresh",
            step_key="campaigns",
            event_specific_data=data,
        ),
    )


#: What a run announces, assets and kinds mixed as no stock batch may be.
_EVENTS = [
    *(_event("roas", day, planned=True) for day in range(3)),
    *(_event("ltv", day) for day in range(3)),
    *(_event("ltv", day, planned=True) for day in range(5, 2, -1)),
    *(_event("roas", day) for day in range(2)),
    _event("ltv", 1),
]


def _storage() -> Any:
    from ltv_platform.orchestration.postgres_event_log import PostgresHistory

    return PostgresHistory("postgresql+psycopg2://")


def test_a_batch_leaves_what_dagster_leaves_event_by_event(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids, rows, tags and records of assets; guards the private methods that it is made of."""
    from dagster_postgres import PostgresEventLogStorage

    _storage().store_event_batch(_EVENTS)
    batched = _everything()
    monkeypatch.setenv("PGDATABASE", _new_database())
    stock = PostgresEventLogStorage("postgresql+psycopg2://")
    for event in _EVENTS:
        stock.store_event(event)
    expected = _everything()
    assert len(expected["event_logs"]) == len(_EVENTS)
    assert len(expected["asset_event_tags"]) == 6
    for table in ("event_logs", "asset_event_tags", "asset_keys"):
        assert batched[table] == expected[table], table
    # The last of a kind counts, whatever was announced before it.
    [record] = stock.get_asset_records([dg.AssetKey(["marts", "ltv"])])
    newest = record.asset_entry.last_materialization_record
    assert newest is not None
    assert (newest.partition_key, newest.storage_id) == ("2025-01-02", len(_EVENTS))


def test_a_year_of_a_table_is_a_handful_of_statements(database: str) -> None:
    """deployment.md: a batch is one transaction on one connection, not 365 or 730 of them."""
    storage = _storage()
    storage.store_event_batch([_event("ltv", 0), _event("cpi", 0)])  # what is kept in mind
    statements: list[str] = []
    records: list[str] = []
    connections: list[int] = []
    engine = storage._engine

    def note(connection: Any, cursor: Any, statement: str, given: Any, *others: Any) -> None:
        statements.append(statement)
        if statement.startswith("INSERT INTO asset_keys"):
            records.append(given["asset_key"])

    sqlalchemy.event.listen(engine, "before_cursor_execute", note)
    sqlalchemy.event.listen(engine, "connect", lambda *given: connections.append(1))
    storage.store_event_batch([_event("ltv", day) for day in range(365)] + [_event("cpi", 1)])
    inserts = [words.split()[2] for words in statements if words.startswith("INSERT")]
    assert inserts == ["event_logs", "asset_event_tags", "asset_keys", "asset_keys"]
    # Two runs that write the records of the same assets must do so in one order.
    assert records == ['["marts", "cpi"]', '["marts", "ltv"]']
    assert len(statements) <= 8
    assert connections == []
    keys = storage.get_materialized_partitions(dg.AssetKey(["marts", "ltv"]))
    assert len(keys) == 365


def test_connections_are_kept_and_given_back(database: str) -> None:
    """A connection for each event cost the server more than storing it; none is left behind."""
    storage = _storage()
    with closing(psycopg2.connect(POSTGRES)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()

        def backends() -> set[int]:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [database])
            return {pid for (pid,) in cursor.fetchall()}

        storage.store_event_batch(_EVENTS)
        kept = backends()
        for event in _EVENTS:
            storage.store_event(event)
        storage.store_event_batch(_EVENTS)
        assert backends() == kept
        # Nobody notices when the server has ended them meanwhile.
        for process in kept:
            cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [process])
        storage.store_event_batch(_EVENTS)
        assert len(_everything()["event_logs"]) == 4 * len(_EVENTS)
        storage.dispose()
        deadline = time.monotonic() + 60
        while backends() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert backends() == set()


def test_a_batch_that_fails_leaves_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster then stores its events one by one: the rest of the batch would be stored twice."""
    storage = _storage()

    def fail(*given: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(storage, "_store_asset_event", fail)
    with pytest.raises(RuntimeError, match="no room"):
        storage.store_event_batch(_EVENTS)
    assert _everything()["event_logs"] == []
    assert _everything()["asset_event_tags"] == []


@pytest.fixture
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that a refresh sets for its processes are unset again."""
    for variable in dagster_environment(Home(tmp_path / "none").settings):
        monkeypatch.setenv(variable, "")


def _filled(folder: Path, storage: str) -> Home:
    home = Home(
        folder,
        start_date="2025-03-01",
        as_of="2025-03-05",
        horizons=(1, 3, 7),
        dagster_storage=storage,
    )
    days = range(1, 6)
    home.load("customers", *(f"u{d},2025-03-0{d} 10:00:00,US,ads,c1" for d in days))
    home.load("transactions", *(f"t{d},u{d},2025-03-0{d} 12:00:00,{d}.25,0" for d in days))
    home.load("campaign_costs", *(f"c1,2025-03-0{d},,{d}" for d in days))
    return home


def _refresh(home: Home) -> None:
    write_configuration(home.settings)
    bring_up_to_date(home.engine, home.graph, lambda text: None)


def _what_is_shown(home: Home) -> dict[str, Any]:
    """Of each asset: partitions, their status, and the how manieth run wrote each last."""
    graph = build_definitions(home.engine, home.graph).resolve_asset_graph()
    shown: dict[str, Any] = {}
    with dg.DagsterInstance.from_config(str(home.settings.dagster_path)) as instance:
        runs = [run.run_id for run in reversed(instance.get_runs())]
        for key in sorted(graph.materializable_asset_keys):
            definition = graph.get(key).partitions_def
            written: Sequence[dg.EventLogRecord] = instance.fetch_materializations(
                key, limit=1000
            ).records
            status = None
            if definition is not None:
                status = instance.get_status_by_partition(
                    key, definition.get_partition_keys(), definition
                )
            shown[key.to_user_string()] = (
                instance.get_materialized_partitions(key),
                status,
                {r.partition_key: runs.index(r.run_id) for r in reversed(written)},
            )
    return shown


def test_a_refresh_shows_what_it_shows_with_sqlite(
    database: str, tmp_path: Path, _environment: None
) -> None:
    """deployment.md: partitions, their status and which run wrote them, also after a late event."""
    shown = []
    for storage in ("sqlite", "postgres"):
        home = _filled(tmp_path / storage, storage)
        _refresh(home)
        first = _what_is_shown(home)
        home.load("transactions", "late,u1,2025-03-03 12:00:00,9,0")
        _refresh(home)
        shown.append((first, _what_is_shown(home), home.tables()))
    assert shown[0] == shown[1]
    first, second, _ = shown[1]
    partitions, status, runs = first["core/transactions"]
    days = {f"2025-03-0{day}" for day in range(1, 6)}
    assert days <= partitions
    assert {status[day].value for day in days} == {"MATERIALIZED"}
    assert set(runs.values()) == {0}
    # The late event's own day was written by a later run.
    assert second["core/transactions"][2]["2025-03-03"] > 0
    # SQLite is not used beside it, and the password is written down nowhere.
    assert not list((tmp_path / "postgres" / "dagster").rglob("*.db"))
    password = unquote(str(urlsplit(POSTGRES).password))
    assert len(password) > 8
    for path in (tmp_path / "postgres").rglob("*"):
        assert not path.is_file() or password.encode() not in path.read_bytes(), path
    for table, rows in _everything().items():
        assert not [row for row in rows if password in row], table


def test_a_wrong_password_is_said_as_such(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own words, and what to set; the password is not among them."""
    monkeypatch.setenv("PGPASSWORD", "not-the-one")
    with pytest.raises(UserError) as caught:
        check_storage(Home(tmp_path, dagster_storage="postgres").settings)
    assert "password authentication failed for user" in caught.value.message
    assert "not-the-one" not in str(caught.value)
