"""What runs print: their events are in the UI, the console gets what people must know."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.execution import context_creation_job

_LEVEL = "WARNING"


@dg.configured(
    dg.colored_console_logger,
    config_schema={"log_level": dg.Field(str, default_value=_LEVEL)},
)
def console(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Dagster's console, from warnings on instead of every event."""
    return config


def quieten_runs() -> None:
    """Have runs print from warnings on, where neither they nor dagster.yaml ask for more.

    Single-run backfills and windows that reach past the last partition are beta, tried and
    wanted: Dagster's warnings of these are left out, too.

    A run takes the loggers of its job only if its own configuration names them. Runs that sensors
    and the UI start name none, and Dagster's stand-in for them prints every event: a hundred
    lines, in which a rejected file drowns. No setting of Dagster's lowers that alone:
    ``python_log_level`` keeps lines out of the UI as well.
    """
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    context_creation_job.default_system_loggers = _stand_in  # type: ignore[attr-defined]


def _stand_in(
    instance: dg.DagsterInstance | None,
) -> Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]:
    level = (instance and instance.python_log_level) or _LEVEL
    return [(dg.colored_console_logger, {"name": "dagster", "log_level": level})]
