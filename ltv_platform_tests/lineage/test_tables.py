"""Lineage of the platform's own tables: by hand, and complete under any settings."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.assets import build_graph
from ltv_platform.lineage.model import TableLineage
from ltv_platform.lineage.tables import trace_table
from ltv_platform.settings import Settings

#: Columns that are the same in every row, or one of a few texts that stand in the SQL.
CONSTANTS = {
    "core.waiting_for_customer": {"table_name"},
    "core.waiting_for_rate": {"table_name"},
    "marts.attribution": {"model", "params_hash"},
    # A journey without end is never complete.
    "marts.channel_model_comparison": {"complete"},
    "marts.customer_retention_sums": {"activity"},
    "marts.forecast_totals": {"measure", "horizon_days"},
    "marts.ihc_attribution": {"engine", "preset", "params_hash"},
    "marts.purchase_forecasts": {"horizon_days"},
}

#: Inputs of which nothing is left where a journey without end is never complete.
UNUSED = {"marts.channel_model_comparison": {"core.conversions"}}

#: Settings that change the SQL of many tables, each branch of a template once.
OTHERS: list[dict[str, Any]] = [
    {},
    {
        "horizons": (7, 45),
        "user_horizons": (3, 9),
        "forecast_horizons": (60,),
        "ihc_engine": "api",
        "ihc_api_key": "key",
        "ihc_mixed_engines": True,
    },
    {
        "window": "calendar",
        "timezone": "America/Havana",
        "currency": "EUR",
        "start_date": date(2025, 1, 1),
    },
    {
        "journey_lookback": None,
        "journey_boundary": "before",
        "journey_break": True,
        "ihc_redistribution": (
            '{"initializer": {"direction": "earlier_sessions_only", "receive_threshold": 0, '
            '"redistribution_channel_labels": ["Direct"]}}'
        ),
    },
]


def _lineages(folder: Path, **settings: Any) -> dict[str, TableLineage]:
    graph = build_graph(Settings(home=folder, **settings))
    return {transform.name: trace_table(transform) for transform in graph.transforms}


@pytest.fixture(scope="module")
def lineages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TableLineage]:
    """Of all tables under default settings."""
    return _lineages(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize(
    ("table", "column", "sources"),
    [
        (
            "core.transactions",
            "amount",
            "raw.fx_rates.date raw.fx_rates.rate raw.transactions.amount raw.transactions.currency",
        ),
        ("core.transactions", "is_refund", "raw.transactions.is_refund"),
        ("core.transactions", "event_date", "raw.transactions.transaction_date"),
        (
            "core.customers",
            "campaign_id",
            "raw.customers.acquisition_source raw.customers.campaign_id",
        ),
        ("core.sessions", "cost", "raw.session_costs.cost"),
        (
            "core.campaign_spend",
            "spend",
            "raw.campaign_costs.cost raw.campaign_costs.currency raw.fx_rates.date "
            "raw.fx_rates.rate",
        ),
        ("marts.campaign_ltv", "installs", "core.customers.customer_id"),
        (
            # The union of events brings in the other feeds; only transactions have an amount.
            "marts.campaign_ltv",
            "revenue_d7",
            "core.customers.install_ts core.interactions.event_ts core.sessions.event_ts "
            "core.transactions.amount core.transactions.event_ts core.transactions.is_refund",
        ),
        ("marts.campaign_roas", "revenue_d7", "marts.campaign_ltv.revenue_d7"),
        (
            "marts.campaign_roas",
            "spend",
            "core.campaign_spend.campaign_id core.campaign_spend.date core.campaign_spend.spend "
            "marts.campaign_ltv.country marts.campaign_ltv.installs",
        ),
        (
            "marts.user_revenue",
            "revenue_d7",
            "core.customers.install_ts core.transactions.amount core.transactions.event_ts "
            "core.transactions.is_refund",
        ),
        (
            "marts.country_roas",
            "roas_d7",
            "$cost_watermark $revenue_watermark marts.campaign_roas.cost_waits "
            "marts.campaign_roas.install_date marts.campaign_roas.revenue_d7 "
            "marts.campaign_roas.spend marts.campaign_roas.waits_from_age",
        ),
        (
            "marts.customer_journeys",
            "position",
            "core.conversions.conv_id core.sessions.event_ts core.sessions.session_id",
        ),
        ("marts.channel_reporting", "cost", "core.sessions.cost"),
        ("marts.channel_reporting", "ihc_revenue", "marts.attribution.revenue"),
        ("marts.attribution_customer_journey", "ihc", "marts.ihc_attribution.ihc"),
        ("marts.customer_ltv", "ltv", "core.transactions.amount core.transactions.is_refund"),
        ("marts.customer_ltv", "tenure_days", "$as_of core.customers.install_date"),
        ("marts.rfm_segments", "r_score", "$as_of marts.customer_ltv.last_transaction_date"),
        (
            "marts.rfm_segments",
            "f_score",
            "marts.customer_ltv.last_transaction_date marts.customer_ltv.total_orders",
        ),
        (
            "marts.rfm_segments",
            "segment",
            "$as_of marts.customer_ltv.last_transaction_date marts.customer_ltv.total_orders",
        ),
        ("marts.ltv_forecast", "p_alive", "marts.purchase_forecasts.p_alive"),
        (
            "marts.ltv_forecast",
            "naive_revenue_d90",
            "marts.customer_ltv.ltv marts.customer_ltv.tenure_days",
        ),
    ],
)
def test_lineage_is_what_a_person_reads_in_the_sql(
    lineages: dict[str, TableLineage], table: str, column: str, sources: str
) -> None:
    """Read off the SQL by a person."""
    found = [str(source) for source in lineages[table].columns[column]]
    assert found == sources.split()


def test_published_columns_are_made_of_stored_ones(lineages: dict[str, TableLineage]) -> None:
    """roas_d7 waits for maturity and cost; stored columns that keep their name are followed."""
    roas = lineages["marts.campaign_roas"]
    assert [str(source) for source in roas.published["roas_d7"]] == [
        "$cost_watermark",
        "$revenue_watermark",
        "marts.campaign_roas.cost_waits",
        "marts.campaign_roas.install_date",
        "marts.campaign_roas.revenue_d7",
        "marts.campaign_roas.spend",
        "marts.campaign_roas.waits_from_age",
    ]
    assert [str(source) for source in roas.upstream["revenue_d7"]] == [
        "core.campaign_spend.date",
        "core.waiting_for_rate.event_date",
        "marts.campaign_ltv.install_date",
        "marts.campaign_ltv.revenue_d7",
        "marts.campaign_ltv.waits_from_age",
    ]
    # The further presentation of markov_path adds its own.
    credit = {str(source) for source in lineages["marts.attribution"].published["credit"]}
    assert {"marts.attribution.credit", "marts.markov_channels.removal_effect"} <= credit


def test_a_fit_makes_columns_out_of_all_that_it_reads(lineages: dict[str, TableLineage]) -> None:
    """docs/lineage.md, *By the model*; keys that the SELECT has are carried over as they are."""
    forecast = lineages["marts.campaign_ltv_forecast"]
    assert [str(source) for source in forecast.columns["install_week"]] == [
        "marts.campaign_cohort_curve.install_date",
        "marts.campaign_ltv.install_date",
    ]
    assert set(forecast.columns) - forecast.by_model == {"campaign_id", "install_week"}
    made = forecast.columns["predicted_roas"]
    assert {str(source) for source in made} > {
        "$revenue_watermark",
        "marts.campaign_cohort_curve.revenue",
        "marts.campaign_cohort_curve.spend",
        "marts.campaign_ltv.payers_d7",
    }
    assert all(forecast.columns[name] == made for name in forecast.by_model)


@pytest.mark.parametrize("settings", OTHERS, ids=lambda given: next(iter(given), "default"))
def test_every_column_has_a_source_and_every_input_a_use(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    """Nothing is lost on the way, under any settings: neither a column nor an input table."""
    graph = build_graph(Settings(home=tmp_path, **settings))
    for transform in graph.transforms:
        lineage = trace_table(transform)
        contract = transform.contract
        assert list(lineage.columns) == [column.name for column in contract.columns]
        constant = {name for name, sources in lineage.columns.items() if not sources}
        assert constant <= CONSTANTS.get(transform.name, set()), transform.name
        unused = set(transform.inputs) - set(lineage.inputs)
        assert unused <= UNUSED.get(transform.name, set()), transform.name
        assert set(lineage.inputs) <= set(transform.inputs)
        if contract.presented is not None:
            assert list(lineage.published) == [column.name for column in contract.presented]
        for sources in (*lineage.columns.values(), *lineage.published.values(), lineage.rows):
            for source in sources:
                if source.table:
                    graph.catalog[source.table].column(source.column)


def test_json_keeps_all_of_it(lineages: dict[str, TableLineage]) -> None:
    """What is kept is what was found."""
    for lineage in lineages.values():
        assert TableLineage.from_json(lineage.as_json()) == lineage
