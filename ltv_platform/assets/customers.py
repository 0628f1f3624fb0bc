"""Customer tables: each is written as a whole, because today's events may change any customer."""

from ltv_platform.factors.influence import influencing_factors
from ltv_platform.tables.transforms import Derivation

CUSTOMERS = (
    Derivation("marts.customer_ltv", "customers"),
    Derivation("marts.customer_cohort_sums", "customers"),
    Derivation("marts.customer_cohort_curve", "customers"),
    Derivation("marts.ltv_by_cohort", "customers"),
    Derivation("marts.customer_retention_sums", "customers"),
    Derivation("marts.customer_retention", "customers"),
    Derivation("marts.rfm_segments", "customers"),
    Derivation("marts.rfm_migration", "customers"),
    Derivation("marts.ltv_influencing_factors", "customers", fit=influencing_factors),
)
