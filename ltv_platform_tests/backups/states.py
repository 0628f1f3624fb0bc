"""What an LTV_HOME contains, file by file and table by table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltv_platform.published.current import require_snapshot
from ltv_platform_tests.testing.home import Home


def silent(text: str) -> None:
    """Progress that nobody looks at."""


def files(folder: Path) -> Mapping[str, bytes | None]:
    """The bytes of every file below a folder by its path, and None for every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.name not in (".lock", "run.lock", "up.lock", "spool.lock")
    }


def all_rows(home: Home) -> Mapping[str, list[tuple[Any, ...]]]:
    """All rows of every table of the warehouse in their order, and of the snapshot."""
    with home.engine.hold():
        rows = {
            table.full_name: home.engine.rows(f"SELECT * FROM {table.full_name} ORDER BY rowid")
            for table in home.graph.catalog
        }
    published = require_snapshot(home.settings).manifest["tables"]
    return {**rows, **{name: home.values(f"SELECT * FROM {name}") for name in published}}
