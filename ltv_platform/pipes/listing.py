"""What there is to ask, for programs: pipes and their parameters, in Tinybird's shape."""

from typing import Any

from ltv_platform.pipes.clickhouse import type_name
from ltv_platform.pipes.model import Parameter, Pipe


def described(pipe: Pipe, url: str) -> dict[str, Any]:
    """A pipe as one object.

    Args:
        pipe: The pipe.
        url: Where it is asked.
    """
    node = {
        "id": pipe.name,
        "name": "endpoint",
        "node_type": "endpoint",
        "description": pipe.description,
        "params": [_parameter(parameter) for parameter in pipe.all_parameters],
        "columns": [
            {"name": c.name, "type": type_name(c), "description": c.description}
            for c in pipe.columns
        ],
    }
    return {
        "id": pipe.name,
        "name": pipe.name,
        "type": "endpoint",
        "description": " ".join(filter(None, (pipe.description, pipe.notes))),
        "endpoint": pipe.name,
        "nodes": [node],
        "url": url,
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "type": parameter.type,
        "description": parameter.description,
        "required": False,
    }
    if parameter.default is not None:
        described["default"] = parameter.default
    if parameter.choices:
        described["enum"] = list(parameter.choices)
    return described
