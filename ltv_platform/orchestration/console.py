"""What runs print: their events are in the UI, the console gets what people must know."""

from collections.abc import Mapping
from typing import Any

import dagster as dg


@dg.configured(
    dg.colored_console_logger,
    config_schema={"log_level": dg.Field(str, default_value="WARNING")},
)
def console(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Dagster's console, from warnings on instead of every event."""
    return config


#: The configuration that a job begins with. Without it Dagster does not use its loggers at all,
#: but prints every event of a run.
QUIET = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}
