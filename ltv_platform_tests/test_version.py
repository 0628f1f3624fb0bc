"""The version is defined in pyproject.toml; all copies of it agree."""

import re
import tomllib

import pytest

from ltv_platform_tests.testing import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


@pytest.mark.parametrize(
    ("file", "times"),
    [
        ("CHANGELOG.md", 1),
        ("deploy/Dockerfile", 1),
        ("deploy/docker-compose.yaml", 1),
        ("deploy/helm/ltv-platform/Chart.yaml", 2),
        ("docs/deployment.md", 2),
    ],
)
def test_a_file_names_the_version(file: str, times: int) -> None:
    """CONTRIBUTING.md, Releasing: the newest heading, tags of the image, the chart."""
    found = re.findall(
        r"(?m)(?:^version: |^appVersion: |ltv-platform:|^## )(\d+\.\d+\.\d+)",
        (ROOT / file).read_text("utf-8"),
    )
    assert found[:times] == [VERSION] * times
