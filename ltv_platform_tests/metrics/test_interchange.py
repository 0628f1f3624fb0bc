"""The exports of the catalogue: their shape, and that their sums are the catalogue's figures.

Keys of MetricFlow are those of dbt-semantic-interfaces 0.10; those of OSI of the JSON schema of
version 0.1.1 of its core specification.
"""

import re
from typing import Any

import pytest
import yaml

from ltv_platform.metrics import catalogue, query
from ltv_platform.metrics.interchange import as_metricflow, as_osi, selects
from ltv_platform.metrics.question import Question
from ltv_platform.published.live import LiveSnapshot
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.home import Home

_NAME = re.compile(r"(?!.*__)[a-z][a-z0-9_]*[a-z0-9]")
#: Names that MetricFlow keeps for itself.
_RESERVED = {"day", "week", "month", "quarter", "year", "metric_time"}


@pytest.fixture(scope="module")
def flow() -> Any:
    """The export for MetricFlow, parsed."""
    return yaml.safe_load(as_metricflow(Settings()))


@pytest.fixture(scope="module")
def osi() -> Any:
    """The semantic model of the OSI export, parsed."""
    document = yaml.safe_load(as_osi(Settings()))
    assert document.keys() == {"version", "semantic_model"}
    assert document["version"] == "0.1.1"
    [model] = document["semantic_model"]
    return model


def _added_up() -> set[str]:
    return {name for name, metric in catalogue(Settings()).items() if metric.additive}


def test_metricflow_has_every_metric_that_adds_up(flow: Any) -> None:
    """Ratios of two sums, sums of one measure; every name is defined once."""
    metrics = {metric["name"]: metric for metric in flow["metrics"]}
    assert len(metrics) == len(flow["metrics"])
    assert {n for n in metrics if not n.endswith(("_numerator", "_denominator"))} == _added_up()
    measures = [m["name"] for model in flow["semantic_models"] for m in model["measures"]]
    assert len(set(measures)) == len(measures)
    for name, metric in metrics.items():
        assert metric.keys() == {"name", "label", "description", "type", "type_params"}
        assert _NAME.fullmatch(name), name
        if metric["type"] == "simple":
            assert metric["type_params"]["measure"]["name"] in measures
        else:
            assert metric["type"] == "ratio"
            for part in ("numerator", "denominator"):
                assert metrics[metric["type_params"][part]["name"]]["type"] == "simple"


def test_models_of_metricflow_have_a_day_and_dimensions(flow: Any) -> None:
    """A time dimension that measures are added up by, and no reserved name."""
    assert {model["name"] for model in flow["semantic_models"]} == set(selects(Settings()))
    for model in flow["semantic_models"]:
        assert model["model"] == f"ref('{model['name']}')"
        time, *others = model["dimensions"]
        assert model["defaults"]["agg_time_dimension"] == time["name"]
        assert time["type"] == "time"
        assert {other["type"] for other in others} <= {"categorical"}
        names = [dimension["name"] for dimension in model["dimensions"]]
        assert not _RESERVED & set(names)
        assert all(measure["agg"] == "sum" for measure in model["measures"])


def test_osi_has_every_metric_that_adds_up(osi: Any) -> None:
    """Over fields of datasets that exist, in a dialect of the specification."""
    assert {metric["name"] for metric in osi["metrics"]} == _added_up()
    fields = {
        f"{dataset['name']}.{field['name']}"
        for dataset in osi["datasets"]
        for field in dataset["fields"]
    }
    for metric in osi["metrics"]:
        assert metric.keys() == {
            *("name", "expression", "description", "ai_context", "custom_extensions")
        }
        [expression] = metric["expression"]["dialects"]
        assert expression["dialect"] == "ANSI_SQL"
        named = re.findall(r"\w+\.\w+", expression["expression"])
        assert named, metric["name"]
        assert set(named) <= fields


@pytest.mark.parametrize("language", ["metricflow", "osi"])
def test_sums_are_the_figures_of_the_catalogue(
    published_sample: Home, flow: Any, osi: Any, language: str
) -> None:
    """Every metric that adds up, over all rows: as layers would compute it."""
    expected, given = dict[str, Any](), dict[str, Any]()
    live = LiveSnapshot(published_sample.settings)
    with live.reading() as reading:
        for name in sorted(_added_up() - {"roas_d365", "blended_roas_d365"}):
            [row] = query(published_sample.settings, reading, Question((name,))).rows
            value = row.cells[name].value
            expected[name] = None if value is None else float(value)
        models = selects(published_sample.settings)
        if language == "osi":
            for metric in osi["metrics"]:
                [expression] = metric["expression"]["dialects"]
                sql = expression["expression"]
                [dataset] = {name for name in models if f"{name}." in sql}
                fields = {
                    field["name"]: field["expression"]["dialects"][0]["expression"]
                    for each in osi["datasets"]
                    if each["name"] == dataset
                    for field in each["fields"]
                }
                # As a tool that replaces fields by their expressions.
                for field in sorted(re.findall(r"\w+\.(\w+)", sql), key=len, reverse=True):
                    sql = sql.replace(f"{dataset}.{field}", f"({fields[field]})")
                given[metric["name"]] = _one(reading, sql, models[dataset])
        else:
            sums = {
                measure["name"]: _one(reading, f"SUM({measure['expr']})", models[model["name"]])
                for model in flow["semantic_models"]
                for measure in model["measures"]
            }
            for metric in flow["metrics"]:
                parameters = metric["type_params"]
                if metric["type"] == "simple":
                    given[metric["name"]] = sums[parameters["measure"]["name"]]
                    continue
                above, below = (sums[parameters[p]["name"]] for p in ("numerator", "denominator"))
                given[metric["name"]] = None if not below else float(above) / float(below)
    live.close()
    assert expected
    for name, value in expected.items():
        found = None if given[name] is None else float(given[name])
        assert found == pytest.approx(value, rel=1e-12), name


def _one(reading: Any, expression: str, relation: str) -> Any:
    return reading.connection.execute(f"SELECT {expression} FROM ({relation}) AS model").fetchall()[
        0
    ][0]
