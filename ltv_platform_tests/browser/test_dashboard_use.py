"""Using the dashboard: with and without script, by keyboard alone, on paper; how soon it shows."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ltv_platform_tests.browser.dashboards import PATHS, WIDTHS

if TYPE_CHECKING:
    from ltv_platform_tests.browser.dashboard_screen import DashboardScreen, Focus

pytestmark = pytest.mark.browser
#: More than the largest page has.
_MOST_STOPS = 600
_FILTERED = "/campaigns?country=US&grain=month"


def _stops(board: "DashboardScreen") -> Iterator["Focus"]:
    """What Tab reaches one after another, until it leaves the page."""
    for _ in range(_MOST_STOPS):
        focus = board.tab()
        if focus is None:
            return
        yield focus
    raise AssertionError(f"Tab does not leave the page after {_MOST_STOPS} stops")


@pytest.mark.parametrize("page", PATHS)
def test_without_script_every_page_shows_its_figures(board: "DashboardScreen", page: str) -> None:
    """The script only swaps; what it would show is there without it."""
    board.visit(PATHS[page])
    expected, words = board.values(), board.text
    board.look(max(WIDTHS), script=False)
    assert board.visit(PATHS[page]) == words
    assert board.values() == expected


def test_without_script_filters_work(board: "DashboardScreen") -> None:
    """The form is sent by its button, and the page then says what it shows in its address."""
    board.look(max(WIDTHS), script=False)
    board.visit("/campaigns")
    everything = board.values()
    board.choose("country", "US")
    board.choose("grain", "month")
    board.click("//form//button")
    board.wait(lambda: "country=US" in board.address, "the filtered page")
    assert "grain=month" in board.address
    filtered = board.values()
    assert filtered != everything
    board.visit(_FILTERED)
    assert board.values() == filtered


def test_with_script_a_filter_swaps_the_figures(board: "DashboardScreen") -> None:
    """At once, without loading the page again; the address follows, and Back leads back."""
    board.visit("/campaigns?grain=month")
    everything = board.values()
    board.evaluate("window.stillHere = true")
    board.choose("country", "US")
    board.wait(lambda: "country=US" in board.address, "the address")
    board.wait(lambda: board.values() != everything, "the filtered figures")
    filtered = board.values()
    assert board.evaluate("return window.stillHere") is True
    focus = board.focus
    assert focus is not None
    assert focus.field == "country"
    board.back()
    board.wait(lambda: board.values() == everything, "the figures of all countries")
    assert "country=US" not in board.address
    board.visit(_FILTERED)
    assert board.values() == filtered
    assert board.problems() == []


@pytest.mark.parametrize("page", PATHS)
def test_the_keyboard_reaches_everything(board: "DashboardScreen", page: str) -> None:
    """In the order of the page, each time with something visible around it."""
    board.visit(PATHS[page])
    stops = list(_stops(board))
    assert stops[0].address == "#main", "first, a link that skips the navigation"
    assert len([one for one in stops if one.tag == "a"]) >= len(PATHS)
    numbers = [one.number for one in stops]
    assert numbers == sorted(numbers)
    seen = {one.number for one in stops}
    wanted = board.evaluate(
        """
        const all = [...document.querySelectorAll('*')];
        return [...document.querySelectorAll('a[href], button, select, input, summary')]
          .filter(one => one.checkVisibility() && one.type !== 'hidden')
          .map(one => [all.indexOf(one), one.outerHTML.slice(0, 120)])
        """
    )
    assert [html for number, html in wanted if number not in seen] == []
    # The parts of a date share its element; the last one, its calendar, has a ring of its own.
    outlined = {one.number for one in stops if one.outlined}
    assert [one for one in stops if one.number not in outlined] == []
    assert [one for one in stops if not one.inside] == []


def test_the_first_link_skips_the_navigation(board: "DashboardScreen") -> None:
    """After it, Tab goes on with the figures."""
    board.visit("/campaigns")
    board.tab()
    board.enter()
    assert board.evaluate("return document.activeElement.id") == "main"
    following = board.tab()
    assert following is not None
    assert following.tag != "a" or not following.address.endswith("channels")


def test_the_keyboard_opens_what_a_figure_means(board: "DashboardScreen") -> None:
    """Definitions are behind each figure, for everybody."""
    board.visit("/campaigns")
    stop = next(one for one in _stops(board) if one.tag == "summary")
    assert stop.name == "What is this?"
    before = board.count("details[open]")
    board.enter()
    assert board.count("details[open]") == before + 1


def test_the_keyboard_filters(board: "DashboardScreen") -> None:
    """A choice by its first letter; the focus stays where it was."""
    board.visit("/campaigns")
    everything = board.values()
    next(one for one in _stops(board) if one.field == "country")
    board.press("U")
    board.wait(lambda: "country=US" in board.address, "the filtered page")
    board.wait(lambda: board.values() != everything, "the filtered figures")
    focus = board.focus
    assert focus is not None
    assert focus.field == "country"


@pytest.mark.parametrize("page", PATHS)
def test_a_page_can_be_printed(board: "DashboardScreen", page: str) -> None:
    """A PDF that the browser itself opens again; how many pages it has is printed."""
    board.visit(PATHS[page])
    printed = board.printed()
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    print(f"{page}: {pages} pages of paper")  # noqa: T201
    assert pages


def test_how_soon_pages_show_something(board: "DashboardScreen") -> None:
    """Seconds to the first content, first and again: printed, as the machine may be busy."""
    for page, path in PATHS.items():
        address = f"{path}?from=2026-01-01"
        board.visit(address)
        first = board.seconds_to_content()
        board.visit(address)
        again = board.seconds_to_content()
        print(f"{page}: {first:.3f} s, again {again:.3f} s")  # noqa: T201
        assert first > 0
