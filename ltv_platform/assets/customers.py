"""Customer tables: each is written whole, for an event of today may concern any customer."""

from ltv_platform.factors.influence import influencing_factors
from ltv_platform.transforms import Derivation

CUSTOMERS = (
    Derivation("marts.customer_ltv", "customers"),
    Derivation("marts.ltv_influencing_factors", "customers", fit=influencing_factors),
)
