"""The catalogue for dbt's MetricFlow: semantic models and metrics of dbt 1.6 and later.

Each relation is a dbt model of the name that ``model: ref('…')`` says; ``ltv metric export --out``
writes its SELECT.
"""

from collections.abc import Iterator
from typing import Any

from ltv_platform.metrics.interchange.models import DAY, Model, Shared, as_yaml, models
from ltv_platform.metrics.model import Grain
from ltv_platform.settings import Settings

_HEAD = """\
# The metrics of ltv-platform for dbt's MetricFlow, by `ltv metric export --format metricflow`.
# Each model is a SELECT on the published tables; `--out DIR` writes them beside this file.
# Not here: metrics that do not add up, and states and intervals of values; `ltv metric query` and
# `ltv mcp` have them.
"""


def as_metricflow(settings: Settings) -> str:
    """The catalogue as YAML of semantic models and metrics."""
    found = models(settings)
    content = {
        "version": 2,
        "semantic_models": [_semantic_model(model) for model in found],
        "metrics": [metric for model in found for metric in _metrics(model)],
    }
    return _HEAD + as_yaml(content)


def _semantic_model(model: Model) -> dict[str, Any]:
    relation = model.relation
    finest = relation.grains[0] if relation.grains else Grain.DAY
    return {
        "name": model.name,
        "description": f"Metrics by {model.dated_by}.",
        "model": f"ref('{model.name}')",
        "defaults": {"agg_time_dimension": DAY},
        "primary_entity": f"row_of_{relation.name}",
        "dimensions": [
            {
                "name": DAY,
                "type": "time",
                "description": f"{model.dated_by.capitalize()}.",
                "type_params": {"time_granularity": str(finest)},
            },
            *(
                {"name": name, "type": "categorical", "description": f"{meaning.capitalize()}."}
                for name, meaning in model.dimensions.items()
            ),
        ],
        "measures": [
            {"name": part.name, "agg": "sum", "expr": part.expression} for part in model.sums
        ],
    }


def _metrics(model: Model) -> Iterator[dict[str, Any]]:
    for shared in model.metrics:
        yield from _metric(shared)


def _metric(shared: Shared) -> Iterator[dict[str, Any]]:
    metric = shared.metric
    named = {"name": metric.name, "label": metric.label, "description": shared.description}
    if shared.denominator is None:
        yield {**named, **_sum(shared.numerator.name)}
        return
    for part, of in ((shared.numerator, "Numerator"), (shared.denominator, "Denominator")):
        label = f"{metric.label}, {of.lower()}"
        about = {"name": part.name, "label": label, "description": f"{of} of {metric.name}."}
        yield {**about, **_sum(part.name)}
    yield {
        **named,
        "type": "ratio",
        "type_params": {
            "numerator": {"name": shared.numerator.name},
            "denominator": {"name": shared.denominator.name},
        },
    }


def _sum(measure: str) -> dict[str, Any]:
    return {"type": "simple", "type_params": {"measure": {"name": measure}}}
