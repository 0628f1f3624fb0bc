"""damage."""

from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("faults: damage")
