"""All pages of the dashboard, by name."""

from collections.abc import Mapping

from ltv_platform.reports.campaigns import CAMPAIGNS
from ltv_platform.reports.channels import CHANNELS
from ltv_platform.reports.customers import CUSTOMERS
from ltv_platform.reports.data_page import DATA
from ltv_platform.reports.forecast_page import FORECASTS
from ltv_platform.reports.metric_pages import metric_pages
from ltv_platform.reports.overview import OVERVIEW
from ltv_platform.reports.shell import Page
from ltv_platform.settings import Settings


def pages(settings: Settings) -> Mapping[str, Page]:
    """The pages by name; each metric of the settings has one."""
    named = (OVERVIEW, CAMPAIGNS, CHANNELS, CUSTOMERS, FORECASTS, DATA, *metric_pages(settings))
    return {page.name: page for page in named}
