"""What two LTV_HOMEs with the same files must have in common, and what neither may keep.

For proofs and chaos: whatever was done to one, it ends as the undisturbed other.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltv_platform.export.channel_csv import channel_csv_path
from ltv_platform.published.current import require_snapshot
from ltv_platform_tests.testing.home import Home

#: Few horizons, so that statements are short; the same for commands and for homes in process.
#: Whoever waits for another command waits longer than it takes on the busiest machine.
SETTINGS = {
    "horizons": "1,3,7",
    "user_horizons": "7",
    "threads": "1",
    "lock_timeout": "1800",
}


def home_at(folder: Path, **settings: str) -> Home:
    """The home of a folder as its commands see it, under further settings."""
    return Home(folder, **SETTINGS, **settings)


def contents(folder: Path, *, ordered: bool) -> Mapping[str, Any]:
    """All that must be equal of two homes that hold the same files.

    Args:
        folder: An LTV_HOME that is up to date.
        ordered: The files came in the same order, so where each row came from counts too.

    Returns:
        By published table the bytes of its files, hashed; by raw table its rows, without the
        columns that tell when they came; the report's page and the CSV of channels.
    """
    home = home_at(folder)
    published = require_snapshot(home.settings)
    seen: dict[str, Any] = {
        table.name: [
            hashlib.sha256(Path(file).read_bytes()).hexdigest()
            for file in published.files(table.name)
        ]
        for table in home.graph.catalog.derived
    }
    for source in home.graph.catalog.sources.values():
        if not ordered and source.replaces is not None:
            continue  # each load of it is kept, what counts is seen in the core
        names = [column.name for column in source.stored_values]
        names += ["source_file", "line", "version", "load_id"] if ordered else []
        columns = ", ".join(f'"{name}"' for name in names)
        rows = home.engine.rows(f"SELECT {columns} FROM raw.{source.name}")
        seen[f"raw.{source.name}"] = Counter(map(repr, rows))
    page = (home.settings.reports_path / "campaigns.html").read_text("utf-8")
    seen["report"] = page.replace(published.path.name, "the current snapshot")
    seen["channel_reporting.csv"] = channel_csv_path(home.settings).read_text("utf-8")
    sums = "COUNT(*), SUM(rows_in_file), SUM(rows_received), SUM(rows_quarantined)"
    seen["loads"] = home.engine.rows(f"SELECT {sums} FROM raw.loads")
    seen["quarantine"] = Counter(
        map(repr, home.engine.rows("SELECT load_id, line, reasons, raw FROM raw.quarantine"))
    )
    return seen


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The names of what differs; "as undisturbed" where nothing does."""
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return "differs: " + ", ".join(names) if names else "as undisturbed"


def leftovers(folder: Path) -> list[str]:
    """Files and folders that only a command under way has use for."""
    patterns = (
        "staging_*",
        "warehouse_*",
        "warehouse.duckdb.*",
        "restoring*",
        "backups/.draft_*",
        "*.new",
        "published/.*draft",
        "published/*/tmp_*",
        "published/*/*/tmp_*",
        "reports/.draft_*",
        "landing/*/*",
    )
    return sorted(
        str(path.relative_to(folder)) for pattern in patterns for path in folder.glob(pattern)
    )
