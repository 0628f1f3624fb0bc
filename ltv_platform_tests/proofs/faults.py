"""Killed, starved, locked out or lied to: the tables of an undisturbed run, or a clear refusal."""

from ltv_platform_tests.proofs.cases import Cases

CASES = Cases("faults")
