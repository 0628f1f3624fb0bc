"""The real data, for fixtures of whole modules."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real data; tests that need it skip without it."""
    folder = os.environ.get("LTV_REFERENCE_DATA")
    if not folder:
        pytest.skip("LTV_REFERENCE_DATA is not set; it names the folder of the real data")
    return Path(folder)
