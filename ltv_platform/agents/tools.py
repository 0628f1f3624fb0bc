"""The tools, and how one is called. All of them only read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from ltv_platform.agents.answers import MetricAnswer
from ltv_platform.agents.arguments import (
    Arguments,
    DimensionOfMetric,
    MetricName,
    MetricQuestion,
    MetricSearch,
    NoArguments,
    QuarantineTable,
    Sql,
    TableName,
)
from ltv_platform.agents.meanings import (
    DimensionValues,
    MetricList,
    MetricMeaning,
    describe_metric,
    list_dimension_values,
    list_metrics,
)
from ltv_platform.agents.questions import query_metric
from ltv_platform.agents.sql import SqlAnswer, query_sql, refuse_if_off
from ltv_platform.agents.tables import (
    Freshness,
    QuarantineSummary,
    TableMeaning,
    describe_table,
    freshness,
    quarantine_summary,
)
from ltv_platform.errors import UserError
from ltv_platform.metrics import CannotAnswer
from ltv_platform.metrics.similar import similar
from ltv_platform.published.live import LiveSnapshot, Reading
from ltv_platform.settings import Settings

Result = tuple[BaseModel, str]
#: Most characters of a reason, and of what can be asked instead.
_LONGEST_REFUSAL = 2_000


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes:
        name: Its name.
        title: Its name for people.
        description: What it does, when to call it, and an example.
        arguments: What it takes.
        result: What it returns, besides a text.
        answer: Answers a call.
    """

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    result: type[BaseModel]
    answer: Callable[[Settings, Reading, Any], Result]


@dataclass(frozen=True)
class Called:
    """What a call gave.

    Attributes:
        text: For the model.
        result: The same, typed; None: it was refused.
        reason: Why it was refused; empty: it was not.
        nearest: What can be asked instead.
    """

    text: str
    result: BaseModel | None = None
    reason: str = ""
    nearest: str = ""


_TOOLS = (
    Tool(
        "list_metrics",
        "List metrics",
        "The metrics that can be queried, with unit, definition and dimensions. Call it first, or "
        'with a word. Examples: {}; {"search": "roas"}; {"dimension": "channel"}.',
        MetricSearch,
        MetricList,
        lambda settings, _, asked: list_metrics(settings, asked.search, asked.dimension),
    ),
    Tool(
        "describe_metric",
        "Describe a metric",
        "Everything about one metric: definition, dimensions, days that it covers, when it is "
        'immature, errors of past forecasts. Example: {"metric": "roas_d7"}.',
        MetricName,
        MetricMeaning,
        lambda settings, reading, asked: describe_metric(settings, reading, asked.metric),
    ),
    Tool(
        "query_metric",
        "Query metrics",
        "Figures from the catalogue, each with its state: observed, partial, predicted, immature "
        "or no_denominator. Quote a value together with its state; partial values are not final. "
        'Examples: {"metric": "roas_d7", "by": ["campaign"], "order": "highest"}; '
        '{"metric": "ltv_d30", "where": {"country": ["DE"]}, "grain": "week", "last": "12w"}; '
        '{"metric": "channel_cpo", "by": ["channel"], "where": {"model": ["last"]}}. '
        "A question that the data cannot answer is refused with the reason and the nearest one.",
        MetricQuestion,
        MetricAnswer,
        query_metric,
    ),
    Tool(
        "list_dimension_values",
        "List values of a dimension",
        "The values that a dimension of a metric has, such as the campaigns with their names. "
        'Example: {"metric": "installs", "dimension": "campaign", "search": "google"}.',
        DimensionOfMetric,
        DimensionValues,
        lambda settings, reading, asked: list_dimension_values(
            settings, reading, asked.metric, asked.dimension, asked.search
        ),
    ),
    Tool(
        "describe_table",
        "Describe a table",
        "Grain, key, rows and columns of a published table, from its contract. "
        'Example: {"table": "campaign_roas"}.',
        TableName,
        TableMeaning,
        lambda settings, reading, asked: describe_table(settings, reading, asked.table),
    ),
    Tool(
        "quarantine_summary",
        "Summarize quarantine",
        "How many rejected rows are in quarantine, by table, column and reason; without their "
        'values. Examples: {}; {"table": "transactions"}.',
        QuarantineTable,
        QuarantineSummary,
        lambda settings, reading, asked: quarantine_summary(settings, reading, asked.table),
    ),
    Tool(
        "freshness",
        "Show freshness",
        "The last day of the figures, the newest event of each feed, and which feeds are late. "
        "Example: {}.",
        NoArguments,
        Freshness,
        lambda settings, reading, _: freshness(settings, reading),
    ),
)
_SQL = Tool(
    "query_sql",
    "Query with SQL",
    "Run one SELECT on the published tables, without personal columns: 10 seconds, 1,000 rows. Use "
    "query_metric for metrics: rows of SQL have no state. "
    'Example: {"sql": "SELECT country, rank FROM country_roas ORDER BY rank"}.',
    Sql,
    SqlAnswer,
    lambda settings, reading, asked: query_sql(settings, reading, asked.sql),
)


def tools(settings: Settings) -> Sequence[Tool]:
    """The tools that settings allow."""
    return (*_TOOLS, _SQL) if settings.mcp_sql else _TOOLS


def call(settings: Settings, live: LiveSnapshot, name: str, given: dict[str, Any]) -> Called:
    """Call a tool; what it cannot answer is refused with the reason, never with an exception."""
    try:
        tool = _tool(settings, name)
        asked = tool.arguments.model_validate(given)
        with live.reading() as reading:
            result, text = tool.answer(settings, reading, asked)
    except CannotAnswer as refusal:
        return _refused(refusal.reason, refusal.nearest)
    except ValidationError as error:
        return _refused(*_misread(error, tool))
    except UserError as error:
        # Where the files are is nobody's business who asks from elsewhere.
        return _refused(error.message.replace(str(settings.home), "LTV_HOME"), error.hint)
    return Called(text, result)


def _tool(settings: Settings, name: str) -> Tool:
    known = {tool.name: tool for tool in tools(settings)}
    if name == _SQL.name:
        refuse_if_off(settings)
    if name not in known:
        near = similar(name, known, cutoff=0.5)
        raise CannotAnswer(
            f"There is no tool {name!r}; all tools only read.",
            f"Did you mean {', '.join(near)}?" if near else f"There are: {', '.join(known)}.",
        )
    return known[name]


def _misread(error: ValidationError, tool: Tool) -> tuple[str, str]:
    """Reason and help for arguments that do not fit."""
    said = []
    for each in error.errors(include_url=False, include_context=False):
        where = ".".join(map(str, each["loc"]))
        match each["type"]:
            case "extra_forbidden":
                said.append(f"There is no argument {where!r}.")
            case "missing":
                said.append(f"The argument {where!r} is missing.")
            case "value_error":
                said.append(f"{where}: {each['msg'].removeprefix('Value error, ')}")
            case _:
                said.append(f"{where}: {each['msg']}.")
    return " ".join(said), f"{tool.name} takes: {', '.join(tool.arguments.model_fields) or 'none'}."


def _refused(reason: str, nearest: str) -> Called:
    # It may repeat what was sent.
    reason, nearest = reason[:_LONGEST_REFUSAL], nearest[:_LONGEST_REFUSAL]
    nearest = nearest.replace("`ltv metric list`", "list_metrics")
    text = f"Refused, there is no figure. Reason: {reason}"
    return Called(f"{text}\nInstead: {nearest}" if nearest else text, None, reason, nearest)
