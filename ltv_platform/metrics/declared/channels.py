"""Metrics of channels: what their sessions cost, and what models of attribution credit to them."""

from collections.abc import Iterator

from ltv_platform.metrics.model import Grain, Metric, Relation, Unit
from ltv_platform.parameters.attribution import MODELS

_SECTION = "docs/metrics.md#journeys-credit-and-channels"
_CHANNEL = "marketing channel, (not attributed) or (pending)"
_GROWS = "later conversions can still credit sessions of these days"

CHANNELS = Relation(
    "channels",
    {"channel": _CHANNEL, "model": "model of attribution"},
    dated_by="day of the session",
    grains=tuple(Grain),
    # A conversion is credited once by each model, so credits of several models do not add up.
    fixed={"model": "ihc"},
    closed={"model": MODELS},
)
CHANNEL_COSTS = Relation(
    "channel_costs", {"channel": _CHANNEL}, dated_by="day of the session", grains=tuple(Grain)
)


def channel_metrics() -> Iterator[Metric]:
    """The metrics of channels."""
    yield Metric(
        "channel_cost",
        "Channel cost",
        Unit.MONEY,
        "Cost of all sessions of a channel, converting or not, each once.",
        _SECTION,
        CHANNEL_COSTS,
        "cost",
    )
    yield Metric(
        "channel_conversions",
        "Credited conversions",
        Unit.COUNT,
        "Conversions that a model credits to the sessions of these days.",
        _SECTION,
        CHANNELS,
        "credit",
        final="complete",
        immature=_GROWS,
    )
    yield Metric(
        "channel_revenue",
        "Credited revenue",
        Unit.MONEY,
        "Revenue of conversions that a model credits to the sessions of these days.",
        _SECTION,
        CHANNELS,
        "credited_revenue",
        final="complete",
        immature=_GROWS,
    )
    yield Metric(
        "channel_cpo",
        "CPO",
        Unit.MONEY,
        "Cost per order: cost of all sessions / conversions credited to them.",
        _SECTION,
        CHANNELS,
        "cost",
        "credit",
        final="complete",
        immature=_GROWS,
    )
    yield Metric(
        "channel_roas",
        "Channel ROAS",
        Unit.RATIO,
        "Revenue that a model credits to the sessions of these days / their cost.",
        _SECTION,
        CHANNELS,
        "credited_revenue",
        "cost",
        final="complete",
        immature=_GROWS,
    )
