"""The channel page: costs and revenue of channels, and how much nine models disagree.

Only reads the published snapshot. Costs and credits come from the catalogue of metrics, the rest
from ``sql/queries/reports/channels/``; ``templates/channels.html.j2`` lays them out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ltv_platform.metrics import Answer, Cell
from ltv_platform.parameters.attribution import MARKOV_PATH, MODELS
from ltv_platform.published.current import require_snapshot
from ltv_platform.reports.charts import cost_and_revenue, journey_lengths, models_by_channel
from ltv_platform.reports.formats import amount
from ltv_platform.reports.last_click import Verdict, verdicts
from ltv_platform.reports.pages import Reader, Table, drawn, open_reader
from ltv_platform.reports.shell import Page, View, write_report
from ltv_platform.reports.svg import Chart
from ltv_platform.settings import Settings

_open = partial(open_reader, "channels")
#: The model of the page unless its address names one.
_IHC = "ihc"
#: Names used instead of a channel: for conversions without sessions, and without a score.
_PENDING = "(pending)"
_NO_CHANNEL = ("(not attributed)", _PENDING)


def write_channel_report(settings: Settings) -> Path:
    """Write the report on the current snapshot, or a page on what to do if there is none.

    Returns:
        The file, ``channels.html`` in the folder of reports; it is replaced atomically.

    Raises:
        UserError: the snapshot is damaged, or the file cannot be written.
    """
    return write_report(CHANNELS, settings)


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
        return int(reader.rows("pending")[0]["pending"])


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
    """

    names: list[str]
    credits: list[tuple[str, list[float], float | None]]


def _models(reader: Reader) -> _Models:
    models = _Models([], [])
    rows = reader.rows("models", models_in_order=MODELS)
    for channel, group in groupby(rows, key=lambda row: row["channel_name"]):
        of_channel = list(group)
        credited = {row["model"]: row["credit"] for row in of_channel}
        models.names[:] = list(credited)
        # While conversions have no score, ihc is too low and would disagree with all others.
        is_scored = not of_channel[0]["unscored"]
        spread = disagreement(credited) if is_scored else None
        models.credits.append((channel, list(credited.values()), spread))
    return models


def disagreement(credited: Mapping[str, float]) -> float | None:
    """(Greatest − least) / mean of a channel's credits by model, without markov_path.

    Args:
        credited: Conversions by model.

    Returns:
        0 if all models agree; None if nothing is credited.
    """
    settled = [credit for model, credit in credited.items() if model != MARKOV_PATH]
    mean = sum(settled) / len(settled) if settled else 0.0
    return (max(settled) - min(settled)) / mean if mean else None


@dataclass(frozen=True)
class _Channel:
    """A row of the tables of the page.

    Attributes:
        name: The channel.
        cells: Figures by the chosen model, by metric.
        credits: Credited conversions by model.
        roas: Its ROAS by model.
        complete_share: Share of the credited conversions on complete days; None: nothing credited.
        spread: The disagreement of the models.
        verdict: What last click credits to it, compared with the chosen model.
    """

    name: str
    cells: Mapping[str, Cell]
    credits: Mapping[str, Cell]
    roas: Mapping[str, Cell]
    complete_share: float | None
    spread: float | None
    verdict: Verdict | None

    @property
    def is_channel(self) -> bool:
        """Whether it is a channel, and not a name for conversions without one."""
        return self.name not in _NO_CHANNEL

    @property
    def has_roas(self) -> bool:
        """Whether some model gives it a ROAS, because it has a cost."""
        return self.is_channel and any(cell.value is not None for cell in self.roas.values())


_FIGURES = ("channel_conversions", "channel_revenue", "channel_cpo", "channel_roas")


