"""A person is found in a file that feeds several tables, whose SELECTs merge and make rows."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ltv_platform.contracts.sources import SOURCES
from ltv_platform.erasure.finding import open_finder
from ltv_platform.erasure.stripping import KeptFile, Stripper
from ltv_platform.ingestion.adapters.files import bundled_adapters
from ltv_platform.ingestion.adapters.parsing import parse_layout
from ltv_platform.ingestion.suppression.keys import CUSTOMER, Suppressed
from ltv_platform.settings import Settings
from ltv_platform_tests.ingestion.adapters.formats import (
    appsflyer_files,
    test_adjust_raw,
    test_ga4_events,
    test_revenuecat_transactions,
)
from ltv_platform_tests.ingestion.adapters.formats.exported import csv_text

_NONE: Mapping[str, frozenset[str]] = {}
FILES = {
    "appsflyer_raw": ("u1", 7, appsflyer_files.written(appsflyer_files.ROWS)),
    "adjust_raw": ("d1", 6, test_adjust_raw.written(test_adjust_raw.ROWS).encode()),
    "revenuecat_transactions": (
        "c2",
        4,
        csv_text(test_revenuecat_transactions.HEADER, test_revenuecat_transactions.ROWS).encode(),
    ),
    "ga4_events": ("u1", 3, test_ga4_events.ndjson(test_ga4_events.EVENTS).encode()),
}


@pytest.mark.parametrize("adapter", FILES)
@pytest.mark.parametrize("table", ["customers", "transactions"])
def test_records_of_a_person(settings: Settings, tmp_path: Path, adapter: str, table: str) -> None:
    """Regression: the copy could be looked at for one of the tables only."""
    person, count, content = FILES[adapter]
    path = tmp_path / ("export.json" if adapter == "ga4_events" else "export.csv")
    path.write_bytes(content)
    suppressed = Suppressed(b"key", _NONE).together_with({CUSTOMER: [person]})
    with open_finder(settings) as finder:
        stripper = Stripper(finder, {source.name: source for source in SOURCES}, suppressed)
        assert stripper.strip(KeptFile(path, table, adapter)) == count
    left = path.read_text("utf-8")
    assert f",{person}," not in left
    assert f'"{person}"' not in left


@pytest.mark.parametrize(
    ("adapter", "columns"),
    [
        ("appsflyer_raw", {"appsflyer_id", "customer_user_id"}),
        ("adjust_raw", {"adid"}),
        ("revenuecat_transactions", {"app_user_id", "alias"}),
        ("ga4_events", {"user_pseudo_id", "user_id"}),
    ],
)
def test_columns_that_identify_a_person(adapter: str, columns: set[str]) -> None:
    """They are declared: no other column is looked at for the id of a person."""
    assert set(parse_layout(adapter, bundled_adapters()[adapter]).persons) == columns
