"""All cases, group by group."""

from ltv_platform_tests.proofs import attacks, bad_input, faults, history, restatement

CASES = (*bad_input.CASES, *attacks.CASES, *history.CASES, *restatement.CASES, *faults.CASES)
