"""Asks the catalogue about a home, as the CLI and the API do."""

from typing import Any

from ltv_platform.metrics import Answer, Cell, Question, query
from ltv_platform.published.live import LiveSnapshot
from ltv_platform_tests.testing.home import Home


def ask(home: Home, *metrics: str, **question: Any) -> Answer:
    """The answer to a question; see :class:`ltv_platform.metrics.Question`."""
    live = LiveSnapshot(home.settings)
    try:
        with live.reading() as reading:
            return query(home.settings, reading, Question(metrics, **question))
    finally:
        live.close()


def cells(home: Home, metric: str, **question: Any) -> dict[Any, Cell]:
    """The cells of one metric by period and labels; bare where there is one of them."""
    found = {}
    for row in ask(home, metric, **question).rows:
        key = (*([row.period] if row.period else []), *row.labels.values())
        found[key[0] if len(key) == 1 else key] = row.cells[metric]
    return found


def values(home: Home, metric: str, **question: Any) -> dict[Any, Any]:
    """The values of one metric, like :func:`cells`."""
    return {key: cell.value for key, cell in cells(home, metric, **question).items()}
