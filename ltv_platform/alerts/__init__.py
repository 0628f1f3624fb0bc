"""Alerts: what people must know, told once, to a webhook that takes Slack's messages.

``kinds`` says what can happen, ``message`` how it is said, ``book`` what is open and what waits,
``webhook`` how it is sent, ``alerts`` brings them together. Nothing here knows Dagster.
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
