"""Pipes about channels and attribution models."""

from collections.abc import Iterator

from ltv_platform.contracts import Catalog
from ltv_platform.parameters.attribution import MODELS
from ltv_platform.pipes.declared.periods import Ratio, summed_by_period
from ltv_platform.pipes.declared.rows import period, rows_of
from ltv_platform.pipes.model import Parameter, Pipe

_CHANNEL = Parameter("channel", "String", "Marketing channel; repeatable.")
_MODEL = Parameter("model", "String", "Attribution model; repeatable.", choices=MODELS)
_START, _END = period("day of the session", days=True)
_DAYS = {_START: "date", _END: "date", _CHANNEL: "channel_name"}


def channel_pipes(catalog: Catalog) -> Iterator[Pipe]:
    """The pipes of the group."""
    yield summed_by_period(
        catalog["marts.channel_reporting"],
        _DAYS,
        "date",
        {"CPO": Ratio("cost", "ihc"), "ROAS": Ratio("ihc_revenue", "cost")},
    )
    yield summed_by_period(
        catalog["marts.channel_model_comparison"],
        {**_DAYS, _MODEL: "model"},
        "date",
        {"cpo": Ratio("cost", "credit"), "roas": Ratio("credited_revenue", "cost")},
    )
    yield rows_of(
        catalog["marts.markov_channels"],
        {
            _CHANNEL: "channel_name",
            Parameter(
                "markov_order", "UInt64", "Number of sessions the chain remembers."
            ): "markov_order",
        },
    )
