"""Requests to the IHC API and their results, from the published snapshot."""

from typing import Any

from ltv_platform.published.current import require_snapshot
from ltv_platform.published.query import query
from ltv_platform.published.snapshot import attribution_manifest
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render


def api_status(settings: Settings) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows (figure, count, detail), with a row per reason of rejections and failures.

    Raises:
        UserError: nothing is published yet.
    """
    return query(settings, render("queries/ihc/status.sql", settings))


def other_settings(settings: Settings) -> str:
    """How the snapshot was scored differently from the current settings; empty if it was not.

    Raises:
        UserError: nothing is published yet.
    """
    now = attribution_manifest(settings)
    # Manifests of earlier versions lack it; `ltv run` publishes again.
    then = require_snapshot(settings).manifest.get("attribution")
    if then is None:
        return "The snapshot does not say how it was scored; `ltv run` publishes a new one."
    if then["engine"] != now["engine"]:
        return (
            f"The snapshot was scored with engine {then['engine']}, but the settings now name "
            f"{now['engine']}: `ltv run` scores it again."
        )
    if now["engine"] == "api" and then["request_hash"] != now["request_hash"]:
        return (
            "The snapshot was scored under a different LTV_IHC_CONVERSION_TYPE or "
            "LTV_IHC_REDISTRIBUTION: `ltv run` requests the missing scores."
        )
    return ""
