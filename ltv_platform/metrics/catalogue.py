"""The catalogue: every metric by name, for some settings."""

from collections.abc import Mapping
from functools import lru_cache

from ltv_platform.metrics.declared.campaigns import campaign_metrics
from ltv_platform.metrics.declared.channels import channel_metrics
from ltv_platform.metrics.declared.customers import customer_metrics
from ltv_platform.metrics.declared.days import daily_metrics
from ltv_platform.metrics.declared.forecasts import forecast_metrics
from ltv_platform.metrics.model import Metric
from ltv_platform.settings import Settings


def catalogue(settings: Settings) -> Mapping[str, Metric]:
    """Every metric by name, in the order of subjects; horizons follow the settings."""
    return _catalogue(settings.horizons, settings.forecast_horizons)


@lru_cache(maxsize=8)
def _catalogue(
    horizons: tuple[int, ...], forecast_horizons: tuple[int, ...]
) -> Mapping[str, Metric]:
    metrics = [
        *campaign_metrics(horizons),
        *forecast_metrics(horizons, forecast_horizons),
        *daily_metrics(),
        *channel_metrics(),
        *customer_metrics(),
    ]
    return {metric.name: metric for metric in metrics}
