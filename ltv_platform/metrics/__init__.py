"""The catalogue of metrics, and questions to it.

A metric is declared once (``declared/``); the CLI, the API, the pages and agents ask :func:`query`
and nothing else, so they cannot show different figures.
"""

from ltv_platform.metrics.answer import Answer, AnswerRow, Cell
from ltv_platform.metrics.catalogue import catalogue
from ltv_platform.metrics.families import Family, families
from ltv_platform.metrics.model import CannotAnswer, Grain, Metric, State, Unit
from ltv_platform.metrics.querying import dimension_values, known_days, query
from ltv_platform.metrics.question import Question

__all__ = [
    "Answer",
    "AnswerRow",
    "CannotAnswer",
    "Cell",
    "Family",
    "Grain",
    "Metric",
    "Question",
    "State",
    "Unit",
    "catalogue",
    "dimension_values",
    "families",
    "known_days",
    "query",
]
