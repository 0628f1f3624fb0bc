"""Empty tables, extreme values: every pipe answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ltv_platform.pipes.declared import all_pipes
from ltv_platform.pipes.model import Parameter
from ltv_platform.settings import Settings
from ltv_platform_tests.pipes.asking import Asking
from ltv_platform_tests.testing.home import Home

PIPES = list(all_pipes(Settings(home=Path("/nowhere"))))
#: The smallest and the largest value of each type.
EXTREMES = {
    "DateTime": ("0001-01-03 00:00:00", "9999-12-29 23:59:59.999999"),
    "Date": ("0001-01-03", "9999-12-29"),
    "String": ("'", "\U0001f600"),
    "UInt8": ("0", "1"),
    "UInt64": ("0", "9" * 18),
    "Decimal": ("-" + "9" * 18, "9" * 18 + ".999999"),
}


def _values(parameter: Parameter) -> tuple[str, ...]:
    if parameter.name == "limit":
        return "1", "10000"
    return parameter.choices or EXTREMES[parameter.type]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """The pipes of a home without any row."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.publish()
    asking = Asking(home)
    yield asking
    asking.close()


@pytest.mark.parametrize("name", PIPES)
def test_empty_tables(empty: Asking, name: str) -> None:
    """No rows, with any filter."""
    assert (empty.answer(name).rows, empty.answer(name).total) == ([], 0)
    for parameter in empty.pipe(name).all_parameters:
        for value in _values(parameter):
            assert empty.answer(name, (parameter.name, value)).rows == []


@pytest.mark.slow(20)
@pytest.mark.parametrize("name", PIPES)
def test_extreme_values(sample: Asking, name: str) -> None:
    """They select all rows or none, and never fail."""
    for parameter in sample.pipe(name).all_parameters:
        for value in _values(parameter):
            answer = sample.answer(name, (parameter.name, value), *_short(parameter))
            assert len(answer.rows) <= answer.total


def _short(parameter: Parameter) -> list[tuple[str, str]]:
    return [] if parameter.name == "limit" else [("limit", "2")]
