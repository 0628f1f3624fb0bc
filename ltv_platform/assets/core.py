"""Core tables; each reads the raw log of its own days."""

from ltv_platform.tables.transforms import Derivation, Window

CORE = (
    Derivation("core.customers", "core"),
    Derivation("core.transactions", "core"),
    Derivation("core.interactions", "core"),
    Derivation("core.sessions", "core"),
    Derivation("core.conversions", "core"),
    Derivation("core.campaign_spend", "core"),
    Derivation("core.waiting_for_rate", "core"),
    Derivation("core.waiting_for_customer", "core", {"core.customers": Window(before=None)}),
)
