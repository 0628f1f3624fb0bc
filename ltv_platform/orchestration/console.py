"""Console output of runs: all events are in the UI, the console only gets warnings and errors."""

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
    """Dagster's console logger, at level WARNING."""
    return config


def quieten_runs() -> None:
    """Make runs print only warnings and errors, unless they or dagster.yaml ask for more.

    Dagster's beta warnings about single-run backfills and windows past the last partition are
    silenced: both are used on purpose.

    A run uses the loggers of its job only if its own configuration names them. Runs started by
    sensors and the UI name none, and Dagster's default logger prints every event: a hundred lines,
    in which a rejected file is easily missed. No Dagster setting changes only that:
    ``python_log_level`` keeps lines out of the UI as well.
    """
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    context_creation_job.default_system_loggers = _stand_in  # type: ignore[attr-defined]


def _stand_in(
    instance: dg.DagsterInstance | None,
) -> Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]:
    level = (instance and instance.python_log_level) or _LEVEL
    return [(dg.colored_console_logger, {"name": "dagster", "log_level": level})]
