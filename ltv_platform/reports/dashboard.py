"""All pages: for the dashboard by name, and as files."""

from collections.abc import Mapping
from pathlib import Path

from ltv_platform.reports.campaigns import CAMPAIGNS
from ltv_platform.reports.channels import CHANNELS
from ltv_platform.reports.customers import CUSTOMERS
from ltv_platform.reports.data_page import DATA
from ltv_platform.reports.forecast_page import FORECASTS
from ltv_platform.reports.metric_pages import metric_pages
from ltv_platform.reports.overview import OVERVIEW
from ltv_platform.reports.shell import Page, write_report
from ltv_platform.settings import Settings

#: The pages that are one asset; channels and customers have one of their own.
_TOGETHER = (OVERVIEW, CAMPAIGNS, FORECASTS, DATA)


def pages(settings: Settings) -> Mapping[str, Page]:
    """The pages by name; each metric of the settings has one."""
    named = (OVERVIEW, CAMPAIGNS, CHANNELS, CUSTOMERS, FORECASTS, DATA, *metric_pages(settings))
    return {page.name: page for page in named}


def write_reports(settings: Settings) -> Path:
    """Write the pages as files, except those that have an asset of their own.

    Returns:
        The first one to read, ``overview.html``.

    Raises:
        UserError: the snapshot is damaged, or a file cannot be written.
    """
    first, *_ = [write_report(page, settings) for page in _TOGETHER]
    return first
