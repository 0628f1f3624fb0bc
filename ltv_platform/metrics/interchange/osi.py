"""The catalogue in the Open Semantic Interchange format (Apache Ossie), core specification 0.1.1.

A dataset is the SELECT of a relation on the published tables.
"""

import json
from typing import Any

from ltv_platform.metrics.interchange.models import (
    DAY,
    Model,
    Shared,
    Sum,
    as_yaml,
    models,
    select_of,
)
from ltv_platform.settings import Settings

#: The released version of the specification; 0.2.0 is a draft.
VERSION = "0.1.1"
_HEAD = """\
# The metrics of ltv-platform in the Open Semantic Interchange format, version 0.1.1, written by
# `ltv metric export --format osi`. Not here: metrics that do not add up, and states and intervals
# of values; `ltv metric query` and `ltv mcp` have them.
"""
_INSTRUCTIONS = (
    "Ratios are ratios of sums: never average them. Values leave out what is immature, so a recent "
    "period can be incomplete; the description of each metric says what makes it so."
)


def as_osi(settings: Settings) -> str:
    """The catalogue as YAML of one semantic model."""
    found = models(settings)
    content = {
        "version": VERSION,
        "semantic_model": [
            {
                "name": "ltv_platform",
                "description": "Customer lifetime value, ROAS and attribution.",
                "ai_context": {"instructions": _INSTRUCTIONS},
                "datasets": [_dataset(settings, model) for model in found],
                "metrics": [_metric(model, shared) for model in found for shared in model.metrics],
            }
        ],
    }
    return _HEAD + as_yaml(content)


def _dataset(settings: Settings, model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "source": select_of(settings, model),
        "description": f"Metrics by {model.dated_by}.",
        "fields": [
            _field(DAY, DAY, f"{model.dated_by.capitalize()}.", is_time=True),
            *(
                _field(name, name, f"{meaning.capitalize()}.", is_time=False)
                for name, meaning in model.dimensions.items()
            ),
            *(_summed(part) for part in model.sums),
        ],
    }


def _field(name: str, sql: str, description: str, *, is_time: bool) -> dict[str, Any]:
    return {
        "name": name,
        "expression": _expression(sql),
        "dimension": {"is_time": is_time},
        "description": description,
    }


def _summed(part: Sum) -> dict[str, Any]:
    return {
        "name": part.name,
        "expression": _expression(part.expression),
        "description": "Is added up; empty if the row does not count.",
    }


def _metric(model: Model, shared: Shared) -> dict[str, Any]:
    metric = shared.metric
    sql = f"SUM({model.name}.{shared.numerator.name})"
    if shared.denominator is not None:
        sql = (
            f"CAST({sql} AS DOUBLE PRECISION) / "
            f"NULLIF(SUM({model.name}.{shared.denominator.name}), 0)"
        )
    about = {
        "label": metric.label,
        "unit": str(metric.unit),
        "documentation": metric.link,
        "predicted": metric.predicted,
        "only": dict(metric.relation.fixed),
    }
    return {
        "name": metric.name,
        "expression": _expression(sql),
        "description": shared.description,
        "ai_context": {"synonyms": [metric.label]},
        "custom_extensions": [{"vendor_name": "COMMON", "data": json.dumps(about)}],
    }


def _expression(sql: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": sql}]}
