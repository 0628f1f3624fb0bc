"""Homes whose journeys are built, made once for each list of lengths and then copied."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ltv_platform_tests.attribution.ihc_api.api_homes import api_home, build, fill
from ltv_platform_tests.testing.home import Home

#: Makes a home with journeys of such lengths that the API at an address scores.
MakeHome = Callable[..., Home]


@pytest.fixture(scope="session")
def _bases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[int]], Path]:
    made: dict[tuple[int, ...], Path] = {}

    def base(lengths: Sequence[int]) -> Path:
        key = tuple(lengths)
        if key not in made:
            made[key] = tmp_path_factory.mktemp("journeys") / "home"
            build(fill(Home(made[key]), lengths))
        return made[key]

    return base


@pytest.fixture
def journeys(_bases: Callable[[Sequence[int]], Path], tmp_path: Path) -> MakeHome:
    """``journeys(url, lengths, **settings)``."""

    def make(url: str, lengths: Sequence[int], **settings: str) -> Home:
        return api_home(shutil.copytree(_bases(lengths), tmp_path / "home"), url, **settings)

    return make
