"""Dagster's history: texts that name a person are redacted, runs and partitions stay."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from ltv_platform.compressed_text import decompressed
from ltv_platform.erasure import history
from ltv_platform.errors import UserError
from ltv_platform.ingestion.suppression.texts import Needles
from ltv_platform.orchestration.dagster_home import dagster_environment, prepare_dagster_home
from ltv_platform.settings import Settings
from ltv_platform_tests.erasure.worlds import contents

KEY = dg.AssetKey(["core", "customers"])


@pytest.fixture
def instance(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """A history with one materialization that names c1 and the transaction 17."""
    for name, value in dagster_environment(settings).items():
        monkeypatch.setenv(name, value)
    prepare_dagster_home(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_path)) as instance:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                KEY,
                description="customers has 1 keys twice, such as (c1), not c10",
                partition="2025-12-01",
                metadata={
                    "rows": 17,
                    "example": "17",
                    "sample": dg.MetadataValue.json({"who": ["c1", "c2"], "n": 17}),
                    "table": dg.MetadataValue.md("| c1 | c10 |"),
                },
            )
        )
        job = dg.GraphDefinition(name="nothing").to_job(
            tags={"asked_by": "c1", "ltv/refresh": "c1"}
        )
        job.execute_in_process(instance=instance)
        yield instance


def _redact(settings: Settings, *identifiers: str) -> int:
    return sum(
        history.redact(path, Needles(identifiers)) for path in history.history_files(settings)
    )


def test_texts_are_redacted_and_the_rest_stays(
    instance: dg.DagsterInstance, settings: Settings
) -> None:
    """Numbers, keys, partitions and Dagster's own tags are left alone, whatever their names.

    The state of every partition, by which the UI and backfills go, is as it was.
    """
    printed = settings.dagster_path / "storage" / "run" / "compute_logs" / "step.err"
    printed.parent.mkdir(parents=True)
    printed.write_text("c1 failed, c10 not\n")
    settings_file = settings.dagster_path / "dagster.yaml"
    before = settings_file.read_text() + "# c1\n"
    settings_file.write_text(before)
    partitions = instance.get_materialized_partitions(KEY)
    assert _redact(settings, "c1", "17", "2025", "core", "customers", "nothing") >= 5
    [record] = instance.fetch_materializations(KEY, limit=1).records
    event = record.asset_materialization
    assert event is not None
    assert event.description == "(erased) has 1 keys twice, such as ((erased)), not c10"
    assert {name: entry.value for name, entry in event.metadata.items()} == {
        "rows": 17,
        "example": "(erased)",
        "sample": {"who": ["(erased)", "c2"], "n": 17},
        "table": "| (erased) | c10 |",
    }
    assert instance.get_materialized_partitions(KEY) == partitions == {"2025-12-01"}
    [run] = instance.get_runs()
    assert (run.tags["asked_by"], run.tags["ltv/refresh"]) == ("(erased)", "c1")
    assert run.job_name == "nothing"
    assert printed.read_text() == "(erased) failed, c10 not\n"
    assert settings_file.read_text() == before


def test_names_of_files_are_redacted(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Files are called by whom they are about; short identifiers would be found by chance."""
    needles = Needles({"c00000014", "u1"}, in_names=True)
    text = "reading c00000014_bad.csv, for_c00000014.csv, c000000141.csv and u1_x.csv"
    assert needles.are_in(text)
    assert needles.redacted(text) == (
        "reading (erased)_bad.csv, for_(erased).csv, c000000141.csv and u1_x.csv"
    )
    instance.report_runless_asset_event(dg.AssetMaterialization(KEY, description=text))
    for path in history.history_files(settings):
        history.redact(path, needles)
    [record] = instance.fetch_materializations(KEY, limit=1).records
    assert record.asset_materialization is not None
    assert record.asset_materialization.description == needles.redacted(text)
    assert not Needles({"c00000014"}).are_in(text)


def test_no_byte_is_left_in_its_files(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Overwritten pages go, those of the write-ahead logs and of deleted events too."""
    instance.report_runless_asset_event(
        dg.AssetMaterialization(KEY, description="x" * 9000 + " Marylebone-77 " + "y" * 9000)
    )

    def naming() -> list[str]:
        files = [path for path in settings.dagster_path.rglob("*") if path.is_file()]
        return [p.name for p in files if any(b"Marylebone-77" in each for each in contents(p))]

    assert naming()
    assert _redact(settings, "Marylebone-77") >= 1
    assert naming() == []
    assert _redact(settings, "Marylebone-77") == 0
    assert _redact(settings, "Marylebone-77") == 0


def test_deleted_events_go_from_the_file(instance: dg.DagsterInstance, settings: Settings) -> None:
    """SQLite leaves what was deleted in its pages; compressed, nobody can tell whose it was."""
    instance.report_runless_asset_event(dg.AssetMaterialization(KEY, description="Marylebone-77"))
    [path] = settings.dagster_path.rglob("event_log.db")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        newest = "event_logs WHERE id = (SELECT MAX(id) FROM event_logs)"
        [(event,)] = database.execute(f"SELECT event FROM {newest}").fetchall()
        assert "Marylebone-77" in decompressed(event)
        database.execute(f"DELETE FROM {newest}")
        database.execute("DELETE FROM asset_keys")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert event in path.read_bytes()
    assert _redact(settings, "Marylebone-77") == 0
    assert event not in path.read_bytes()


def test_a_history_in_use_is_said(
    instance: dg.DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that reads it keeps its old pages; the message says to end it."""
    monkeypatch.setattr(history, "_PATIENCE", 0.1)
    [index] = settings.dagster_path.rglob("event_log.db")
    with closing(sqlite3.connect(index, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM event_logs").fetchone()
        with pytest.raises(UserError, match="is in use by another process") as raised:
            _redact(settings, "c1")
    assert "Stop `ltv ui`" in raised.value.hint


def test_no_history_is_fine(tmp_path: Path, settings: Settings) -> None:
    """Before the first run there is none."""
    assert list(history.history_files(settings)) == []
