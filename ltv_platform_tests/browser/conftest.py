"""Fixtures of the browser tests: servers on the sample, a browser, a folder for pictures."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ltv_platform_tests.browser.dashboards import WIDTHS, dashboards_of
from ltv_platform_tests.browser.server import Server, command, environment
from ltv_platform_tests.testing.home import Home

if TYPE_CHECKING:
    from ltv_platform_tests.browser.dashboard_screen import DashboardScreen
    from ltv_platform_tests.browser.screen import Screen

#: Named by `make test-browser`, which is not content with skipped tests.
_PICTURES = os.environ.get("LTV_SCREENSHOTS")


@pytest.fixture(scope="session")
def programs() -> tuple[str, str]:
    """Chromium and its driver; without them the tests are skipped, or fail if asked for."""
    found = [shutil.which(name) for name in ("chromium", "chromedriver")]
    why = ""
    if None in found:
        why = "chromium and chromedriver are needed: apt-get install chromium chromium-driver"
    else:
        try:
            import selenium  # noqa: F401
        except ModuleNotFoundError:
            why = "selenium is needed: make install-browser"
    if why and _PICTURES is not None:
        pytest.fail(why)
    if why:
        pytest.skip(why)
    return str(found[0]), str(found[1])


@pytest.fixture(scope="session")
def server(programs: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`ltv up` on the sample, which `ltv demo` has loaded and built."""
    folder = tmp_path_factory.mktemp("up")
    home = folder / "home"
    subprocess.run(command("demo"), env=environment(home), check=True, capture_output=True)
    server = Server(home, folder / "up.log")
    try:
        yield server
    finally:
        code = server.end()
    assert code == 0, server.said


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept."""
    return tmp_path_factory.mktemp("pictures") if _PICTURES is None else Path(_PICTURES)


@pytest.fixture(scope="session")
def window(
    programs: tuple[str, str],
    server: Server,
    pictures: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["Screen"]:
    """One browser for all tests."""
    from ltv_platform_tests.browser.screen import Screen

    screen = Screen(*programs, tmp_path_factory.mktemp("profile"), server.address, pictures)
    try:
        yield screen
    finally:
        screen.close()


@pytest.fixture
def screen(window: "Screen", request: pytest.FixtureRequest) -> Iterator["Screen"]:
    """The browser; what its console or a notice complains of in a test makes the test fail."""
    window.problems()
    yield window
    assert window.problems() == [], request.node.name


@pytest.fixture(scope="session")
def dashboards(
    programs: tuple[str, str], published_sample: Home, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """Addresses of `ltv serve` by what it shows."""
    folder = tmp_path_factory.mktemp("dashboards")
    with dashboards_of(published_sample.settings.home, folder) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def dashboard_window(
    programs: tuple[str, str],
    dashboards: Mapping[str, str],
    pictures: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["DashboardScreen"]:
    """One browser for all tests of the dashboard."""
    from ltv_platform_tests.browser.dashboard_screen import DashboardScreen

    profile = tmp_path_factory.mktemp("dashboard_profile")
    screen = DashboardScreen(*programs, profile, dashboards["sample"], pictures / "dashboard")
    try:
        yield screen
    finally:
        screen.close()


@pytest.fixture
def board(dashboard_window: "DashboardScreen", dashboards: Mapping[str, str]) -> "DashboardScreen":
    """The browser on the dashboard of the sample, in the window of a notebook."""
    dashboard_window.at(dashboards["sample"]).look(max(WIDTHS))
    dashboard_window.visit("/page.js")
    dashboard_window.problems()
    dashboard_window.requested()
    return dashboard_window
