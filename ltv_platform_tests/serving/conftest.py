"""Tokens are looked at for each request: no test waits until the next look."""

import pytest

from ltv_platform.serving import tokens


@pytest.fixture(autouse=True)
def _always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "LOOK_EVERY", 0.0)
