"""All cases, group by group."""

from ltv_platform_tests.proofs import attacks, bad_input, faults, restatement

CASES = (*bad_input.CASES, *attacks.CASES, *restatement.CASES, *faults.CASES)
