"""Late, corrected, restated or in another order: the tables of a rebuild from nothing."""

from ltv_platform_tests.proofs.restatement import arrivals, knowledge

CASES = (*arrivals.CASES, *knowledge.CASES)
