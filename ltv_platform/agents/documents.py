"""Pages that an agent can read: what figures mean, and what each table has."""

from collections.abc import Mapping

from ltv_platform.bundled import bundled_docs
from ltv_platform.contracts import build_catalog
from ltv_platform.contracts.model import Table
from ltv_platform.contracts.operations import PUBLISHED_OPERATIONS
from ltv_platform.contracts.pages import table_page
from ltv_platform.settings import Settings

#: Address of docs/metrics.md, and what those of tables begin with.
METRICS_ADDRESS = "ltv://docs/metrics"
TABLE_ADDRESS = "ltv://tables/"


def metrics_page() -> str:
    """docs/metrics.md."""
    return (bundled_docs() / "metrics.md").read_text("utf-8")


def described_tables(settings: Settings) -> Mapping[str, Table]:
    """The published tables by name."""
    return {
        table.name: table
        for table in build_catalog(settings)
        if table.layer != "raw" or table in PUBLISHED_OPERATIONS
    }


def document(settings: Settings, address: str) -> str | None:
    """The page at an address; None: there is none."""
    if address == METRICS_ADDRESS:
        return metrics_page()
    if not address.startswith(TABLE_ADDRESS):
        return None
    table = described_tables(settings).get(address.removeprefix(TABLE_ADDRESS))
    return None if table is None else table_page(table)
