"""A damaged snapshot is answered with 503 on every route, and the server stays up."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ltv_platform.settings import Settings, load_settings
from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.http import client

_PATHS = (
    "/v0/pipes/customer_ltv.json",
    "/v0/pipes/campaign_roas.csv",
    "/v0/metrics/roas_d30.json",
    "/",
    "/campaigns",
    "/metrics/roas_d30",
    "/readyz",
)


def _change(published: Path, content: Callable[[bytes], bytes]) -> None:
    for path in published.rglob("*.parquet"):
        path.chmod(0o600)
        path.write_bytes(content(path.read_bytes()))


def _unlink(published: Path) -> None:
    for path in published.rglob("*.parquet"):
        path.unlink()


def _spoil_manifest(published: Path) -> None:
    for path in published.rglob("manifest.json"):
        path.chmod(0o600)
        path.write_text("{")


_DAMAGES: Mapping[str, Callable[[Path], object]] = {
    "truncated": lambda published: _change(published, lambda content: content[:100]),
    "empty": lambda published: _change(published, lambda _: b""),
    "other bytes": lambda published: _change(published, lambda content: b"x" * len(content)),
    "missing files": _unlink,
    "a damaged manifest": _spoil_manifest,
    "a pointer that leads elsewhere": lambda published: (published / "current").write_text("../.."),
}


@pytest.fixture
def settings(published_sample: Home, tmp_path: Path) -> Settings:
    """A copy of the snapshot of the bundled sample."""
    original = published_sample.settings.published_path
    shutil.copytree(original, tmp_path / "home" / original.name)
    return load_settings(home=tmp_path / "home")


@pytest.mark.parametrize("damage", _DAMAGES)
def test_a_damaged_snapshot_is_said(settings: Settings, damage: str) -> None:
    """Regressions: pages answered 400, /readyz said ready."""
    _DAMAGES[damage](settings.published_path)
    with client(settings) as asking:
        for path in _PATHS:
            answer = asking.get(path)
            assert answer.status_code == 503, path
            assert "cannot be read" in answer.text, path
            assert "ltv run" in answer.text, path
        assert asking.get("/healthz").status_code == 200


def test_damage_while_the_server_runs_is_said(settings: Settings) -> None:
    """Regression: it was answered with 500 and called a bug."""
    with client(settings) as asking:
        assert asking.get("/v0/pipes/customer_ltv.json").status_code == 200
        _DAMAGES["truncated"](settings.published_path)
        for path in ("/v0/metrics/roas_d30.json", "/campaigns", "/metrics/roas_d30"):
            answer = asking.get(path)
            assert answer.status_code == 503, path
            assert "cannot be read" in answer.text, path
