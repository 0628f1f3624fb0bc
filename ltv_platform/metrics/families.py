"""Metrics that differ in their horizon only, under one name: ``roas_dN``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ltv_platform.metrics.model import Metric

#: The horizon at the end of a name, in days or months.
_HORIZON = re.compile(r"(?<=_[dm])(\d+)$")


@dataclass(frozen=True)
class Family:
    """A metric, or metrics that differ in their horizon only.

    Attributes:
        name: The name, with N for the horizon.
        label: Its name for people, with N for the horizon.
        definition: One sentence, with N for the horizon.
        metrics: Its metrics, the shortest horizon first.
    """

    name: str
    label: str
    definition: str
    metrics: tuple[Metric, ...]


def families(catalogue: Mapping[str, Metric]) -> list[Family]:
    """The families of a catalogue, in its order."""
    members = dict[str, list[Metric]]()
    for metric in catalogue.values():
        members.setdefault(_HORIZON.sub("N", metric.name), []).append(metric)
    return [_family(name, metrics) for name, metrics in members.items()]


def _family(name: str, metrics: list[Metric]) -> Family:
    # The longest horizon: the shortest is worded in the singular.
    longest = metrics[-1]
    horizon = _HORIZON.search(longest.name)
    if horizon is None:
        return Family(name, longest.label, longest.definition, tuple(metrics))
    number = re.compile(rf"(?<!\d){horizon[0]}(?!\d)")
    return Family(
        name,
        number.sub("N", longest.label),
        number.sub("N", longest.definition),
        tuple(metrics),
    )
