"""Late, corrected, restated or reordered rows: the same tables as a rebuild from scratch."""

from ltv_platform_tests.proofs.restatement import arrivals, knowledge

CASES = (*arrivals.CASES, *knowledge.CASES)
