"""Exports that feed several tables: a person known by an address is removed from the file."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ltv_platform.contracts.sources import SOURCES
from ltv_platform.erasure.files import ids_beside, kept_files
from ltv_platform.erasure.finding import open_finder
from ltv_platform.erasure.stripping import Stripper
from ltv_platform.ingestion import landing
from ltv_platform.ingestion.adapters import files as adapter_files
from ltv_platform.ingestion.adapters import recognition
from ltv_platform.ingestion.adapters.parsing import parse_layout
from ltv_platform.ingestion.adapters.person_ids import person_id
from ltv_platform.ingestion.files.unfollowed import state_of
from ltv_platform.ingestion.landing import ingest_landing, make_landing, waiting_files
from ltv_platform.ingestion.load import ingest
from ltv_platform.ingestion.suppression.keys import CUSTOMER, Suppressed
from ltv_platform.ingestion.suppression.texts import Needles
from ltv_platform_tests.ingestion.adapters.own_formats import SHOP
from ltv_platform_tests.testing.loader import Loader

HEAD = "Order,Day,Total (EUR),E-mail\n"
HERS = '1,13/05/2025,"1,50",Ann@example.com\n2,14/05/2025,"2,50",ann@example.com\n'
TORN = "ann@example.com,torn\n"
HIS = '3,15/05/2025,"3,50",bob@example.com\n,,,\n4,16/05/2025,"4,50",\n'


@pytest.fixture
def landed(load: Loader) -> Path:
    """A file in the landing folder of an adapter that feeds customers and transactions."""
    settings = load.engine.settings
    own = load.write("shop.sql", SHOP)
    make_landing(settings, list(load.engine.catalog.sources))
    path = settings.landing_path / "may.csv"
    path.write_text(HEAD + HERS + TORN + HIS)
    assert own.exists()
    return path


@pytest.mark.parametrize("loaded", [False, True], ids=["in landing", "loaded"])
def test_a_person_goes_out_of_an_export(
    load: Loader, landed: Path, monkeypatch: pytest.MonkeyPatch, loaded: bool
) -> None:
    """By the hash of her address, in torn records too; all others stay, and are not a new load."""
    text = (load.folder / "shop.sql").read_text()
    monkeypatch.setattr(adapter_files, "bundled_adapters", lambda: {"shop": text})
    monkeypatch.setattr(recognition, "known_formats", lambda: {"shop": parse_layout("shop", text)})
    engine = load.engine
    if loaded:
        ingest_landing(engine)
        assert not landed.exists()
    [file] = kept_files(engine)
    assert (file.table, file.adapter) == ("customers", "shop")
    ann = person_id(engine.settings, "ann@example.com")
    suppressed = Suppressed(b"key", {}).together_with({CUSTOMER: [ann]})
    remembered: list[tuple[str, str]] = []
    with open_finder(engine.settings) as finder:
        stripper = Stripper(finder, {source.name: source for source in SOURCES}, suppressed)
        count = stripper.strip(file, lambda new, old: remembered.append((new, old)))
    assert count == 3
    assert file.path.read_text() == HEAD + HIS
    if loaded:
        loads = {load_id for (load_id,) in load.rows("SELECT load_id FROM raw.loads")}
        assert {old for _, old in remembered} == loads


def test_ids_beside_an_address_are_found(load: Loader) -> None:
    """Regression: rows under the id of the source stayed, and nothing led to them any more."""
    engine = load.engine
    make_landing(engine.settings, list(engine.catalog.sources))
    header = "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status"
    (engine.settings.landing_path / "payments.csv").write_text(
        f"{header},Customer ID,Customer Email\n"
        "ch_1,2025-05-01 10:00:00,10.00,0.00,usd,true,Paid,cus_A,Ann@example.com\n"
        "ch_2,2025-05-01 10:00:00,10.00,0.00,usd,true,Paid,cus_B,bob@example.com\n"
        "ch_3,2025-05-01 10:00:00,10.00,0.00,usd,true,Paid,,ann@example.com\n"
    )
    ann = person_id(engine.settings, "ann@example.com")
    assert ids_beside(engine, ann) == {"cus_A": "payments.csv"}
    ingest_landing(engine)
    assert ids_beside(engine, ann) == {"cus_A": "payments.csv"}


def test_a_loaded_file_is_found_whichever_table_its_adapter_names_first(load: Loader) -> None:
    """Regression: after a table without persons, no further table was searched."""
    engine = load.engine
    own = load.write(
        "own.sql",
        "-- needs: email (person) = E-mail\n-- needs: c\n"
        "-- table: campaigns\nSELECT DISTINCT c AS campaign_id FROM file\n"
        "-- table: customers\n"
        "SELECT email AS customer_id, '2025-05-01' AS registration_date, c AS campaign_id "
        "FROM file",
    )
    make_landing(engine.settings, list(engine.catalog.sources))
    folder = engine.settings.landing_path / "customers"
    (folder / "a.csv").write_text("E-mail,c\nann@example.com,c1\n")
    [request] = waiting_files(engine.settings)
    outcomes = ingest(engine, [replace(request, table=None, adapter=str(own))])
    assert [outcome.error for outcome in outcomes] == [None, None]
    state = state_of(request.path.lstat())
    landing._move_away(engine, tuple(outcomes), state)
    [file] = kept_files(engine)
    assert file.table == "customers"


def test_a_file_that_cannot_be_read_is_searched_for_the_address(
    load: Loader,
) -> None:
    """Regression: only the hash was searched for, which is in no file."""
    settings = load.engine.settings
    ann = person_id(settings, "ann@example.com")
    needles = Needles([ann], id_of=partial(person_id, settings))
    assert needles.are_in("a line, of Ann@Example.com; torn")
    assert not needles.are_in("a line, of bob@example.com; torn")
