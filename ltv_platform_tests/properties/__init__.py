"""What must hold for any files in any order, however often the work is interrupted.

Examples are few and always the same in ``make test``; ``HYPOTHESIS_PROFILE=long`` draws new ones
for as long as you have (see :mod:`~ltv_platform_tests.testing.examples`).
"""
