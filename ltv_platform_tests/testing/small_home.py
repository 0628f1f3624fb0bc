"""Rows of two months, and a home filled with them: for tests of snapshots and of backups."""

from pathlib import Path
from typing import Any

from ltv_platform.published import snapshot
from ltv_platform_tests.testing.home import Home

SETTINGS: dict[str, Any] = {"start_date": "2025-03-01", "as_of": "2025-04-30", "horizons": (1, 7)}
ROWS = {
    "customers": ("a,2025-03-01 10:00:00,US,ads,c1", "b,2025-04-05 10:00:00,DE,,"),
    "transactions": ("t1,a,2025-03-01 11:00:00,5,0", "t2,b,2025-04-05 11:00:00,3,0"),
    "customer_interactions": (
        *(f"i{day},a,2025-03-{day} 11:00:00,login" for day in (10, 20)),
        *(f"j{day},a,2025-04-{day} 11:00:00,login" for day in (10, 20)),
    ),
    "campaign_costs": ("c1,2025-03-01,US,2",),
}


def filled(folder: Path, *, backwards: bool = False) -> Home:
    """A home with these rows loaded, in this order or from the last; nothing is published."""
    home = Home(folder, **SETTINGS)
    order = reversed(ROWS) if backwards else ROWS
    for table in order:
        home.load(table, *ROWS[table])
    return home


def is_stale(home: Home) -> bool:
    """Whether the snapshot must be published again."""
    return snapshot.is_stale(home.graph, home.engine.state(), home.settings)
