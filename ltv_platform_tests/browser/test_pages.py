"""The content of the pages of a home that `ltv demo` has filled."""

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ltv_platform_tests.browser.screen import Screen

pytestmark = pytest.mark.browser

_GROUPS = ("sources", "core", "campaigns", "attribution", "customers", "forecasts", "publish")


def test_the_asset_graph_shows_the_groups_and_their_tables(screen: "Screen") -> None:
    """ARCHITECTURE.md: files, raw log, core, marts, published snapshot, from left to right."""
    screen.open("/asset-groups", *_GROUPS)
    screen.picture("asset_graph")
    text = screen.open("/locations/ltv-platform/asset-groups/core/lineage", "1 / 1 Passed")
    screen.picture("asset_graph_of_core")
    assert "698 partitions" in text
    assert "100% filled" in text


def test_an_asset_page_says_what_the_table_is(screen: "Screen") -> None:
    """Description, figures and the columns with meaning and origin."""
    text = screen.open("/assets/marts/channel_reporting", "ihc_revenue", "rows_written")
    screen.picture("asset_page")
    for words in (
        "One row per channel and day of the session. Does the channel earn its cost?",
        "Key: channel_name, date.",
        "Revenue credited, in base currency. Computed from marts.attribution.revenue.",
        "DECIMAL(38,6)",
        "non-nullable",
        "growth-data",
    ):
        assert words in text, words
    figures = text.split()
    for name, value in (("days_written", "698"), ("as_of", "2026-11-29")):
        # Between them stands when it was written.
        assert value in figures[figures.index(name) :][:7], name


def test_an_asset_page_shows_the_chart(screen: "Screen") -> None:
    """The small chart is drawn next to the figures, large enough to be seen; a click opens it."""
    screen.open("/assets/marts/channel_reporting", "cost_and_revenue", "[Show Markdown]")
    screen.wait(screen.images, "the chart")
    screen.show("//img[starts-with(@src, 'data:image/svg')]")
    screen.picture("inline_chart")
    [(width, height)] = screen.images()
    assert (width, height) >= (300, 100)
    screen.click("//*[text()='[Show Markdown]']")
    screen.wait(lambda: len(screen.images()) > 1, "the full chart")
    time.sleep(1)  # it fades in
    screen.picture("full_chart")
    assert screen.images()[-1][0] > 400


def test_the_checks_of_a_table_and_what_they_saw(screen: "Screen") -> None:
    """A check that passed, by its figures, and what it means for publishing when it fails."""
    text = screen.open("/assets/marts/channel_reporting?view=checks", "Checks (2)", "Passed")
    screen.picture("checks")
    assert "channels_reconcile" in text
    assert "Blocks publishing" in text
    text = screen.open(
        "/assets/core/waiting_for_customer?view=checks&checkDetail=customers_are_known", "Failed"
    )
    screen.picture("check_that_warns")
    assert "6 transactions wait for their customers: load these into customers" in text


def test_a_check_can_be_executed_alone(screen: "Screen") -> None:
    """Regression: Execute turned a passed check into a skipped one."""
    screen.open("/assets/marts/campaign_ltv?view=checks", "unique_key", "Passed")
    screen.click("//button[contains(., 'Execute all')]")
    screen.wait_for("In Progress")
    screen.wait(lambda: "In Progress" not in screen.text, "the check's end", seconds=90)
    screen.picture("check_executed")
    assert "Skipped" not in screen.text
    assert "Passed" in screen.text


def test_what_starts_by_itself_is_on(screen: "Screen") -> None:
    """docs/operations.md, "What starts by itself": all of it starts with the server."""
    names = ("daily_maintenance", "failed_runs", "landing", "refresh", "succeeded_runs")
    screen.open("/automation", *names)
    screen.picture("automation")
    text = screen.open("/locations/ltv-platform/sensors/landing", "0 runs requested")
    screen.picture("landing_sensor")
    assert "Looks for complete files in landing/ and requests one run" in text


def test_the_run_of_the_demo_says_what_each_table_took(screen: "Screen") -> None:
    """One step per group, and a line of log per table: days, rows, seconds."""
    screen.open("/runs", "refresh", "Success")
    screen.picture("runs")
    screen.click("(//a[contains(@href, '/runs/')][contains(., '')])[last()]")
    screen.wait_for("RUN_SUCCESS", *_GROUPS)
    screen.write("//input[@placeholder='Filter…']", "core.transactions:")
    screen.wait_for("core.transactions: 698 days, 7,280 rows")
    screen.picture("run_of_the_demo")
