"""All cases, group by group."""

from ltv_platform_tests.proofs import bad_input, faults, restatement

CASES = (*bad_input.CASES, *restatement.CASES, *faults.CASES)
