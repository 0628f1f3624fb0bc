"""One sample of the bundled size, shared by the tests that only read it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ltv_platform.sample import Truths, generate


@dataclass(frozen=True)
class Sample:
    """A generated sample: where its files are, and what is true of them."""

    folder: Path
    truths: Truths


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample that is bundled in data/sample."""
    folder = tmp_path_factory.mktemp("sample")
    return Sample(folder, generate(customers=1_500, days=120, seed=7, out=folder))
