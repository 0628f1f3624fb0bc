"""``ltv metric``: the catalogue on the command line."""

import csv
import json
import shutil
from pathlib import Path

import pytest
import yaml

from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import SAMPLE_NOW
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="module")
def sample(published_sample: Home, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A home with the published sample."""
    home = tmp_path_factory.mktemp("metrics") / "home"
    published = published_sample.settings.published_path
    shutil.copytree(published, home / published.name)
    return CommandLine(home, {"now": SAMPLE_NOW})


def test_a_query_shows_the_state_beside_each_value(sample: CommandLine) -> None:
    """In all formats; programs get the parts, the interval and coverage too."""
    asked = ("metric", "query", "roas_d7", "--by", "campaign", "--where", "country=US")
    table = sample(*asked, "--grain", "week", "--last", "2w")
    assert table.code == 0, table.err
    header, _, *lines = table.out.splitlines()
    assert header.split() == ["period", "campaign", "roas_d7", "state", "coverage"]
    assert {line.split()[3] for line in lines} >= {"partial", "immature", "no_denominator"}
    assert "As of 2026-11-29" in table.err
    rows = json.loads(sample(*asked, "--format", "json").out)
    [row] = [row for row in rows if row["campaign"] == "google_us_search_brand"]
    assert row["state"] == "partial"
    assert row["roas_d7"] == row["numerator"] / row["denominator"]
    [first, *_] = csv.DictReader(sample(*asked, "--format", "csv").out.splitlines())
    assert first["state"] == "no_denominator"


def test_several_metrics_have_columns_of_their_own(sample: CommandLine) -> None:
    """Each with its state."""
    answer = sample("metric", "query", "spend", "installs", "--format", "json")
    [row] = json.loads(answer.out)
    assert row["installs"] == 1_500
    assert (row["spend_state"], row["installs_state"]) == ("partial", "observed")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("roas_d8",), "There is no metric 'roas_d8'."),
        (("roas_d7", "--by", "channel"), "roas_d7 has no dimension 'channel'"),
        (("roas_d7", "--where", "US"), "--where US has no =."),
        (("roas_d7", "--grain", "year"), "--grain year is not a period."),
        (("roas_d7", "--from", "May"), "--from May is not a day."),
        (("roas_d90", "--last", "30d"), "is not known yet"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_ends_with_2(
    sample: CommandLine, arguments: tuple[str, ...], message: str
) -> None:
    """With the reason."""
    answer = sample("metric", "query", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_metrics_are_listed_and_shown(sample: CommandLine) -> None:
    """A line per family in the terminal, a row per metric for programs."""
    assert "roas_dN" in sample("metric", "list").out
    names = {row["metric"] for row in json.loads(sample("metric", "list", "--format", "json").out)}
    assert {"roas_d7", "ltv_m6", "channel_cpo"} <= names
    shown = sample("metric", "show", "roas_d7").out
    assert "revenue_d7 / spend" in shown
    assert sample("metric", "show", "roas").code == 2


def test_an_export_is_yaml_and_a_select_per_model(sample: CommandLine, tmp_path: Path) -> None:
    """Printed, or written into a folder."""
    printed = sample("metric", "export", "--format", "osi")
    assert yaml.safe_load(printed.out)["version"] == "0.1.1"
    written = sample("metric", "export", "--format", "metricflow", "--out", tmp_path / "dbt")
    assert written.code == 0, written.err
    content = yaml.safe_load((tmp_path / "dbt" / "ltv_metricflow.yml").read_text("utf-8"))
    for model in content["semantic_models"]:
        assert (tmp_path / "dbt" / f"{model['name']}.sql").read_text("utf-8").startswith("SELECT")
