"""The catalogue in the formats of semantic layers.

A metric becomes sums over a SELECT, and a ratio of two of them. What these formats cannot say stays
in the catalogue: the state of a value, its coverage, its interval, and metrics that do not add up.
"""

from ltv_platform.metrics.interchange.metricflow import as_metricflow
from ltv_platform.metrics.interchange.models import selects
from ltv_platform.metrics.interchange.osi import as_osi

__all__ = ["as_metricflow", "as_osi", "selects"]
