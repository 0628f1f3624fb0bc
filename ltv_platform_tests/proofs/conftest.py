"""Removes what the cases share when the tests are over."""

from collections.abc import Iterator

import pytest

from ltv_platform_tests.proofs.faults import prepared


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    prepared.remove()
