"""A published home to back up, and copies of it to change."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.small_home import SETTINGS, filled

#: What Dagster keeps, as far as a backup is concerned.
_HISTORY = ("history/runs.db", "history/index.db", "schedules/schedules.db")


@pytest.fixture(scope="package")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with something of everything: loaded from landing, waiting there, a history."""
    home = filled(tmp_path_factory.mktemp("published") / "home")
    shutil.rmtree(home.settings.home / "incoming")
    folder = home.settings.landing_path / "campaigns"
    folder.mkdir(parents=True)
    (folder / "campaigns.csv").write_text("campaign_id,campaign_name\nc1,Ads\n")
    [outcome] = ingest_landing(home.engine)
    assert outcome.error is None
    home.publish()
    (folder / "waiting.csv").write_text("campaign_id,campaign_name\nc2,More ads\n")
    (home.settings.landing_path / "transactions@my_shop").mkdir()
    home.settings.ihc_fit_path.write_text("{}\n")
    for name in _HISTORY:
        path = home.settings.dagster_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("CREATE TABLE runs (id INTEGER)")
            database.execute("INSERT INTO runs VALUES (42)")
    (home.settings.dagster_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    logs = home.settings.dagster_path / "storage" / "a_run"
    logs.mkdir(parents=True)
    (logs / "step.out").write_text("what it printed\n")
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Home:
    """A copy of it."""
    folder = tmp_path / "home"
    shutil.copytree(published.settings.home, folder)
    return Home(folder, **SETTINGS)
