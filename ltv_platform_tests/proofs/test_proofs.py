"""Every case of the table holds."""

from pathlib import Path

import pytest

from ltv_platform_tests.proofs.cases import Case
from ltv_platform_tests.proofs.registry import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}: {case.done}")
def test_it_holds(case: Case, tmp_path: Path) -> None:
    assert case.act(tmp_path) == case.expected
