"""What each table is: one contract per table, and the catalog of all of them.

A contract is declared once and drives DDL, validation, quarantine, the schema comparison
before each write, Dagster's column schema and the docs page. How a table is *made* does not
belong here: that is its SELECT in ``sql/`` and its line in ``assets/``.
"""

from ltv_platform.contracts.attribution import ATTRIBUTION_TABLES
from ltv_platform.contracts.campaign_forecasts import CAMPAIGN_FORECAST_TABLES
from ltv_platform.contracts.campaign_outlook import campaign_outlook
from ltv_platform.contracts.campaigns import campaign_tables
from ltv_platform.contracts.core import CORE_TABLES
from ltv_platform.contracts.customers import CUSTOMER_TABLES
from ltv_platform.contracts.factors import LTV_INFLUENCING_FACTORS
from ltv_platform.contracts.forecasts import forecast_tables
from ltv_platform.contracts.model import MONEY, Catalog, Column, Rule, SourceTable, Table
from ltv_platform.contracts.operations import OPERATION_TABLES
from ltv_platform.contracts.sources import SOURCES
from ltv_platform.settings import Settings

__all__ = ["MONEY", "Catalog", "Column", "Rule", "SourceTable", "Table", "build_catalog"]


def build_catalog(settings: Settings) -> Catalog:
    """All contracts; the columns of cohort tables follow the configured horizons."""
    return Catalog(
        SOURCES,
        (
            *OPERATION_TABLES,
            *CORE_TABLES,
            *campaign_tables(settings),
            *CAMPAIGN_FORECAST_TABLES,
            campaign_outlook(settings),
            *ATTRIBUTION_TABLES,
            *CUSTOMER_TABLES,
            *forecast_tables(settings),
            LTV_INFLUENCING_FACTORS,
        ),
    )
