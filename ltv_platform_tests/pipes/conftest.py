"""Fixtures of the tests of pipes."""

from collections.abc import Iterator

import pytest

from ltv_platform_tests.pipes.asking import Asking
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="session")
def sample(published_sample: Home) -> Iterator[Asking]:
    """The pipes of the bundled sample."""
    asking = Asking(published_sample)
    yield asking
    asking.close()
