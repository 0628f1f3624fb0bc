"""A few kills at random moments; ``make chaos`` does hundreds."""

from pathlib import Path

from ltv_platform_tests.chaos.kills import chaos
from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("faults: killed at random moments")


@CASES.case(
    "kill −9 ×5 of ingest, run and publish at random moments, over 24 files of seed 11",
    "5 killed, 0 refused; then as undisturbed, nothing left over",
)
def killed_at_random_moments(folder: Path) -> str:
    tally = chaos(folder, seed=11, kills=5, tell=lambda _: None)
    return f"{tally.killed} killed, {len(tally.refused)} refused; then {tally.outcome}"
