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


#: Customers, days and seed of the bundled sample (CONTRIBUTING.md).
BUNDLED = (1_500, 460, 20)


def generate_bundled(out: Path, seed: int = BUNDLED[2]) -> Truths:
    """The bundled sample, or that of another seed."""
    customers, days, _ = BUNDLED
    return generate(customers=customers, days=days, seed=seed, out=out)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample that is bundled in data/sample."""
    folder = tmp_path_factory.mktemp("sample")
    return Sample(folder, generate_bundled(folder))
