"""The channel report: costs and revenue of channels, and how much nine models disagree.

Only reads the published snapshot. Figures are computed in ``sql/queries/reports/channels/`` and
laid out in ``templates/channels.html.j2``.
"""

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ltv_platform.parameters.attribution import MARKOV_PATH, MODELS
from ltv_platform.published.current import require_snapshot
from ltv_platform.reports.charts import cost_and_revenue, journey_lengths, models_by_channel
from ltv_platform.reports.pages import Reader, Table, drawn, open_reader, write_page
from ltv_platform.reports.svg import Chart
from ltv_platform.settings import Settings

_open = partial(open_reader, "channels")


def write_channel_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or a page on what to do if there is none.

    Returns:
        The file, ``channels.html`` in the folder of reports; it is replaced atomically.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    return write_page("channels", settings, _open, _figures)


def channel_overview(settings: Settings) -> Table:
    """One row per channel for the terminal, most conversions by IHC first.

    Returns:
        Column names and rows of raw values; None if a denominator is 0.

    Raises:
        UserError: nothing is published.
    """
    with _open(settings, require_snapshot(settings)) as reader:
        return reader.table("channel_overview")


def model_overview(settings: Settings) -> Table:
    """One row per channel, one column per model with its credited conversions.

    Returns:
        Column names and rows; the last column is the disagreement, (greatest − least) / mean of
        all models except markov_path.

    Raises:
        UserError: nothing is published.
    """
    with _open(settings, require_snapshot(settings)) as reader:
        models = _models(reader)
    rows = [(name, *credited, spread) for name, credited, spread in models.credits]
    return ["channel_name", *models.names, "disagreement"], rows


def pending_conversions(settings: Settings) -> int:
    """The number of conversions without an IHC score: not scored by the API yet, or rejected."""
    with _open(settings, require_snapshot(settings)) as reader:
        return int(reader.rows("totals")[0]["pending"])


def length_chart(reader: Reader) -> Chart:
    """A chart of the number of sessions before a conversion."""
    rows = reader.rows("lengths")
    return journey_lengths([(row["sessions"], row["journeys"]) for row in rows])


def cost_chart(reader: Reader) -> Chart:
    """A chart of the costs of channels, and the revenue that IHC credits to them."""
    rows = reader.rows("costs")
    return cost_and_revenue(
        [(row["channel_name"], row["cost"], row["ihc_revenue"]) for row in rows]
    )


def model_chart(reader: Reader) -> Chart:
    """A chart of the credit of each model for each channel."""
    models = _models(reader)
    return models_by_channel(models.names, models.credits)


@dataclass(frozen=True)
class _Models:
    """The credit of each model for each channel.

    Attributes:
        names: The models, in one order.
        credits: Per channel, most conversions first: its name, its conversions by each model and
            the disagreement, (greatest − least) / mean of all except markov_path, which is based on
            the whole history; None if nothing is credited, and while conversions have no IHC score.
        roas: Per channel, its ROAS by each model.
    """

    names: list[str]
    credits: list[tuple[str, list[float], float | None]]
    roas: list[tuple[str, list[float | None]]]


def _models(reader: Reader) -> _Models:
    models = _Models([], [], [])
    rows = reader.rows("models", models_in_order=MODELS)
    for channel, group in groupby(rows, key=lambda row: row["channel_name"]):
        of_channel = list(group)
        models.names[:] = [row["model"] for row in of_channel]
        credited = [row["credit"] for row in of_channel]
        settled = [row["credit"] for row in of_channel if row["model"] != MARKOV_PATH]
        mean = sum(settled) / len(settled)
        # While conversions have no score, ihc is too low and would disagree with all others.
        is_scored = not of_channel[0]["unscored"]
        spread = (max(settled) - min(settled)) / mean if mean and is_scored else None
        models.credits.append((channel, credited, spread))
        models.roas.append((channel, [row["roas"] for row in of_channel]))
    return models


def _figures(reader: Reader) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
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
        "length_chart": drawn(length_chart(reader)),
        "cost_chart": drawn(cost_chart(reader)),
    }
