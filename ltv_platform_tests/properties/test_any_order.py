"""Any files, split in any way, in any order, interrupted at any statement: the same tables."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note

from ltv_platform.ingestion.load import Outcome, Request, ingest
from ltv_platform.published import parts
from ltv_platform_tests.proofs.restatement.restated import published_tables
from ltv_platform_tests.properties.crashes import Crash, Fuse
from ltv_platform_tests.properties.naive import purchases, spend
from ltv_platform_tests.properties.worlds import START, File, Step, World, worlds
from ltv_platform_tests.testing.examples import PROFILE
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.loader import assert_adds_up

pytestmark = pytest.mark.slow(120)

_SETTINGS: dict[str, Any] = {"start_date": START, "horizons": (1, 7), "user_horizons": (7,)}


@PROFILE
@given(world=worlds)
def test_tables_equal_one_load_of_everything(world: World) -> None:
    """Late, twice, corrected, restated, torn apart and killed: as if loaded once, in one file."""
    with (
        tempfile.TemporaryDirectory(prefix="ltv_world_") as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Monthly parts for every table, so that parts are linked from snapshot to snapshot.
        patch.setattr(parts, "_SMALL", 0)
        patch.setattr(parts, "_LARGE", 0)
        folder = Path(name)
        lived = Home(folder / "lived", **_SETTINGS, **world.settings)
        _live(lived, world, folder)
        once = Home(folder / "once", **_SETTINGS, **world.settings)
        files = _as_few_as_possible(world)
        outcomes = ingest(
            once.engine, [_request(file, folder / "once", i) for i, file in enumerate(files)]
        )
        _count(files, outcomes)
        once.publish()
        given = published_tables(lived.settings, figures_only=True)
        expected = published_tables(once.settings, figures_only=True)
        for table, content in expected.items():
            assert given[table] == content, table
        assert _rejected(lived) == _rejected(once)
        assert _table(lived, "transactions", "transaction_id, event_date, amount, is_refund") == (
            purchases(world)
        )
        assert _table(lived, "campaign_spend", "campaign_id, date, country, spend") == spend(world)


def _live(home: Home, world: World, folder: Path) -> None:
    """Take all steps; a file whose process died is ingested again, at once or at the end."""
    again: list[int] = []
    for step in world.steps:
        try:
            _take(home, step, world, folder, Fuse(step.dies_at, after=step.after))
        except Crash:
            note(f"died: {step}")
            if world.in_order and isinstance(step.does, int):
                _take(home, step, world, folder, Fuse(None, after=False))
            elif isinstance(step.does, int):
                again.append(step.does)
    for place in again:
        _take(home, Step(place), world, folder, Fuse(None, after=False))
    home.publish()
    loads = home.engine.rows("SELECT rows_in_file, rows_skipped + rows_received FROM raw.loads")
    assert all(rows == parts for rows, parts in loads)


def _take(home: Home, step: Step, world: World, folder: Path, fuse: Fuse) -> None:
    process = home.under(**dict(step.settings))
    process.engine.connect = fuse.connect(process.settings)
    if isinstance(step.does, int):
        file = world.files[step.does]
        _count([file], ingest(process.engine, [_request(file, folder / "lived", step.does)]))
    elif step.does == "refresh":
        process.refresh()
    else:
        process.publish()


def _count(files: list[File], outcomes: list[Outcome]) -> None:
    """Every record that was generated is accounted for, and none without a reason is rejected."""
    for file, outcome in zip(files, outcomes, strict=True):
        counts = outcome.counts
        assert counts is not None, outcome.error
        assert_adds_up(counts)
        assert counts.rows_in_file == len(file.records)
        assert counts.rows_quarantined == sum(not record.good for record in file.records)


def _request(file: File, folder: Path, place: int) -> Request:
    path = folder / "incoming" / f"{file.table}_{place}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(file.text, "utf-8")
    return Request(file.table, path)


def _as_few_as_possible(world: World) -> list[File]:
    """One file per table; but where the order counts, lines of one file would contradict."""
    files: list[File] = []
    for table in dict.fromkeys(file.table for file in world.files):
        parts = [file for file in world.files if file.table == table]
        if table not in {"customers", "campaigns"} and world.in_order:
            files += parts
        else:
            files.append(File(table, tuple(record for part in parts for record in part.records)))
    return files


def _rejected(home: Home) -> Counter[tuple[Any, ...]]:
    return Counter(home.engine.rows("SELECT table_name, reasons::VARCHAR, raw FROM raw.quarantine"))


def _table(home: Home, table: str, columns: str) -> list[tuple[Any, ...]]:
    return home.values(f"SELECT {columns} FROM {table} ORDER BY ALL")
