"""Which tables are made: one line each, one module per group.

A line names a table and the inputs from which it reads other days than its own. ``contracts/``
defines what the table is, ``sql/`` how it is made; ``orchestration/`` turns the lines into Dagster
assets.
"""

from ltv_platform.assets.attribution import attribution_derivations
from ltv_platform.assets.campaigns import campaign_derivations
from ltv_platform.assets.core import CORE
from ltv_platform.assets.customers import CUSTOMERS
from ltv_platform.assets.forecasts import FORECASTS
from ltv_platform.contracts import build_catalog
from ltv_platform.errors import UserError
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Derivation, Graph

#: The groups of tables, in the order in which a run builds them: each is a step of it.
GROUPS = ("core", "campaigns", "attribution", "customers", "forecasts")


def derivations(settings: Settings) -> tuple[Derivation, ...]:
    """The wiring of all derived tables under given settings, group by group."""
    return (
        *CORE,
        *campaign_derivations(settings),
        *attribution_derivations(settings),
        *CUSTOMERS,
        *FORECASTS,
    )


def build_graph(settings: Settings) -> Graph:
    """All derived tables under given settings, inputs first.

    Raises:
        UserError: a table has wiring but no contract, or a contract but no wiring.
    """
    wiring, catalog = derivations(settings), build_catalog(settings)
    made = {derivation.table for derivation in wiring}
    declared = {table.full_name for table in catalog.derived}
    for table in sorted(made - declared):
        raise UserError(
            f"{table} has wiring in ltv_platform/assets/ but no contract.",
            "List its contract at the end of its module in ltv_platform/contracts/, or correct the "
            "name.",
        )
    for table in sorted(declared - made):
        raise UserError(
            f"{table} has a contract but no wiring, so nothing would build it.",
            "Add its Derivation to the module of its group in ltv_platform/assets/.",
        )
    return Graph(wiring, catalog, settings)
