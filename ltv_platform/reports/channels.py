"""The channel report: what channels cost and earn, and how much nine models disagree about it.

Reads the published snapshot. Figures are added up in ``templates/channels.sql.j2`` and laid out
in ``templates/channels.html.j2``.
"""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ltv_platform.parameters.attribution import MARKOV_PATH, MODELS
from ltv_platform.published.current import current_snapshot, require_snapshot
from ltv_platform.published.query import open_snapshot
from ltv_platform.reports.charts import cost_and_revenue, journey_lengths, models_by_channel
from ltv_platform.reports.pages import Reader, Table, published, render_page, write_page
from ltv_platform.reports.svg import Chart
from ltv_platform.settings import Settings


def write_channel_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or on what to do when there is none.

    Returns:
        The file, ``channels.html`` in the folder of reports; it is replaced in one step.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    snapshot = current_snapshot(settings)
    if snapshot is None:
        return write_page(settings, "channels", render_page("channels", settings, manifest=None))
    with open_snapshot(settings, snapshot) as connection:
        figures = _figures(Reader(published(connection), "channels"))
    page = render_page("channels", settings, manifest=snapshot.manifest, **figures)
    return write_page(settings, "channels", page)


def channel_overview(settings: Settings) -> Table:
    """One row per channel for the terminal, most conversions by IHC first.

    Returns:
        Column names and rows of raw values; None where a denominator is 0.

    Raises:
        UserError: nothing is published.
    """
    with open_snapshot(settings, require_snapshot(settings)) as connection:
        return Reader(published(connection), "channels").table("channel_overview")


def model_overview(settings: Settings) -> Table:
    """One row per channel, one column per model with the conversions that it credits.

    Returns:
        Column names and rows; the last column is the disagreement, (greatest − least) / mean of
        all models but markov_path.

    Raises:
        UserError: nothing is published.
    """
    with open_snapshot(settings, require_snapshot(settings)) as connection:
        models = _models(Reader(published(connection), "channels"))
    rows = [(name, *credited, spread) for name, credited, spread in models.credits]
    return ["channel_name", *models.names, "disagreement"], rows


def pending_conversions(settings: Settings) -> int:
    """Conversions that the IHC API has not scored, or rejected: figures by IHC lack them."""
    with open_snapshot(settings, require_snapshot(settings)) as connection:
        return int(Reader(published(connection), "channels").rows("totals")[0]["pending"])


def length_chart(reader: Reader, schema: str = "") -> Chart:
    """How many sessions lead to a conversion.

    Args:
        reader: Sees the tables.
        schema: What their names begin with, as in ``marts.``.
    """
    rows = reader.rows("lengths", schema)
    return journey_lengths([(row["sessions"], row["journeys"]) for row in rows])


def cost_chart(reader: Reader, schema: str = "") -> Chart:
    """What channels cost, and what IHC credits to them."""
    rows = reader.rows("costs", schema)
    return cost_and_revenue(
        [(row["channel_name"], row["cost"], row["ihc_revenue"]) for row in rows]
    )


def model_chart(reader: Reader, schema: str = "") -> Chart:
    """What each model credits to each channel."""
    models = _models(reader, schema)
    return models_by_channel(models.names, models.credits)


@dataclass(frozen=True)
class _Models:
    """What each model says of each channel.

    Attributes:
        names: The models, in one order.
        credits: Per channel, most conversions first: its name, its conversions by each model and
            the disagreement, (greatest − least) / mean of all but markov_path, which goes by the
            whole history; None where nothing is credited, and while conversions have no IHC score.
        roas: Per channel, its ROAS by each model.
    """

    names: list[str]
    credits: list[tuple[str, list[float], float | None]]
    roas: list[tuple[str, list[float | None]]]


def _models(reader: Reader, schema: str = "") -> _Models:
    models = _Models([], [], [])
    rows = reader.rows("models", MODELS, schema)
    for channel, group in groupby(rows, key=lambda row: row["channel_name"]):
        of_channel = list(group)
        models.names[:] = [row["model"] for row in of_channel]
        credited = [row["credit"] for row in of_channel]
        settled = [row["credit"] for row in of_channel if row["model"] != MARKOV_PATH]
        mean = sum(settled) / len(settled)
        # Where conversions have no score, ihc is too low and would disagree with all others.
        is_scored = not of_channel[0]["unscored"]
        spread = (max(settled) - min(settled)) / mean if mean and is_scored else None
        models.credits.append((channel, credited, spread))
        models.roas.append((channel, [row["roas"] for row in of_channel]))
    return models


def _figures(reader: Reader) -> dict[str, Any]:
    """Everything that the page shows, by the names that its template has for it."""
    models = _models(reader)
    return {
        "models": models.names,
        "credits": models.credits,
        "roas": [
            (name, values) for name, values in models.roas if any(v is not None for v in values)
        ],
        "most_credit": max((max(values) for _, values, _ in models.credits), default=0.0) or 1.0,
        "channels": reader.rows("channel_overview"),
        "totals": reader.rows("totals")[0],
        "moved": reader.rows("moved"),
        "markov": reader.rows("markov"),
        "engines": reader.rows("engines"),
        "length_chart": _drawn(length_chart(reader)),
        "cost_chart": _drawn(cost_chart(reader)),
    }


def _drawn(chart: Chart) -> Markup:
    """A chart as part of the page; it escapes names itself."""
    return Markup(chart.full)  # noqa: S704
