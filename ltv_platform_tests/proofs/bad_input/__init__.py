"""Files and adapters that are wrong: a clear message or a quarantined row, and nothing lost."""

from ltv_platform_tests.proofs.bad_input import (
    adapters,
    corrections,
    delimited,
    exports,
    formats,
    places,
    sessions,
    values,
)

CASES = (
    *delimited.CASES,
    *formats.CASES,
    *exports.CASES,
    *places.CASES,
    *adapters.CASES,
    *values.CASES,
    *sessions.CASES,
    *corrections.CASES,
)
