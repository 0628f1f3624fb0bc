"""Files and adapters that are wrong: a clear message or a quarantined row, and nothing lost."""

from ltv_platform_tests.proofs.bad_input import (
    adapters,
    corrections,
    delimited,
    ends_of_time,
    exports,
    formats,
    places,
    sessions,
    sqlite_bombs,
    values,
)

CASES = (
    *delimited.CASES,
    *formats.CASES,
    *exports.CASES,
    *sqlite_bombs.CASES,
    *places.CASES,
    *adapters.CASES,
    *values.CASES,
    *ends_of_time.CASES,
    *sessions.CASES,
    *corrections.CASES,
)
