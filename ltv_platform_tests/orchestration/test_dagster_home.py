"""DAGSTER_HOME: whose configuration it has, and the message if a database does not answer."""

import socket
import sys
from pathlib import Path

import pytest
import yaml

from ltv_platform.errors import UserError
from ltv_platform.orchestration.dagster_home import (
    check_storage,
    storage_errors,
    write_configuration,
)
from ltv_platform.settings import Settings, load_settings
from ltv_platform_tests.testing import NOW

_STORAGES = ("run_storage", "event_log_storage", "schedule_storage")


def _settings(tmp_path: Path, storage: str) -> Settings:
    return load_settings(home=tmp_path / "home", now=NOW, dagster_storage=storage)


def _configuration(settings: Settings) -> str:
    return (settings.dagster_path / "dagster.yaml").read_text("utf-8")


def test_both_configurations_differ_in_their_storages_alone(tmp_path: Path) -> None:
    """What is added to one of the shipped files must be added to the other."""
    contents = []
    for storage in ("sqlite", "postgres"):
        settings = _settings(tmp_path / storage, storage)
        write_configuration(settings)
        content = yaml.safe_load(_configuration(settings))
        contents.append({key: content[key] for key in content if key not in _STORAGES})
    assert contents[0] == contents[1]


def test_the_storage_can_be_changed_both_ways(tmp_path: Path) -> None:
    """deployment.md: a dagster.yaml that nobody has changed follows LTV_DAGSTER_STORAGE."""
    written = []
    for storage in ("sqlite", "postgres", "sqlite"):
        settings = _settings(tmp_path, storage)
        write_configuration(settings)
        written.append(_configuration(settings))
    assert "Postgres" not in written[0]
    assert "PostgresHistory" in written[1]
    assert written[2] == written[0]
    assert [path.name for path in settings.dagster_path.iterdir()] == ["dagster.yaml"]


def test_a_configuration_of_the_users_own_stays(tmp_path: Path) -> None:
    """deployment.md: your own dagster.yaml is left alone, and must name what the setting says."""
    settings = _settings(tmp_path, "sqlite")
    settings.dagster_path.mkdir(parents=True)
    place = settings.dagster_path / "dagster.yaml"
    place.write_text("telemetry: {enabled: false}\n", "utf-8")
    write_configuration(settings)
    assert _configuration(settings) == "telemetry: {enabled: false}\n"
    with pytest.raises(UserError) as caught:
        write_configuration(_settings(tmp_path, "postgres"))
    assert caught.value.message == (
        f"LTV_DAGSTER_STORAGE is postgres, but your own {place} does not configure PostgreSQL."
    )
    place.write_text("storage: {postgres: {postgres_url: {env: MINE}}}\n", "utf-8")
    write_configuration(_settings(tmp_path, "postgres"))
    assert "MINE" in _configuration(settings)


def test_no_shipped_configuration_holds_a_password(tmp_path: Path) -> None:
    """The connection uses libpq's variables: Dagster's UI shows this file to everyone."""
    settings = _settings(tmp_path, "postgres")
    write_configuration(settings)
    content = yaml.safe_load(_configuration(settings))
    assert {content[storage]["config"]["postgres_url"] for storage in _STORAGES} == {
        "postgresql+psycopg2://"
    }


def test_a_server_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence before Dagster starts, not five retries and a traceback; and no password."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(port))
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    with pytest.raises(UserError) as caught:
        check_storage(_settings(tmp_path, "postgres"))
    assert caught.value.message.startswith(
        "PostgreSQL, configured for Dagster's history, cannot be reached: connection to server "
        f'at "127.0.0.1", port {port} failed: Connection refused'
    )
    assert "s3cret" not in str(caught.value)
    check_storage(_settings(tmp_path, "sqlite"))


def test_without_the_extra_the_command_to_install_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ltv_platform.orchestration.dagster_home.find_spec", lambda name: None)
    with pytest.raises(UserError) as caught:
        check_storage(_settings(tmp_path, "postgres"))
    hint = "Install the extra, for example: pip install 'ltv-platform[postgres]'"
    assert caught.value.hint == hint


def test_nothing_of_postgres_is_imported_without_it() -> None:
    """SQLite is the default; a laptop needs neither the extra nor the time to import it."""
    import subprocess

    program = (
        "import sys; from ltv_platform.orchestration import dagster_home; "
        "from ltv_platform.settings import load_settings; "
        "dagster_home.check_storage(load_settings()); "
        "print([name for name in ('dagster', 'sqlalchemy', 'psycopg2') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_dagster_raises_of_its_database_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that disappears midway also ends with a message, at whichever call."""
    from dagster_postgres.utils import create_pg_engine, retry_pg_connection_fn

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PGPORT", str(unused.getsockname()[1]))
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    engine = create_pg_engine("postgresql+psycopg2://")
    for connect in (engine.connect, lambda: retry_pg_connection_fn(engine.connect, retry_limit=0)):
        with pytest.raises(storage_errors(_settings(tmp_path, "postgres"))):
            connect()
