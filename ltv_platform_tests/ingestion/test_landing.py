"""The landing folder: what waits, what is left alone, what moves away and what does not."""

import os
from pathlib import Path

import pytest

from ltv_platform.ingestion import load as loading
from ltv_platform.ingestion.landing import ingest_landing, make_landing, waiting_files
from ltv_platform_tests.testing.loader import Loader

CAMPAIGNS = "campaign_id\nc1\n"


@pytest.fixture
def folder(load: Loader) -> Path:
    """The landing folder, with a folder per source."""
    make_landing(load.engine.settings, list(load.engine.catalog.sources))
    return load.engine.settings.landing_path


def test_waiting_files_are_listed_by_folder_the_oldest_first(load: Loader, folder: Path) -> None:
    """By folder, oldest first; hidden and unfinished files and other folders are left alone."""
    (folder / "transactions@cdnow").mkdir()
    for name in (
        "campaigns/b.csv",
        "campaigns/a.csv",
        "campaigns/.hidden.csv",
        "campaigns/c.csv.part",
        "campaigns/d.CSV.TMP",
        "transactions@cdnow/master.txt",
        "of_no_folder.csv",
    ):
        (folder / name).write_text(CAMPAIGNS)
    for age, name in enumerate(("a.csv", "b.csv")):
        os.utime(folder / "campaigns" / name, (1_000 - age, 1_000 - age))
    settings = load.engine.settings
    assert [
        (request.table, request.path.name, request.adapter) for request in waiting_files(settings)
    ] == [
        (None, "of_no_folder.csv", None),
        ("campaigns", "b.csv", None),
        ("campaigns", "a.csv", None),
        ("transactions", "master.txt", "cdnow"),
    ]
    assert [request.path.name for request in waiting_files(settings, ["transactions"])] == [
        "master.txt"
    ]


def test_loaded_files_move_away_and_rejected_ones_stay(load: Loader, folder: Path) -> None:
    """A file with known content is loaded, too: it moves to the folder of its load."""
    good, same, bad = (folder / "campaigns" / name for name in ("a.csv", "b.csv", "c.csv"))
    good.write_text(CAMPAIGNS)
    same.write_text(CAMPAIGNS)
    bad.write_text("name\nx\n")
    outcomes = ingest_landing(load.engine)
    assert [(o.repeated, o.error is None) for o in outcomes] == [
        (False, True),
        (True, True),
        (False, False),
    ]
    assert outcomes[0].counts is not None
    away = load.engine.settings.loaded_path / outcomes[0].counts.load_id
    assert sorted(path.name for path in away.iterdir()) == ["a.csv", "b.csv"]
    assert [request.path for request in waiting_files(load.engine.settings)] == [bad]


def test_a_file_that_grows_while_it_is_loaded_stays(
    load: Loader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: it moved away, and what was written since was never loaded."""
    path = folder / "campaigns" / "a.csv"
    path.write_text(CAMPAIGNS)
    genuine = loading.ingest_each

    def grow(*arguments: object) -> object:
        outcomes = list(genuine(*arguments))  # type: ignore[arg-type]
        with path.open("a") as file:
            file.write("c2\n")
        return outcomes

    with monkeypatch.context() as patch:
        patch.setattr(loading, "ingest_each", grow)
        [outcome] = ingest_landing(load.engine)
    assert "stays in landing" in outcome.notes[0]
    assert path.exists()
    [outcome] = ingest_landing(load.engine)
    assert outcome.counts is not None
    assert (outcome.counts.rows_accepted, outcome.counts.rows_repeated) == (1, 1)
    assert not path.exists()


def test_an_unknown_folder_is_told(load: Loader, folder: Path) -> None:
    """With the nearest name."""
    (folder / "customer").mkdir()
    (folder / "customer" / "a.csv").write_text(CAMPAIGNS)
    [outcome] = ingest_landing(load.engine)
    assert outcome.error is not None
    assert "no source table 'customer'" in outcome.error.message
    assert "Did you mean customers?" in outcome.error.hint
