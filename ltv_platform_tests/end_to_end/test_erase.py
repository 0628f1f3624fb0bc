"""``ltv erase`` as people use it, with Dagster's history of real runs."""

import os
import re

import dagster as dg
import pytest

from ltv_platform.orchestration.dagster_home import dagster_environment
from ltv_platform.settings import Settings
from ltv_platform_tests.erasure.worlds import ADA, NOT_ADA, drop_files, hers_in
from ltv_platform_tests.testing.command_line import CommandLine

pytestmark = pytest.mark.slow(60)


@pytest.mark.filterwarnings("ignore")
def test_erase(ltv: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """README: `ltv erase ID [--dry-run]`; exit 2 where nothing is known of somebody."""
    ltv = CommandLine(ltv.home, {"start_date": "2025-12-01", "horizons": "1,7"})
    drop_files(ltv.home)
    assert ltv("run").code == 0
    _write_into_history(ltv, monkeypatch)
    before = hers_in(ltv.home)
    assert {name.split("/")[0] for name in before} == {
        "dagster",
        "loaded",
        "published",
        "warehouse.duckdb",
    }
    shown = ltv.afresh("erase", ADA, "--dry-run")
    assert shown.code == 0
    assert "nothing was changed" in shown.err
    rows = [re.split(r"  +", line) for line in shown.out.splitlines()]
    found = {row[0]: row[2] for row in rows if len(row) == 4}
    assert (found["raw.customers"], found["raw.quarantine"]) == ("2", "3")
    assert found["core.transactions"] == "11"
    assert hers_in(ltv.home) == before
    done = ltv("erase", f" {ADA} ")
    assert (done.code, done.out.split()[:4]) == (0, shown.out.split()[:4])
    assert "Erased, and blocked from later loads" in done.err
    assert hers_in(ltv.home) == {}
    counted = ltv("query", "SELECT customer_id FROM customers ORDER BY 1", "--format", "csv")
    assert counted.out.splitlines() == ["customer_id", NOT_ADA, '"bob, jr"', "carl"]
    for person, words in (("nobody", "'nobody' was not found"), (" \t", "id is empty")):
        refused = ltv("erase", person)
        assert refused.code == 2
        assert words in refused.err
    assert ltv("run").err.startswith("Nothing is stale.")


def _write_into_history(ltv: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a check that fails says which key it found twice."""
    for name, value in dagster_environment(Settings(home=ltv.home)).items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                dg.AssetKey(["core", "transactions"]),
                description=f"1 keys twice, such as (tx-ada-1) of {ADA}",
            )
        )
