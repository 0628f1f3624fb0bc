"""Every setting of the platform: one typed class, one environment variable each.

``fields`` declares them with the types of ``values``, ``home`` the paths under LTV_HOME; ``load``
reads the environment and says which values are wrong; ``page`` renders docs/settings.md.
"""

from ltv_platform.settings.fields import API_KEY
from ltv_platform.settings.load import (
    FORECAST_ORIGINS,
    SUMMARY_HORIZON,
    Settings,
    load_settings,
    variable_name,
)

__all__ = [
    "API_KEY",
    "FORECAST_ORIGINS",
    "SUMMARY_HORIZON",
    "Settings",
    "load_settings",
    "variable_name",
]
