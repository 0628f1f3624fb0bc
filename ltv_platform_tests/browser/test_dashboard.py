"""Every page of the dashboard: on a phone and a notebook, light and dark, in all its states.

What a screen reader, a keyboard or a narrow window would stumble over is asserted; pictures of
everything are kept.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from ltv_platform_tests.browser.dashboards import PATHS, SCHEMES, WIDTHS

if TYPE_CHECKING:
    from ltv_platform_tests.browser.dashboard_screen import DashboardScreen

pytestmark = pytest.mark.browser
#: Other pages of the server.
_OTHERS = {"documentation": "/docs", "sign_in": "/sign-in"}


def _is_fine(board: "DashboardScreen", address: str, path: str, picture: str) -> None:
    """Look at a page in every width and scheme."""
    board.at(address)
    for width in WIDTHS:
        for scheme in SCHEMES:
            board.look(width, scheme)
            text = board.visit(path)
            board.full_picture(f"{picture}_{width}_{scheme}")
            assert text.strip(), picture
            assert board.overflow() <= 0, f"{picture} is too wide at {width} px"
            assert board.faults() == [], f"{picture} at {width} px, {scheme}"
    elsewhere = {one for one in board.requested() if not one.startswith(f"{address}/")}
    assert elsewhere == set(), picture


@pytest.mark.parametrize("page", PATHS)
def test_a_page_with_data(
    board: "DashboardScreen",
    dashboards: Mapping[str, str],
    page: str,
) -> None:
    """docs/dashboard.md: nothing leaves the machine, nothing needs a wide window."""
    _is_fine(board, dashboards["sample"], PATHS[page], page)
    assert board.problems() == []
    assert board.count("main h1") == 1
    if page != "data":
        assert board.values()


@pytest.mark.parametrize("page", PATHS)
def test_a_page_without_data(
    board: "DashboardScreen",
    dashboards: Mapping[str, str],
    page: str,
) -> None:
    """Before the first publication, each page says what to do."""
    _is_fine(board, dashboards["nothing"], PATHS[page], f"{page}_nothing")
    assert board.problems() == []
    assert "Nothing is published" in board.text
    assert "ltv run" in board.text


@pytest.mark.parametrize("page", PATHS)
def test_a_page_of_a_damaged_snapshot(
    board: "DashboardScreen",
    dashboards: Mapping[str, str],
    page: str,
) -> None:
    """Each page says what happened, and leads to the others."""
    _is_fine(board, dashboards["damaged"], PATHS[page], f"{page}_damaged")
    assert "cannot be read" in board.text
    assert "ltv run" in board.text
    assert board.count("nav a[href]") >= len(PATHS) - 1


@pytest.mark.parametrize("page", _OTHERS)
def test_other_pages(
    board: "DashboardScreen",
    dashboards: Mapping[str, str],
    page: str,
) -> None:
    """The documentation, and the page that asks for a token."""
    _is_fine(board, dashboards["closed"], _OTHERS[page], page)
    assert [one for one in board.problems() if "403" not in one] == []
