"""The types of the catalogue: a metric, its unit, the relation that it is summed over.

A metric is plain data. A ratio is always a ratio of sums: both parts are columns of a relation that
are added up first. Nothing here reads a snapshot.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ltv_platform.errors import UserError


class Unit(StrEnum):
    """What a value is measured in."""

    MONEY = "money"
    COUNT = "count"
    RATIO = "ratio"
    SHARE = "share"
    DAYS = "days"


class State(StrEnum):
    """How much of a value is known.

    Attributes:
        OBSERVED: All that it covers has happened.
        PARTIAL: It covers only what is mature so far, or can still grow.
        PREDICTED: It contains a forecast.
        IMMATURE: Nothing of it is known yet; the value is None.
        NO_DENOMINATOR: There is nothing to divide by, such as spend; the value is None.
    """

    OBSERVED = "observed"
    PARTIAL = "partial"
    PREDICTED = "predicted"
    IMMATURE = "immature"
    NO_DENOMINATOR = "no_denominator"


class Grain(StrEnum):
    """Periods that days are grouped by; a week begins on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Relation:
    """What metrics are summed over: a SELECT on published tables.

    Attributes:
        name: Its name, and that of its file in ``sql/queries/metrics/``.
        dimensions: Columns that questions may group and filter by, with their meaning.
        dated_by: What the column ``day`` is, as in "install date"; empty: there is none.
        grains: Periods that the days can be grouped by.
        fixed: Dimensions over which sums mean nothing, such as the model of attribution: a question
            that neither groups by one nor filters on one value gets this one.
        closed: All values that a dimension can have, for those that do not come from data: a value
            without rows is not wrong.
    """

    name: str
    dimensions: Mapping[str, str]
    dated_by: str = ""
    grains: tuple[Grain, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """One figure, declared once for the CLI, the API, the pages and agents.

    All expressions are SQL over one row of the relation.

    Attributes:
        name: Its name, as in ``roas_d7``.
        label: Its name for people, as in "D7 ROAS".
        unit: What its values are measured in.
        definition: One sentence.
        link: Its section in the docs, as in ``docs/metrics.md#cohorts``.
        relation: What it is summed over.
        numerator: The upper part.
        denominator: The lower part; None: the metric is a sum.
        counts: Whether a row enters the figure; those that do not are immature.
        base: The size of a row, for the share that the figure covers; None: rows are counted.
        covered: The part of the base that a row that counts stands for; None: ``base``.
        final: Whether a row can no longer change; None: every row that counts.
        paid: Only campaigns with spend count (docs/metrics.md, "Paid").
        additive: Values of several rows may be added up; otherwise a question must name one row,
            such as one campaign.
        predicted: It is a forecast where rows are not final.
        horizon: Days of life that it covers; None: it has none.
        immature: What makes it immature, for people; empty: nothing.
        nearest: Metrics that answer a similar question, for refusals.
        lower: Lower end of the 80 % interval of one row; None: it has none.
        upper: Upper end.
        backtest: The back-test of its forecast, a query in ``sql/queries/metrics/``.
    """

    name: str
    label: str
    unit: Unit
    definition: str
    link: str
    relation: Relation
    numerator: str
    denominator: str | None = None
    counts: str = "TRUE"
    base: str | None = None
    covered: str | None = None
    final: str | None = None
    paid: bool = False
    additive: bool = True
    predicted: bool = False
    horizon: int | None = None
    immature: str = ""
    nearest: tuple[str, ...] = ()
    lower: str | None = None
    upper: str | None = None
    backtest: str = ""

    @property
    def dimensions(self) -> Mapping[str, str]:
        """Dimensions that questions may group and filter by, with their meaning."""
        return self.relation.dimensions


class CannotAnswer(UserError):  # noqa: N818 - it is a kind of answer
    """A question that the data cannot answer.

    Attributes:
        reason: Why, in one or two sentences.
        nearest: What can be answered instead.
    """

    def __init__(self, reason: str, nearest: str = "") -> None:
        super().__init__(reason, nearest)
        self.reason = reason
        self.nearest = nearest
