"""What must hold for the tables: functions that run a check and return its outcome.

Unique keys and reconciliation block publishing; references, missing rates and the share of rejected
rows only warn, because waiting rows are in their own table and not lost.
"""

from ltv_platform.checks.attribution import attribution_checks
from ltv_platform.checks.campaigns import campaign_checks
from ltv_platform.checks.customers import customer_checks
from ltv_platform.checks.model import CheckOutcome, TableCheck
from ltv_platform.checks.ratios import ratio_checks
from ltv_platform.checks.spellings import spelling_checks
from ltv_platform.checks.tables import rejected_share, unique_key
from ltv_platform.settings import Settings

__all__ = ["CheckOutcome", "TableCheck", "rejected_share", "table_checks", "unique_key"]


def table_checks(settings: Settings) -> tuple[TableCheck, ...]:
    """All checks except those that every table of a kind has: unique keys, rejected shares."""
    return (
        *campaign_checks(settings),
        *ratio_checks(settings),
        *spelling_checks(),
        *attribution_checks(settings),
        *customer_checks(),
    )
