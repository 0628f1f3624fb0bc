"""All pages of the dashboard, by name."""

from types import MappingProxyType

from ltv_platform.reports.campaigns import CAMPAIGNS
from ltv_platform.reports.overview import OVERVIEW

PAGES = MappingProxyType({page.name: page for page in (OVERVIEW, CAMPAIGNS)})
