"""Every case of the table holds; a class per group, so that groups are tested side by side."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ltv_platform_tests.proofs import attacks, bad_input, extremes, history, restatement
from ltv_platform_tests.proofs.cases import Case
from ltv_platform_tests.proofs.faults import at_once, damage, disk, killed, killed_backups, randomly
from ltv_platform_tests.proofs.registry import CASES


def _each(cases: Iterable[Case]) -> Callable[..., None]:
    @pytest.mark.parametrize("case", cases, ids=lambda case: case.done)
    def test(_: object, case: Case, tmp_path: Path) -> None:
        assert case.act(tmp_path) == case.expected

    return test


@pytest.mark.slow(60)
class TestBadInput:
    """A clear message or a quarantined row."""

    test_it_holds = _each(bad_input.CASES)


@pytest.mark.slow(60)
class TestAttacks:
    """Shown and not obeyed, refused, or left alone."""

    test_it_holds = _each(attacks.CASES)


@pytest.mark.slow(30)
class TestHistory:
    """Nothing of a person."""

    test_it_holds = _each(history.CASES)


@pytest.mark.slow(60)
class TestExtremes:
    """It ends, and figures are right."""

    test_it_holds = _each(extremes.CASES)


@pytest.mark.slow(150)
class TestRestatement:
    """The tables of a rebuild from nothing."""

    test_it_holds = _each(restatement.CASES)


@pytest.mark.slow(110)
class TestKilled:
    """The tables of an undisturbed run."""

    test_it_holds = _each([*killed.CASES, *randomly.CASES])


@pytest.mark.slow(60)
class TestBackups:
    """What was whole stays whole, and a restore goes on where it stopped."""

    test_it_holds = _each(killed_backups.CASES)


@pytest.mark.slow(60)
class TestDamagedFiles:
    """Healed, or refused with what to do."""

    test_it_holds = _each(damage.CASES)


@pytest.mark.slow(60)
class TestOthersAtWork:
    """Waited for, or refused with what to do."""

    test_it_holds = _each([*at_once.CASES, *disk.CASES])


def test_every_case_of_the_table_is_tested() -> None:
    groups = [bad_input, attacks, history, extremes, restatement]
    tested = [*groups, killed, killed_backups, randomly, damage, at_once, disk]
    assert sum(len(module.CASES) for module in tested) == len(CASES)
