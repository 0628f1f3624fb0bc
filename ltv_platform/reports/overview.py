"""The first page: which campaigns pay back, which to stop, what changed, and what is missing."""

from typing import Any

from ltv_platform.reports.shell import Page, View


def _figures(view: View) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
    return {}


OVERVIEW = Page(
    "overview",
    "Overview",
    "Which campaigns pay back, which to stop, what changed and what is missing.",
    _figures,
)
