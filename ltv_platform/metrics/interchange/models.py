"""What the formats share: the SELECT of each relation, and the columns that metrics add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ltv_platform.contracts.ddl import literal
from ltv_platform.metrics.catalogue import catalogue
from ltv_platform.metrics.model import Metric, Relation
from ltv_platform.settings import Settings
from ltv_platform.tables.rendering import render

#: The column with the day of a row; semantic layers reserve the name "day".
DAY = "counted_on"


@dataclass(frozen=True)
class Sum:
    """A column that is added up.

    Attributes:
        name: Its name.
        expression: SQL over one row of the relation; NULL if the row does not count.
    """

    name: str
    expression: str


@dataclass(frozen=True)
class Shared:
    """A metric as its sums.

    Attributes:
        metric: The metric.
        numerator: The upper part, or the metric itself if it is a sum.
        denominator: The lower part; None: it is a sum.
    """

    metric: Metric
    numerator: Sum
    denominator: Sum | None

    @property
    def description(self) -> str:
        """The definition, and what the format cannot say."""
        said = [self.metric.definition]
        if self.metric.immature:
            said.append(f"Not final, or left out: {self.metric.immature}.")
        if self.metric.predicted:
            said.append("Contains a forecast.")
        if self.metric.paid:
            said.append("Of campaigns with any spend.")
        said += [f"Only {name} = {value}." for name, value in self.metric.relation.fixed.items()]
        return " ".join(said)


@dataclass(frozen=True)
class Model:
    """A relation with its metrics.

    Attributes:
        relation: The relation.
        metrics: Its metrics that add up.
    """

    relation: Relation
    metrics: tuple[Shared, ...]

    @property
    def name(self) -> str:
        """The name of the dbt model or the dataset."""
        return f"ltv_{self.relation.name}"

    @property
    def dated_by(self) -> str:
        """What the day of a row is."""
        return self.relation.dated_by or "last day of the figures"

    @property
    def dimensions(self) -> Mapping[str, str]:
        """Dimensions with their meaning, without those that have one value here."""
        return {
            name: meaning
            for name, meaning in self.relation.dimensions.items()
            if name not in self.relation.fixed
        }

    @property
    def sums(self) -> tuple[Sum, ...]:
        """All columns that are added up."""
        parts = [part for one in self.metrics for part in (one.numerator, one.denominator)]
        return tuple(part for part in parts if part is not None)


def models(settings: Settings) -> list[Model]:
    """The relations with the metrics that add up, in the order of the catalogue."""
    found = dict[str, list[Metric]]()
    for metric in catalogue(settings).values():
        if metric.additive:
            found.setdefault(metric.relation.name, []).append(metric)
    return [
        Model(metrics[0].relation, tuple(_shared(metric) for metric in metrics))
        for metrics in found.values()
    ]


def _shared(metric: Metric) -> Shared:
    # Sums over several values of a fixed dimension mean nothing, and layers would make them.
    counts = [f"{name} = {literal(value)}" for name, value in metric.relation.fixed.items()]
    if metric.counts != "TRUE":
        counts.append(f"({metric.counts})")
    if metric.paid:
        counts.append("paid")

    def part(name: str, expression: str) -> Sum:
        if not counts:
            return Sum(name, expression)
        return Sum(name, f"CASE WHEN {' AND '.join(counts)} THEN {expression} END")

    if metric.denominator is None:
        return Shared(metric, part(metric.name, metric.numerator), None)
    return Shared(
        metric,
        part(f"{metric.name}_numerator", metric.numerator),
        part(f"{metric.name}_denominator", metric.denominator),
    )


def selects(settings: Settings) -> Mapping[str, str]:
    """The SELECT of each model by name, on the published tables."""
    return {model.name: select_of(settings, model) for model in models(settings)}


def select_of(settings: Settings, model: Model) -> str:
    """A relation with the day under its name for layers, and with who is paid."""
    # A relation without days is known as of the last day of the figures.
    day = "day" if model.relation.dated_by else "(SELECT MAX(as_of) FROM built)"
    columns = [f"{day} AS {DAY}"]
    if any(one.metric.paid for one in model.metrics):
        columns.append("COALESCE(SUM(spend) OVER (PARTITION BY campaign), 0) <> 0 AS paid")
    text = render(f"queries/metrics/{model.relation.name}.sql", settings).strip()
    return f"SELECT *, {', '.join(columns)}\nFROM (\n{text}\n) AS relation"


def _text(dumper: Any, text: str) -> Any:
    """Texts of several lines are written as they are."""
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


#: Of its own, so that other users of the library keep theirs.
_DUMPER: Any = type("_Dumper", (yaml.SafeDumper,), {})
_DUMPER.add_representer(str, _text)


def as_yaml(content: Mapping[str, Any]) -> str:
    """A document as YAML."""
    return str(yaml.dump(content, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100))