def _figures(view: View) -> dict[str, Any]:
    """Everything that the page shows, by the names of its template."""
    chosen = view.filters.model or _IHC
    view = replace(view, filters=view.filters.only("start", "end", "cohorts"))
    [days] = view.reader.rows("days")
    if view.filters.cohorts == "mature" and days["last_complete_day"] is not None:
        end = min(view.filters.end or days["last_complete_day"], days["last_complete_day"])
        view = replace(view, filters=replace(view.filters, end=end))
        days["last_day"] = end
    if not days["used_days"]:
        return {"channels": []}
    everything = view.reader
    pending = int(everything.rows("pending")[0]["pending"])
    model = {"model": (chosen,)}
    credited = view.ask(*_FIGURES, by=("channel",), where=model)
    costs = view.ask("channel_cost", by=("channel",), where={})
    complete = _complete(view, model, days["last_complete_day"])
    channels = _channels(view, credited, costs, complete, chosen, is_scored=not pending)
    names = tuple(each.name for each in channels if each.is_channel)
    placed = {**model, "channel": names or ("",)}
    return {
        "days": days,
        "two_decimals": amount,
        "chosen": chosen,
        "metrics": {metric.name: metric for metric in (*credited.metrics, *costs.metrics)},
        "models": [name for name in MODELS if any(name in each.credits for each in channels)],
        "channels": channels,
        "verdicts": verdicts([each.verdict for each in channels if each.verdict is not None]),
        "totals": {
            "blended": view.ask(*_FIGURES, where=model).rows[0].cells,
            "attributed": view.ask(*_FIGURES, where=placed).rows[0].cells if names else {},
            "cost": view.ask("channel_cost", where={}).rows[0].cells,
        },
        "pending": pending,
        "relation": _relation(view),
        "moved": everything.rows("moved"),
        "markov": everything.rows("markov"),
        "engines": everything.rows("engines"),
        "length_chart": drawn(length_chart(everything)),
        "cost_chart": drawn(_cost_chart(channels)),
    }


def _complete(
    view: View, model: Mapping[str, tuple[str, ...]], last_day: date | None
) -> Mapping[str, Cell]:
    """Conversions credited to complete days, by channel."""
    if last_day is None:
        return {}
    end = min(last_day, view.filters.end or last_day)
    answer = view.ask("channel_conversions", by=("channel",), where=model, end=end)
    return {row.labels["channel"]: row.cells["channel_conversions"] for row in answer.rows}


def _channels(
    view: View,
    credited: Answer,
    costs: Answer,
    complete: Mapping[str, Cell],
    chosen: str,
    *,
    is_scored: bool,
) -> list[_Channel]:
    """The rows of the tables: channels with most conversions first, then what is not a channel."""
    metrics = ("channel_conversions", "channel_roas")
    by_model: dict[str, dict[str, Mapping[str, Cell]]] = {}
    for row in view.ask(*metrics, by=("channel", "model"), where={}).rows:
        by_model.setdefault(row.labels["channel"], {})[row.labels["model"]] = row.cells
    cost = {row.labels["channel"]: row.cells for row in costs.rows}
    channels = []
    for row in credited.rows:
        name = row.labels["channel"]
        conversions, roas = (
            {model: by_model[name][model][metric] for model in MODELS if model in by_model[name]}
            for metric in metrics
        )
        known = {model: float(cell.value or 0) for model, cell in conversions.items()}
        compares = is_scored and name not in _NO_CHANNEL
        channels.append(
            _Channel(
                name,
                {**row.cells, **cost.get(name, {})},
                conversions,
                roas,
                _share(complete.get(name), row.cells["channel_conversions"]),
                disagreement(known) if compares else None,
                Verdict.of(name, known, chosen) if compares else None,
            )
        )
    return sorted(channels, key=_order)


def _share(part: Cell | None, whole: Cell) -> float | None:
    if not whole.value:
        return None
    return float((part.value if part else None) or 0) / float(whole.value)


def _order(channel: _Channel) -> tuple[Any, ...]:
    conversions = channel.cells["channel_conversions"].value or 0
    return not channel.is_channel, -conversions, channel.name


def _cost_chart(channels: list[_Channel]) -> Chart:
    return cost_and_revenue(
        [
            (
                each.name,
                each.cells["channel_cost"].value or 0,
                each.cells["channel_revenue"].value or 0,
            )
            for each in channels
            if each.is_channel and "channel_cost" in each.cells
        ]
    )


def _relation(view: View) -> dict[str, Any]:
    """How the costs of sessions and of campaigns relate: in all, and by month."""
    metrics = ("channel_cost", "spend")
    months = view.ask(*metrics, grain="month", where={})
    return {
        "metrics": {metric.name: metric for metric in months.metrics},
        "all": view.ask(*metrics, where={}).rows[0].cells,
        "months": months.rows,
    }


CHANNELS = Page(
    "channels",
    "Channels",
    "What channels cost, what they earned, and which ones last click credits too much.",
    _figures,
    ("start", "end", "model"),
)
