"""Killed, starved, locked out or misled: the tables of an undisturbed run, or a clear refusal."""

from ltv_platform_tests.proofs.faults import at_once, damage, disk, killed, killed_backups, randomly

CASES = (
    *killed.CASES,
    *killed_backups.CASES,
    *randomly.CASES,
    *disk.CASES,
    *damage.CASES,
    *at_once.CASES,
)
