"""All cases, group by group."""

from ltv_platform_tests.proofs import attacks, bad_input, extremes, faults, history, restatement

CASES = (
    *bad_input.CASES,
    *attacks.CASES,
    *history.CASES,
    *extremes.CASES,
    *restatement.CASES,
    *faults.CASES,
)
