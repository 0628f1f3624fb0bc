"""docs/extending.md: its module runs as written, with the platform and without it."""

import importlib.util
import re
import socket
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.orchestration.assets import asset_key
from ltv_platform.orchestration.dagster_home import dagster_environment, prepare_dagster_home
from ltv_platform.orchestration.foreground import bring_up_to_date
from ltv_platform.orchestration.partitions import range_tags
from ltv_platform.published.query import query
from ltv_platform.refresh.stale import what_is_stale
from ltv_platform.settings import load_settings
from ltv_platform.workspace import Workspace
from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import NOW

pytestmark = pytest.mark.slow(60)

TOP, SPEND = dg.AssetKey(["mine", "top_campaigns"]), dg.AssetKey(["mine", "country_spend"])
DAILY = dg.AssetKey(["mine", "daily_spend"])


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A home with two campaigns, loaded and not built."""
    home = load_settings(home=tmp_path / "home")
    variables = {**dagster_environment(home), "LTV_NOW": NOW, "LTV_START_DATE": "2025-12-01"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    workspace = Workspace.open()
    prepare_dagster_home(workspace.settings)
    _load(
        workspace,
        "customers",
        "customer_id,registration_date,country,acquisition_source,campaign_id",
        "a,2025-12-01 10:00:00,US,ads,slow",
        "b,2025-12-02 10:00:00,US,ads,quick",
        "c,2025-12-02 10:00:00,DE,ads,quick",
        "d,2025-12-30 10:00:00,DE,ads,young",
    )
    _load(
        workspace,
        "transactions",
        "transaction_id,customer_id,transaction_date,amount,is_refund",
        "t1,a,2025-12-01 11:00:00,1,0",
        "t2,b,2025-12-02 11:00:00,6,0",
        "t3,a,2025-12-20 11:00:00,50,0",
        "t4,d,2025-12-30 11:00:00,70,0",
    )
    _load(
        workspace,
        "campaign_costs",
        "campaign_id,date,country,cost",
        "slow,2025-12-01,US,4",
        "quick,2025-12-02,,4",
        "young,2025-12-31,DE,1",
    )
    return workspace


def _load(workspace: Workspace, table: str, *lines: str) -> None:
    folder = workspace.settings.home.parent
    path = folder / f"{table}_{len(list(folder.iterdir()))}.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    [outcome] = ingest(workspace.engine, [Request(table, path)])
    assert outcome.error is None, outcome.error


@pytest.fixture
def instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    """The history that `ltv run` writes."""
    with dg.DagsterInstance.from_config(str(workspace.settings.dagster_path)) as instance:
        yield instance


@pytest.fixture
def module(workspace: Workspace, tmp_path: Path) -> ModuleType:
    """The module of the docs, the other examples put into it."""
    text = (ROOT / "docs" / "extending.md").read_text("utf-8")
    first, *others = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assets, end = first.split("@dg.definitions\n")
    assert "assets=[top_campaigns]" in end
    names = "top_campaigns, daily_spend, country_spend"
    end = end.replace("assets=[top_campaigns]", f"assets=[{names}]")
    path = tmp_path / "my_definitions.py"
    others_text = "\n\n".join(others)
    path.write_text(f"{assets}{others_text}\n\n@dg.definitions\n{end}", "utf-8")
    spec = importlib.util.spec_from_file_location("my_definitions", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(
    defs: dg.Definitions, instance: dg.DagsterInstance, *keys: dg.AssetKey, **tags: str
) -> None:
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=list(keys),
        tags=tags,
        raise_on_error=True,
    )
    assert result.success


def test_the_module_of_the_docs(
    workspace: Workspace, instance: dg.DagsterInstance, module: ModuleType
) -> None:
    """Its assets are asked for after publishing, for the days that changed, and give these figures.

    A loop of publishing and own assets would never end: what they write makes nothing stale.
    """
    engine, graph = workspace.engine, workspace.graph
    defs = module.defs()
    dg.Definitions.validate_loadable(defs)

    def requested(cursor: Any) -> tuple[Any, AbstractSet[str | None]]:
        ticked = dg.evaluate_automation_conditions(defs, instance, cursor=cursor)
        days = ticked.get_requested_partitions(SPEND)
        return ticked.cursor, days | ({"top"} if ticked.get_num_requested(TOP) else set())

    cursor, asked = requested(None)
    assert asked == set()
    assert bring_up_to_date(engine, graph, lambda _: None).changed
    cursor, asked = requested(cursor)
    assert {"top", "2025-12-01", "2025-12-31"} <= asked
    assert requested(cursor)[1] == set(), "once each"

    _run(defs, instance, TOP)
    _run(defs, instance, SPEND, **range_tags(date(2025, 12, 1), date(2026, 1, 15)))
    assert not what_is_stale(engine, graph), "own tables are no reason to publish"
    top = "SELECT * FROM mine.top_campaigns ORDER BY roas_d7 DESC"
    columns = ["campaign_id", "installs", "spend", "revenue_d7", "roas_d7"]
    # The revenue of day 20 is none of the first seven days, the last cohort too young for them.
    rows = [("quick", 2, 4, 6, 1.5), ("slow", 1, 4, 1, 0.25)]
    assert query(workspace.settings, top) == (columns, rows)
    spend = (
        "SELECT country, SUM(spend), SUM(installs) FROM mine.country_spend GROUP BY 1 ORDER BY 1"
    )
    assert query(workspace.settings, spend)[1] == [("DE", 3, 2), ("US", 6, 2)]

    _run(defs, instance, DAILY)
    daily = "SELECT * FROM mine.daily_spend WHERE spend > 1 ORDER BY install_date"
    assert query(workspace.settings, daily) == (
        ["install_date", "spend", "installs"],
        [(date(2025, 12, 1), Decimal(4), 1), (date(2025, 12, 2), Decimal(4), 2)],
    )
    types = "SELECT DISTINCT typeof(install_date), typeof(spend) FROM mine.daily_spend"
    assert query(workspace.settings, types)[1] == [("DATE", "DECIMAL(38,6)")]

    header = "transaction_id,customer_id,transaction_date,amount,is_refund"
    _load(workspace, "transactions", header, "late,a,2025-12-03 11:00:00,9,0")
    assert bring_up_to_date(engine, graph, lambda _: None).changed
    _, asked = requested(cursor)
    # The cohorts that a day is in, as the planner has it. The own run and the publishing after it
    # are seen in the same look.
    assert asked == {"top", "2025-12-01", "2025-12-02", "2025-12-03"}


def test_the_platform_leaves_own_assets_alone(
    workspace: Workspace, instance: dg.DagsterInstance, module: ModuleType
) -> None:
    """The job that the sensors start holds what it held before, own checks of our tables aside."""

    @dg.asset_check(asset=asset_key("marts.campaign_roas"))
    def mine() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    merged = dg.Definitions.merge(module.defs(), dg.Definitions(asset_checks=[mine]))
    job = merged.resolve_job_def("refresh").asset_layer
    names = {key.path[0] for key in job.executable_asset_keys}
    assert names == {"raw", "core", "marts", "publish"}
    assert {"unique_key", "rejected_share", "spend_reconciles"} <= {
        key.name for key in job.asset_graph.asset_check_keys
    }
    assert "mine" not in {key.name for key in job.asset_graph.asset_check_keys}


def test_own_and_other_assets_in_one_run(
    workspace: Workspace, instance: dg.DagsterInstance, module: ModuleType
) -> None:
    """As a person may ask for in the UI: they take one turn, and each its inputs' place.

    `ltv tables` lists own tables with their schema; a damaged file says how to fix it.
    """
    bring_up_to_date(workspace.engine, workspace.graph, lambda _: None)
    days = range_tags(date(2025, 12, 1), date(2025, 12, 2))
    _run(module.defs(), instance, asset_key("marts.campaign_roas"), SPEND, TOP, **days)
    counts = "SELECT COUNT(*), (SELECT COUNT(*) FROM mine.top_campaigns) FROM mine.country_spend"
    assert query(workspace.settings, counts)[1] == [(3, 2)]
    ltv = CommandLine(workspace.settings.home)
    listed = ltv("tables", "--format", "csv")
    assert "mine.top_campaigns,own,2,Table of your own asset." in listed.out
    (workspace.settings.own_path / "mine" / "country_spend.parquet").write_bytes(b"no Parquet")
    answer = ltv("query", "SELECT 1")
    assert answer.code == 2
    assert "The file of mine.country_spend cannot be read" in answer.err


def test_a_module_that_is_not_there(ltv: CommandLine) -> None:
    """`ltv up` refuses, because its services would restart forever."""
    ltv.home.parent.mkdir(exist_ok=True)
    answer = ltv("up", "--module", "no_such_definitions", "--port", _free_port())
    assert answer.code == 2
    assert f"There is no module no_such_definitions in {ltv.home.parent}" in answer.err


def test_a_module_that_cannot_be_loaded(ltv: CommandLine) -> None:
    """`ltv up` says which and why, instead of a traceback and the address of an empty UI."""
    ltv.home.parent.mkdir(exist_ok=True)
    module = ltv.home.parent / "broken_definitions.py"
    module.write_text("import json\nimport no_such_package\n", "utf-8")
    answer = ltv("up", "--module", "broken_definitions", "--port", _free_port())
    assert answer.code == 2
    assert (
        "The module broken_definitions cannot be loaded: ModuleNotFoundError: "
        f"No module named 'no_such_package' ({module}, line 2)"
    ) in answer.err
    assert "Traceback" not in answer.err and "Dagster UI" not in answer.err


def test_a_port_that_there_is_not(ltv: CommandLine) -> None:
    """It is an error of the call, not a defect."""
    answer = ltv("up", "--port", "80000")
    assert answer.code == 2
    assert "equal to 65535" in answer.err and "defect" not in answer.err


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
