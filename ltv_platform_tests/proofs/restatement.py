"""Late, corrected, restated or in another order: the tables of a rebuild from nothing."""

from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("restatement")
