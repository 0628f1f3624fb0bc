"""Several files in one call: each is a separate load, whatever happens to the others."""

from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.ingestion import load as loading
from ltv_platform.ingestion import taking
from ltv_platform.ingestion.files import private_copy
from ltv_platform.ingestion.landing import ingest_landing
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.ingestion.rows import staging
from ltv_platform.warehouse.duckdb.transaction import DuckDBTransaction
from ltv_platform_tests.testing.loader import Loader

_LOADED = "SELECT source_file FROM raw.loads ORDER BY source_file"


def _land(load: Loader, count: int) -> list[Path]:
    """Files 0 to count - 1 in landing, of a row each, in a home whose start is settled."""
    load("campaigns", "campaign_id\nc0\n")
    return [
        load.write(
            str(load.engine.settings.landing_path / "conversions" / f"{number:02}.csv"),
            f"conv_id,user_id,conv_date,conv_time,revenue\nv{number},u,2025-03-02,10:00,{number}\n",
        )
        for number in range(count)
    ]


@pytest.fixture
def load(load: Loader, monkeypatch: pytest.MonkeyPatch) -> Loader:
    """With a start, so that files need not settle it together, and all of them in one turn."""
    monkeypatch.setattr(loading, "_TURN", 600.0)
    load("conversions", "conv_id,user_id,conv_date,conv_time,revenue\nv,u,2025-03-01,10:00,1\n")
    return load


def test_one_that_breaks_the_call_keeps_no_other_out(
    load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those before it are in, and are away after the next call."""
    paths = _land(load, 4)
    stage = staging.stage

    def breaks(connection, engine, incoming, *more):  # type: ignore[no-untyped-def]
        if incoming.file.copy.name == "02.csv":
            raise RuntimeError("a defect")
        return stage(connection, engine, incoming, *more)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="a defect"):
        patch.setattr(loading, "stage", breaks)
        ingest_landing(load.engine)
    loaded = [name for (name,) in load.rows(_LOADED)]
    assert loaded == ["00.csv", "01.csv", "campaigns.csv", "conversions.csv"]
    assert not list(load.engine.settings.home.glob("staging_*"))
    assert [outcome.repeated for outcome in ingest_landing(load.engine)] == [1, 1, 0, 0]
    assert not any(path.exists() for path in paths)


def test_what_was_loaded_has_moved_away_when_a_later_one_breaks_the_call(
    load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a thousand files are killed at the last one, they are not all read again."""
    monkeypatch.setattr(loading, "_TURN", 0.0)
    paths = _land(load, 4)
    append = DuckDBTransaction.append

    def breaks(transaction, staged, *arguments):  # type: ignore[no-untyped-def]
        if staged.source_file == "03.csv":
            raise RuntimeError("a defect")
        return append(transaction, staged, *arguments)

    monkeypatch.setattr(DuckDBTransaction, "append", breaks)
    with pytest.raises(RuntimeError, match="a defect"):
        ingest_landing(load.engine)
    assert [path.exists() for path in paths] == [False, False, False, True]


def test_a_large_file_has_a_turn_of_its_own(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is copied while others may use the warehouse; behind a link, too."""
    paths = _land(load, 4)
    with paths[1].open("a") as file:
        file.write("\n" * 200)
    link = load.folder / "link.csv"
    link.symlink_to(paths[1])
    monkeypatch.setattr(loading, "_LARGE", 200)
    turns: list[int] = []
    in_turn = loading._ingest_in_turn

    def counted(*arguments):  # type: ignore[no-untyped-def]
        outcomes = in_turn(*arguments)
        turns.append(len(outcomes))
        return outcomes

    monkeypatch.setattr(loading, "_ingest_in_turn", counted)
    requests = [Request("conversions", path) for path in (paths[0], link, *paths[2:])]
    assert [outcome.error for outcome in ingest(load.engine, requests)] == [None] * 4
    assert turns == [1, 3]


def test_one_that_cannot_be_appended_is_its_own_business(
    load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter may fail on rows that another start lets in."""
    paths = _land(load, 3)
    judge_again = staging.judge_again

    def refuses(connection, engine, staged, start):  # type: ignore[no-untyped-def]
        if staged.load.source_file == "01.csv":
            raise UserError("It cannot be judged.", "Fix it.")
        judge_again(connection, engine, staged, start)

    monkeypatch.setattr(loading, "judge_again", refuses)
    outcomes = ingest_landing(load.engine)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert [path.exists() for path in paths] == [False, True, False]


def test_two_copies_are_there_at_the_most(
    load: Loader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The disk need not hold all of them at once, links and what is refused included."""
    paths = _land(load, 4)
    paths[2].write_bytes(b"\x00" * 99)
    link = tmp_path / "link.csv"
    link.symlink_to(paths[3])
    take_copy, copies = private_copy.take_copy, []

    def counted(*arguments, **options):  # type: ignore[no-untyped-def]
        copied = take_copy(*arguments, **options)
        copies.append(len(list(load.engine.settings.home.glob("staging_*/*/*"))))
        return copied

    monkeypatch.setattr(taking, "take_copy", counted)
    requests = [Request("conversions", path) for path in (*paths[:3], link)]
    errors = [outcome.error for outcome in ingest(load.engine, requests)]
    assert [error is None for error in errors] == [True, True, False, True]
    assert max(copies) <= 2
