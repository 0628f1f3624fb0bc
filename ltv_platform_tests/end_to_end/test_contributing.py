"""CONTRIBUTING's own examples work as written."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.command_line import CommandLine
from ltv_platform_tests.testing.forked import Answer
from ltv_platform_tests.testing.home import CAMPAIGNS, Home

#: Says which days of a table are stale, and writes them.
_REFRESH = """
from ltv_platform.refresh.build import build_table
from ltv_platform.refresh.stale import what_is_stale
from ltv_platform.workspace import Workspace

workspace = Workspace.open()
engine, graph = workspace.engine, workspace.graph
days = what_is_stale(engine, graph).plan.days["core.store_visits"]
build_table(engine, graph["core.store_visits"], days, engine.as_of())
print(*days)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, which a fresh process finds in its working directory."""
    for name in ("ltv_platform", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    return tmp_path / "ltv_platform"


def _blocks(heading: str, language: str) -> list[str]:
    """The code blocks of a section of CONTRIBUTING.md, without the list's indentation."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(rf"^ +```{language}\n(.*?)^ +```$", section, re.MULTILINE | re.DOTALL)
    return ["\n".join(line[3:] for line in block.splitlines()) + "\n" for block in found]


def _insert(path: Path, before: str, text: str) -> None:
    source = path.read_text("utf-8")
    assert source.count(before) == 1, f"{path.name} has not one place {before!r}"
    path.write_text(source.replace(before, text + before), "utf-8")


def test_a_table_is_one_contract_one_select_and_one_line(
    ltv: CommandLine, tmp_path: Path, package: Path
) -> None:
    """Adding a table: following the steps builds, checks and publishes it."""
    contract, wiring = _blocks("Adding a table", "python")
    [select] = _blocks("Adding a table", "sql")
    contracts = package / "contracts" / "campaigns.py"
    _insert(contracts, "def campaign_tables(", contract + "\n\n")
    _insert(contracts, "        REVENUE_RECONCILIATION,\n", "        DAILY_REFUNDS,\n")
    (package / "sql" / "campaigns" / "daily_refunds.sql").write_text(select, "utf-8")
    _insert(
        package / "assets" / "campaigns.py",
        '        Derivation("marts.campaign_summary", "campaigns"),\n',
        f"        {wiring}",
    )
    sales = tmp_path / "sales.csv"
    sales.write_text(
        "transaction_id,customer_id,transaction_date,amount,is_refund\n"
        "a,x,2025-12-01 10:00:00,10,0\nb,x,2025-12-01 11:00:00,2.5,1\nc,x,2025-12-03,4,0\n"
    )
    assert ltv.afresh("ingest", "transactions", sales, start_date="2025-12-01").code == 0
    answer = ltv.afresh("run", start_date="2025-12-01")
    assert answer.code == 0, answer.err
    rows = ltv.afresh("query", "SELECT * FROM daily_refunds ORDER BY 1", "--format", "csv")
    assert rows.out.splitlines() == [
        "event_date,refund_amount",
        "2025-12-01,2.500000",
        "2025-12-03,0.000000",
    ]


def test_a_source_is_its_contracts_one_select_and_one_line(
    ltv: CommandLine, tmp_path: Path, package: Path
) -> None:
    """Adding a source: files load, bad rows say why, and a load makes the days stale it touches."""
    source, table, wiring = _blocks("Adding a source", "python")
    [select] = _blocks("Adding a source", "sql")
    sources, core = (package / "contracts" / f"{name}.py" for name in ("sources", "core"))
    _insert(sources, "SOURCES = (\n", source + "\n")
    _insert(sources, "    FX_RATES,\n)", "    STORE_VISITS,\n")
    _insert(core, "CORE_TABLES = (\n", table + "\n")
    _insert(core, "    WAITING_FOR_RATE,\n", "    STORE_VISITS,\n")
    _insert(
        package / "assets" / "core.py",
        '    Derivation("core.waiting_for_rate", "core"),\n',
        f"    {wiring}",
    )
    (package / "sql" / "core" / "store_visits.sql").write_text(select, "utf-8")
    ltv = replace(ltv, settings={"start_date": "2025-12-01"})

    def load(name: str, *rows: str) -> Answer:
        path = tmp_path / name
        path.write_text("\n".join(["visit_id,customer_id,visit_date,minutes", *rows]) + "\n")
        return ltv.afresh("ingest", path)  # known by its columns

    def refresh() -> str:
        finished = subprocess.run(
            [sys.executable, "-c", _REFRESH],
            env=ltv.environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return finished.stdout.strip()

    loaded = load(
        "visits.csv",
        "v1,a,2025-12-01 10:00:00,10",
        "v2,b,2025-12-03 11:00:00,25",
        "v3,b,2025-12-03 12:00:00,-5",
    )
    assert loaded.code == 0, loaded.err
    rejected = ltv.afresh("quarantine", "list", "--format", "csv")
    assert "minutes: '-5' is below 0" in rejected.out
    assert refresh() == "2025-12-01 2025-12-02 2025-12-03"
    assert load("later.csv", "v2,b,2025-12-02 11:00:00,30").code == 0
    assert refresh() == "2025-12-02 2025-12-03", "of the old version, and of the new"


def test_a_figure_of_a_report_is_a_query_and_its_cells(ltv: CommandLine, package: Path) -> None:
    """Adding a figure to a report: the terminal and the page show it."""
    figure, column = _blocks("Adding a figure to a report", "sql")
    [html] = _blocks("Adding a figure to a report", "html")
    group, name, of_campaign, of_total = html.splitlines()
    queries = package / "sql" / "queries" / "reports" / "campaigns"
    page = package / "reports" / "templates" / "campaigns.html.j2"
    _insert(queries / "campaign_view.sql", "      cohort_cost AS spend,\n", figure)
    _insert(queries / "campaign_overview.sql", "  payback_day AS", column)
    cells = page.with_name("_campaigns.html.j2")
    _insert(page, "</tr>\n<tr>{{ m.sorted_by('name'", group)
    _insert(page, "</tr>\n</thead>\n<tbody>\n{% for row in named %}", name)
    _insert(cells, "</tr>\n{% endmacro %}\n\n{% macro total_row", of_campaign)
    _insert(cells, "</tr>\n{% endmacro %}\n\n{#- The parts of", of_total)
    home = Home(ltv.home, groups=CAMPAIGNS, as_of="2025-12-31")
    home.load("customers", "a,2025-12-01,US,ads,alpha", "b,2025-12-01,US,ads,bravo")
    home.load("transactions", "t1,a,2025-12-02,8,0", "t2,a,2025-12-03,2,1")
    home.publish()
    answer = ltv.afresh("report", "--format", "csv")
    assert answer.code == 0, answer.err
    header, alpha, bravo = (line.split(",") for line in answer.out.splitlines())
    at = header.index("refund rate")
    assert (alpha[0], alpha[at], bravo[0], bravo[at]) == ("alpha", "0.25", "bravo", "")
    text = (ltv.home / "reports" / "campaigns.html").read_text("utf-8")
    assert '<td class="edge">25 %</td>' in text
    table = text.partition('<table id="campaigns"')[2].partition("</table>")[0]
    widths = [row.count("<th") + row.count("<td") for row in table.split("<tr")[2:]]
    assert len(set(widths)) == 1, "every row has a cell in every column"
