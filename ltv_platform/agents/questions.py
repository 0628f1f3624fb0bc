"""The tool that answers questions about metrics."""

from collections.abc import Mapping, Sequence

from ltv_platform.agents.answers import MetricAnswer, metric_answer
from ltv_platform.agents.arguments import MetricQuestion
from ltv_platform.agents.asking import understood
from ltv_platform.metrics import Answer, CannotAnswer, State, known_days, query
from ltv_platform.published.live import Reading
from ltv_platform.settings import Settings


def query_metric(
    settings: Settings, reading: Reading, asked: MetricQuestion
) -> tuple[MetricAnswer, str]:
    """Answer a question about metrics.

    Raises:
        CannotAnswer: the data cannot answer it; says why, and what it can answer.
    """
    read = understood(settings, reading, asked)
    answer = query(settings, reading, read.question)
    _refuse_nothing(settings, reading, answer, read.question.where)
    currency = str(reading.snapshot.manifest["currency"])
    return metric_answer(
        answer, read.question, currency, read.notes, order=asked.order, limit=asked.limit
    )


def _refuse_nothing(
    settings: Settings, reading: Reading, answer: Answer, where: Mapping[str, Sequence[str]]
) -> None:
    """Refuse a question that no row matches: an empty answer would look like a zero.

    Raises:
        CannotAnswer: says which days have rows, if any match the filters.
    """
    cells = [cell for row in answer.rows for cell in row.cells.values()]
    if any(cell.value is not None or cell.state is not State.NO_DENOMINATOR for cell in cells):
        return
    dated = [metric for metric in answer.metrics if metric.relation.dated_by]
    if not dated:
        return
    days = [known_days(settings, reading, metric, where) for metric in dated]
    found = [each for each in days if each is not None]
    if not found:
        raise CannotAnswer(
            "No rows match these filters together.", "Leave one of them out, or group by it."
        )
    first, last = min(day for day, _ in found), max(day for _, day in found)
    start, end = answer.parameters.get("start_day"), answer.parameters.get("end_day")
    if (start is not None and start > last) or (end is not None and end < first):
        raise CannotAnswer(
            f"No rows are that old or that new: {dated[0].relation.dated_by} is "
            f"{first} to {last} with these filters.",
            f"Ask for days from {first} to {last}.",
        )
