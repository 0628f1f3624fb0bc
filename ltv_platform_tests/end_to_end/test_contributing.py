"""CONTRIBUTING's own example works as written."""

import re
import shutil
from pathlib import Path

from ltv_platform_tests.testing import ROOT
from ltv_platform_tests.testing.command_line import CommandLine


def _blocks(language: str) -> list[str]:
    """The code blocks of CONTRIBUTING.md in a language, without the list's indentation."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    found = re.findall(rf"^ +```{language}\n(.*?)^ +```$", text, re.MULTILINE | re.DOTALL)
    return ["\n".join(line[3:] for line in block.splitlines()) + "\n" for block in found]


def _insert(path: Path, before: str, text: str) -> None:
    source = path.read_text("utf-8")
    assert source.count(before) == 1, f"{path.name} has not one place {before!r}"
    path.write_text(source.replace(before, text + before), "utf-8")


def test_a_table_is_one_contract_one_select_and_one_line(ltv: CommandLine, tmp_path: Path) -> None:
    """Following the steps in a copy of the project builds, checks and publishes the table.

    The copy is what a fresh process finds in its working directory.
    """
    for name in ("ltv_platform", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    contract, wiring = _blocks("python")
    [select] = _blocks("sql")
    package = tmp_path / "ltv_platform"
    contracts = package / "contracts" / "campaigns.py"
    _insert(contracts, "def campaign_tables(", contract + "\n\n")
    _insert(contracts, "        REVENUE_RECONCILIATION,\n", "        DAILY_REVENUE,\n")
    (package / "sql" / "campaigns" / "daily_revenue.sql").write_text(select, "utf-8")
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
    rows = ltv.afresh("query", "SELECT * FROM daily_revenue ORDER BY 1", "--format", "csv")
    assert rows.out.splitlines() == [
        "event_date,net_revenue",
        "2025-12-01,7.500000",
        "2025-12-03,4.000000",
    ]
