"""The path of a figure, down to the files and back."""

from pathlib import Path

import pytest

from ltv_platform.lineage.model import Source
from ltv_platform.lineage.store import Lineages
from ltv_platform.lineage.tree import edges, grow, lines, users
from ltv_platform.settings import Settings
from ltv_platform_tests.testing import ROOT


@pytest.fixture(scope="module")
def lineages(tmp_path_factory: pytest.TempPathFactory) -> Lineages:
    """Under default settings."""
    return Lineages(Settings(home=tmp_path_factory.mktemp("home")))


def test_cpi_down_to_the_files(lineages: Lineages) -> None:
    """docs/lineage.md: a tree, each column followed once, with what it says."""
    assert "\n".join(lines(grow(lineages, "marts.campaign_roas", "cpi"))) == (
        """\
marts.campaign_roas.cpi  spend / installs.
├─ marts.campaign_roas.installs  Customers of the cohort.
│  └─ marts.campaign_ltv.installs  Customers of the cohort.
│     └─ core.customers.customer_id  The customer.
│        └─ raw.customers.customer_id  Identifies the customer in every table.
└─ marts.campaign_roas.spend  Spend on the install date; NULL: no known spend.
   ├─ core.campaign_spend.campaign_id  The campaign.
   │  └─ raw.campaign_costs.campaign_id  The campaign.
   ├─ core.campaign_spend.date  Day in the reporting zone.
   │  └─ raw.campaign_costs.date  Day in the reporting zone.
   ├─ core.campaign_spend.spend  Base currency.
   │  ├─ raw.campaign_costs.cost  Money spent; below 0: a correction, which is added.
   │  ├─ raw.campaign_costs.currency  ISO 4217 code of the amount; empty: base currency.
   │  ├─ raw.fx_rates.date  Day of the rate.
   │  └─ raw.fx_rates.rate  Units of base currency per unit of currency.
   ├─ marts.campaign_ltv.country  Country, or (unknown).
   │  └─ core.customers.country  Country of the install, or (unknown).
   │     └─ raw.customers.country  Code or English name (ISO 3166-1).
   └─ marts.campaign_ltv.installs  (see above)"""
    )


@pytest.mark.parametrize(
    ("table", "column", "files"),
    [
        (
            "marts.campaign_roas",
            "roas_d7",
            {
                "raw.transactions.amount",
                "raw.transactions.is_refund",
                "raw.fx_rates.rate",
                "raw.campaign_costs.cost",
                "raw.customers.registration_date",
            },
        ),
        (
            "marts.channel_reporting",
            "ROAS",
            {"raw.session_costs.cost", "raw.conversions.revenue", "raw.session_sources.session_ts"},
        ),
        ("marts.ltv_forecast", "expected_revenue_d90", {"raw.transactions.amount"}),
        ("marts.campaign_ltv_forecast", "predicted_roas", {"raw.campaign_costs.cost"}),
    ],
)
def test_every_figure_ends_in_the_files(
    lineages: Lineages, table: str, column: str, files: set[str]
) -> None:
    """The leaves are columns of raw tables and parameters, nothing between."""
    tree = grow(lineages, table, column)
    made, of = (set(side) for side in zip(*edges(tree), strict=True))
    leaves = of - made
    # Days that the configured horizons name come from no file.
    named = {source for source in leaves if source.table in lineages}
    assert named <= {Source("marts.purchase_forecasts", "horizon_days")}
    assert {source.table.partition(".")[0] for source in leaves - named} <= {"raw", ""}
    assert files <= {str(source) for source in leaves}


def test_models_say_so(lineages: Lineages) -> None:
    """Columns made by a fit are marked, followed by what it read."""
    text = "\n".join(lines(grow(lineages, "marts.forecast_models", "value")))
    assert text.startswith("marts.forecast_models.value  by the model, from:")
    assert "├─ marts.purchase_histories.repeat_days  " in text


def test_what_comes_of_a_column(lineages: Lineages) -> None:
    """`ltv lineage raw.session_costs.cost --uses`: by way of others too, inputs first."""
    found = [str(user) for user in users(lineages, Source("raw.session_costs", "cost"))]
    assert found == [
        "core.sessions.cost",
        "marts.channel_reporting.CPO",
        "marts.channel_reporting.ROAS",
        "marts.channel_reporting.cost",
        "marts.channel_reporting_by_conversion_date.cost",
        "marts.channel_reporting_by_conversion_date.period_cpo",
        "marts.channel_reporting_by_conversion_date.period_roas",
        "marts.channel_model_comparison.cost",
        "marts.channel_model_comparison.cpo",
        "marts.channel_model_comparison.roas",
    ]
    assert users(lineages, Source("marts.channel_reporting", "ROAS")) == []


def test_constants_say_so(lineages: Lineages) -> None:
    """What comes from no column is not left hanging."""
    tree = grow(lineages, "marts.purchase_forecasts", "horizon_days")
    assert next(lines(tree)).startswith("marts.purchase_forecasts.horizon_days  (a constant)")


def test_a_raw_column_comes_as_it_is(lineages: Lineages) -> None:
    """Nothing precedes the files."""
    assert list(lines(grow(lineages, "raw.fx_rates", "rate"))) == [
        "raw.fx_rates.rate  Units of base currency per unit of currency."
    ]


def test_the_docs_page_is_made_of_the_same(tmp_path: Path) -> None:
    """docs/lineage.md holds the trees of its headline figures as the command prints them."""
    page = ROOT / "docs" / "lineage.md"
    lineages = Lineages(Settings(home=tmp_path))
    text = "\n".join(lines(grow(lineages, "marts.campaign_roas", "roas_d7")))
    assert f"```\n{text}\n```" in page.read_text("utf-8")
