"""DAGSTER_HOME: its configuration and environment, and whether the database is available.

Dagster keeps its history (runs, events, schedules) in SQLite files there, or in PostgreSQL. The
tables of the platform are in neither: they are in the warehouse.
"""

import hashlib
import os
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from ltv_platform.errors import UserError
from ltv_platform.settings import Settings

#: Shipped configurations by LTV_DAGSTER_STORAGE: their paths in a checkout. In the wheel they are
#: next to this file.
_SHIPPED = {"sqlite": Path("dagster.yaml"), "postgres": Path("deploy", "dagster.postgres.yaml")}

#: SHA-256 of configurations shipped by earlier versions: unchanged ones are replaced by today's.
_SHIPPED_BEFORE = {
    "61c70ac9de6e9f3d95dbb504e1c523bd7e61a3374e7e4d573ce0d38db21261ad",
    "8057ec9402d5ad255204ee4e44ac0658086434aea093f376495de37dd43a21bb",
    "99e4f1a417c03cb86dd8f9fb81d83c7b2eac1536827e27e43e40efb064405321",
}

#: Seconds to connect: a slower server would be no pleasure to use.
_CONNECT_SECONDS = 10


def dagster_environment(settings: Settings) -> dict[str, str]:
    """Environment variables for every process that executes runs."""
    return {
        "LTV_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_path),
        "LTV_EVENT_LOG": str(settings.dagster_path / "history"),
        # Dagster passes events in batches of this size; see event_log.py.
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
    }


def prepare_dagster_home(settings: Settings) -> None:
    """Create DAGSTER_HOME with the shipped configuration, unless the user has one there."""
    os.environ.update(dagster_environment(settings))
    check_storage(settings)
    write_configuration(settings)


def write_configuration(settings: Settings) -> None:
    """Write the shipped configuration of the storage, unless users have their own.

    An unchanged shipped one is replaced when the storage changes.

    Raises:
        UserError: PostgreSQL is set, but the user's own configuration does not use it.
    """
    path = settings.dagster_path / "dagster.yaml"
    wanted = _shipped(settings.dagster_storage)
    found = path.read_text("utf-8") if path.exists() else None
    if found is None or found in map(_shipped, _SHIPPED) or _hash(found) in _SHIPPED_BEFORE:
        if found != wanted:
            settings.dagster_path.mkdir(parents=True, exist_ok=True)
            # Replaced atomically: processes of Dagster may be reading it.
            unfinished = path.with_name(f".dagster.yaml.{os.getpid()}.tmp")
            unfinished.write_text(wanted, "utf-8")
            os.replace(unfinished, path)
    elif settings.dagster_storage == "postgres" and "postgres" not in found:
        raise UserError(
            f"LTV_DAGSTER_STORAGE is postgres, but your own {path} does not configure PostgreSQL.",
            "Copy the three storages of deploy/dagster.postgres.yaml into it, or move it away.",
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _shipped(storage: str) -> str:
    source = _SHIPPED[storage]
    packaged = files("ltv_platform") / "orchestration" / source.name
    checkout = Path(__file__).resolve().parents[2] / source
    return (packaged if packaged.is_file() else checkout).read_text("utf-8")


def check_storage(settings: Settings) -> None:
    """Check that PostgreSQL is available, if it keeps the history.

    Raises:
        UserError: it is not, or its driver is not installed. Messages of libpq contain no password.
    """
    if settings.dagster_storage != "postgres":
        return
    if find_spec("dagster_postgres") is None:
        raise UserError(
            "LTV_DAGSTER_STORAGE is postgres, but dagster-postgres is not installed.",
            "Install the extra, for example: pip install 'ltv-platform[postgres]'",
        )
    import psycopg2  # noqa: PLC0415 - only installed where it is used

    try:
        psycopg2.connect("", connect_timeout=_CONNECT_SECONDS).close()
    except psycopg2.OperationalError as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"PostgreSQL, configured for Dagster's history, cannot be reached: {reason}",
            "Start it, or set PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD; or use "
            "LTV_DAGSTER_STORAGE=sqlite.",
        ) from error


def storage_errors(settings: Settings) -> tuple[type[Exception], ...]:
    """Exceptions that Dagster raises when the database of its history fails."""
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - not where Dagster is not used

    if settings.dagster_storage != "postgres":
        return (OperationalError,)
    from dagster_postgres.utils import DagsterPostgresException  # noqa: PLC0415

    return (OperationalError, DagsterPostgresException)
