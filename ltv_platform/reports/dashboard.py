"""All pages: for the dashboard by name, and as files."""

from pathlib import Path
from types import MappingProxyType

from ltv_platform.reports.campaigns import CAMPAIGNS
from ltv_platform.reports.overview import OVERVIEW
from ltv_platform.reports.shell import write_report
from ltv_platform.settings import Settings

PAGES = MappingProxyType({page.name: page for page in (OVERVIEW, CAMPAIGNS)})
#: Pages that an asset of their own writes after each publication.
_OF_OTHERS = ("channels", "customers")


def write_reports(settings: Settings) -> Path:
    """Write the pages as files, except those that have an asset of their own.

    Returns:
        The first one to read, ``overview.html``.

    Raises:
        UserError: the snapshot is damaged, or a file cannot be written.
    """
    written = {
        name: write_report(page, settings) for name, page in PAGES.items() if name not in _OF_OTHERS
    }
    return written[OVERVIEW.name]
