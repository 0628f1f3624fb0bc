"""Alerts: what people must know, sent once, to a webhook that accepts Slack messages.

``kinds`` defines what can happen, ``message`` its wording, ``book`` keeps open alerts and the
outbox, ``webhook`` sends, ``alerts`` brings them together. Nothing here knows Dagster.
"""

from ltv_platform.alerts.alerts import Alerts
from ltv_platform.alerts.kinds import (
    Alert,
    CheckFailed,
    FileRejected,
    RetriesExhausted,
    RunFailed,
    SensorFailed,
    StaleData,
)

__all__ = [
    "Alert",
    "Alerts",
    "CheckFailed",
    "FileRejected",
    "RetriesExhausted",
    "RunFailed",
    "SensorFailed",
    "StaleData",
]
