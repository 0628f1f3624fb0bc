"""Files and adapters that are wrong: a clear message or a quarantined row, and nothing lost."""

from pathlib import Path

from ltv_platform_tests.proofs.cases import Cases
from ltv_platform_tests.warehouse.homes import Home

CASES = Cases("bad input")


@CASES.case(
    "a number that is none",
    "1 accepted, 1 quarantined: amount: 'abc' is not a number",
)
def _(folder: Path) -> str:
    home = Home(folder)
    outcome = home.load("transactions", "t1,c1,2025-01-01,1.5,0", "t2,c1,2025-01-01,abc,0")
    assert outcome.counts is not None
    [(reasons,)] = home.engine.rows("SELECT reasons FROM raw.quarantine")
    counts = outcome.counts
    return (
        f"{counts.rows_accepted} accepted, {counts.rows_quarantined} quarantined: "
        f"{'; '.join(reasons)}"
    )
