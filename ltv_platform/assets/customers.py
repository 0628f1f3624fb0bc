"""Customer tables: each is written whole, for an event of today may concern any customer."""

from ltv_platform.transforms import Derivation

CUSTOMERS = (Derivation("marts.customer_ltv", "customers"),)
