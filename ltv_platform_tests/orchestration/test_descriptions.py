"""What an asset's page says about its table."""

import re
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.assets import build_graph
from ltv_platform.lineage.store import lineage_of
from ltv_platform.orchestration.descriptions import asset_description, column_description
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph


def _graph(folder: Path, **settings: Any) -> Graph:
    return build_graph(Settings(home=folder, **settings))


def _facts(graph: Graph, table: str) -> list[str]:
    """The lines before the SELECT."""
    return asset_description(graph[table]).partition("```sql")[0].strip().splitlines()


def test_a_partitioned_table_with_a_presentation_is_described(tmp_path: Path) -> None:
    """Everything to say about a partitioned table with a presentation."""
    assert _facts(_graph(tmp_path), "marts.campaign_roas") == [
        "One row per install date, campaign and country, including days of spend without "
        "installs. Has the cohort earned back its cost after N days?",
        "",
        "- **Key**: `install_date`, `campaign_id`, `country`.",
        "- **Written**: one partition per `install_date`, rewritten when a day it reads, its SQL "
        "or one of its settings changes.",
        "- **Reads**: `core.campaign_spend` (the day), `core.waiting_for_rate` (the day), "
        "`marts.campaign_ltv` (the day).",
        "- **Made**: Joins the spend of the install date with the revenue of campaign_ltv; spend "
        "without a country is allocated by installs.",
        "- **As of**: stored as sums; on publishing, as_of and the watermark of revenue (up "
        "to 366 days after a day) and the watermark of costs decide what is mature.",
        "- **Checked by**: `unique_key` (blocks), `spend_reconciles` (blocks).",
    ]


def test_a_table_made_by_a_fit_is_described(tmp_path: Path) -> None:
    """A table that a fit makes: what its SELECT gives, and where its forecasts are tested."""
    assert _facts(_graph(tmp_path), "marts.forecast_models")[2:] == [
        "- **Key**: `model`, `parameter`.",
        "- **Written**: as a whole, rewritten when an input, its SQL or one of its settings "
        "changes, or when as_of or a watermark moves.",
        "- **Reads**: `marts.purchase_histories`.",
        "- **Made**: the SELECT returns one row per group of customers with equal histories. The "
        "SELECT counts customers; forecasting/repeat_buying/tables.py fits the models to these "
        "counts.",
        "- **Checked by**: `unique_key` (blocks).",
        "- **Back-test**: `marts.forecast_backtest`.",
    ]


@pytest.mark.parametrize(
    ("table", "settings", "reads"),
    [
        ("marts.campaign_ltv", {}, "`core.transactions` (the day and the 366 days after it)"),
        (
            "marts.campaign_ltv",
            {"horizons": (1, 7)},
            "`core.transactions` (the day and the 8 days after it)",
        ),
        ("marts.customer_journeys", {}, "`core.sessions` (the day and the 90 days before it)"),
        (
            "marts.customer_journeys",
            {"journey_lookback": None},
            "`core.sessions` (the day and all days before it)",
        ),
        (
            "marts.campaign_cohort_curve",
            {},
            "`core.transactions` (the day and the day after it)",
        ),
        (
            "marts.campaign_cohort_curve",
            {"timezone": "Europe/Berlin"},
            "`core.transactions` (the day and the 3 days after it)",
        ),
        ("core.customers", {}, "`raw.customers`."),
    ],
)
def test_days_that_are_read(
    tmp_path: Path, table: str, settings: dict[str, Any], reads: str
) -> None:
    """Windows are those of the wiring under the settings at hand."""
    [line] = [fact for fact in _facts(_graph(tmp_path, **settings), table) if "**Reads**" in fact]
    assert reads in line


def test_every_description_says_what_it_must(tmp_path: Path) -> None:
    """Grain, question, how it is made, checks, the SELECT last; nothing of a comment's form."""
    for transform in _graph(tmp_path).transforms:
        text = asset_description(transform)
        assert re.match(r"One row per .+\. .+\?\n\n- \*\*Key\*\*: `", text), transform.name
        assert text.endswith(f"```sql\n{transform.sql.strip()}\n```")
        facts = text.partition("```sql")[0]
        assert "- **Checked by**: `unique_key` (blocks)" in facts
        assert "--" not in facts, transform.name
        assert "Grain:" not in facts and "Answers:" not in facts, transform.name
        if transform.name not in ("core.campaign_spend", "core.waiting_for_rate"):
            assert "- **Made**: " in facts, transform.name


def test_columns_say_what_they_are_computed_from(tmp_path: Path) -> None:
    """The column schema shows it where people look; parameters and constants are left out."""
    graph = _graph(tmp_path)

    def of(table: str, name: str) -> str:
        [column] = [c for c in graph[table].contract.published if c.name == name]
        return column_description(column, lineage_of(graph[table])).removeprefix(column.description)

    assert of("marts.campaign_roas", "roas_d7") == (
        " Computed from cost_waits, install_date, revenue_d7, spend, waits_from_age."
    )
    assert of("marts.campaign_roas", "revenue_d7") == (
        " Computed from install_date, marts.campaign_ltv.revenue_d7, waits_from_age."
    )
    assert of("core.transactions", "is_refund") == " Computed from raw.transactions.is_refund."
    assert of("marts.forecast_models", "value") == (
        " Computed by the model from marts.purchase_histories."
    )
    assert of("core.waiting_for_rate", "table_name") == ""
    assert of("marts.attribution", "revenue").endswith(", 9 more.")
    column = graph["core.transactions"].contract.columns[0]
    assert column_description(column, None) == column.description
