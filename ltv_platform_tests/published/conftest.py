"""A published home for the tests of snapshots and queries, and copies of it."""

import shutil
from pathlib import Path

import pytest

from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.small_home import SETTINGS, filled


@pytest.fixture(scope="package")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A published home that is only read."""
    home = filled(tmp_path_factory.mktemp("published"))
    home.publish()
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Home:
    """A copy of it to do something to."""
    folder = tmp_path / "home"
    shutil.copytree(published.settings.home, folder)
    return Home(folder, **SETTINGS)
