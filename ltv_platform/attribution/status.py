"""What the IHC API was asked and what it said, out of the published snapshot."""

from typing import Any

from ltv_platform.rendering import render
from ltv_platform.settings import Settings
from ltv_platform.warehouse.query import query


def api_status(settings: Settings) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows: figure, count, detail; a row per reason of rejections and failures.

    Raises:
        UserError: nothing is published yet.
    """
    return query(settings, render("ihc/status.sql", settings))
