"""From what an agent asks to a question of the catalogue: names as the data spells them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ltv_platform.agents.arguments import MetricQuestion
from ltv_platform.agents.texts import quoted
from ltv_platform.contracts import build_catalog
from ltv_platform.countries import country_of
from ltv_platform.metrics import (
    CannotAnswer,
    Grain,
    Metric,
    Question,
    catalogue,
    dimension_values,
)
from ltv_platform.published.live import Reading
from ltv_platform.settings import Settings

#: What other tools call our dimensions.
_DIMENSIONS = {
    "campaign_id": "campaign",
    "campaign_name": "campaign",
    "channel_name": "channel",
    "country_code": "country",
    "attribution_model": "model",
    "source": "media_source",
    "network": "media_source",
}
_PERIODS = {"day": Grain.DAY, "date": Grain.DAY, "week": Grain.WEEK, "month": Grain.MONTH}
_YES, _NO = {"true", "yes", "active", "t"}, {"false", "no", "inactive", "f"}


@dataclass
class Understood:
    """A question, and how it was read.

    Attributes:
        question: The question.
        notes: What was read differently from how it was written, in sentences.
    """

    question: Question
    notes: list[str] = field(default_factory=list)


def understood(settings: Settings, reading: Reading, asked: MetricQuestion) -> Understood:
    """The question that an agent asks.

    Raises:
        CannotAnswer: a name does not exist, or belongs to a person.
    """
    metrics = catalogue(settings)
    names = tuple(metric_name(metrics, name) for name in asked.metric)
    notes: list[str] = []
    by, grain = _groups(settings, asked, notes)
    where: dict[str, tuple[str, ...]] = {}
    for given, values in asked.where.items():
        dimension = dimension_name(settings, given)
        known = _known(settings, reading, metrics, names, dimension)
        read = [
            each for value in values for each in _values(reading, dimension, value, known, notes)
        ]
        where[dimension] = tuple(dict.fromkeys((*where.get(dimension, ()), *read)))
    return Understood(
        Question(names, by, where, grain, asked.start, asked.end, asked.last, asked.as_of), notes
    )


def metric_name(metrics: Mapping[str, Metric], given: str) -> str:
    """The name of a metric that is given by its name or label, in any case."""
    if given in metrics:
        return given
    folded = " ".join(given.casefold().split())
    for metric in metrics.values():
        if folded in (metric.label.casefold(), metric.name):
            return metric.name
    spelled = folded.replace(" ", "_").replace("-", "_")
    if spelled in metrics:
        return spelled
    # "D7 ROAS" and "roas d7" are the same words.
    words = sorted(spelled.split("_"))
    alike = [name for name in metrics if sorted(name.split("_")) == words]
    return alike[0] if len(alike) == 1 else given


def _refuse_persons(settings: Settings, name: str) -> None:
    """Refuse what a person could be found by.

    Raises:
        CannotAnswer: the name is that of a column with personal data.
    """
    personal = {
        column.name
        for table in build_catalog(settings)
        for column in table.published
        if column.pii and column.name not in {"level", "raw", "row_key"}
    }
    if name.lower() in personal | {"customer", "user", "person", "email", "name"}:
        raise CannotAnswer(
            f"Figures of single persons are not available: {name} is personal data.",
            "Ask for groups, such as by segment, country or acquisition_source.",
        )


def dimension_name(settings: Settings, given: str) -> str:
    """Our name of a dimension.

    Raises:
        CannotAnswer: it is personal data.
    """
    name = given.strip().lower()
    _refuse_persons(settings, name)
    return _DIMENSIONS.get(name, name)


def _groups(
    settings: Settings, asked: MetricQuestion, notes: list[str]
) -> tuple[tuple[str, ...], Grain | None]:
    grain = Grain(asked.grain) if asked.grain else None
    by = list[str]()
    for given in asked.by:
        if period := _PERIODS.get(given.strip().lower()):
            if grain not in (None, period):
                raise CannotAnswer(
                    f"The question groups by {given} and by {grain}.", "Give one grain."
                )
            grain = period
            notes.append(f"{given} is a period: read as grain = {period}.")
            continue
        by.append(dimension_name(settings, given))
    return tuple(dict.fromkeys(by)), grain


def _known(
    settings: Settings,
    reading: Reading,
    metrics: Mapping[str, Metric],
    names: Sequence[str],
    dimension: str,
) -> frozenset[str]:
    """The values of a dimension; none if the metrics do not have it, which `query` refuses."""
    for name in names:
        if name in metrics and dimension in metrics[name].dimensions:
            return frozenset(dimension_values(settings, reading, metrics[name], dimension))
    return frozenset()


def _values(
    reading: Reading, dimension: str, value: str, known: frozenset[str], notes: list[str]
) -> Iterator[str]:
    """What a value stands for; itself if it is known, or means nothing to us."""
    read = [value]
    if value and value not in known:
        read = [_spelled(reading, dimension, value, known)]
        if read == [value]:
            pieces = [piece.strip() for piece in re.split(r"[,|]", value)]
            spelled = [_spelled(reading, dimension, piece, known) for piece in pieces]
            read = spelled if set(spelled) <= known else [value]
        if read != [value]:
            notes.append(f"{dimension} {quoted(value)} was read as {', '.join(map(quoted, read))}.")
    yield from read


def _spelled(reading: Reading, dimension: str, value: str, known: frozenset[str]) -> str:
    """A value as the data spells it; unchanged if that is not certain."""
    if value in known:
        return value
    match dimension:
        case "country":
            return country_of(value) if country_of(value) in known else value
        case "is_active":
            folded = value.lower()
            return "1" if folded in _YES else "0" if folded in _NO else value
        case "campaign":
            found = reading.connection.execute(
                "SELECT campaign_id FROM campaign_summary WHERE campaign_name = $name",
                {"name": value},
            ).fetchall()
            return str(found[0][0]) if len(found) == 1 else value
    # What is not a name but a word of ours, such as a model or a segment.
    folded_values = [each for each in known if each.casefold() == value.casefold()]
    return folded_values[0] if len(folded_values) == 1 else value
