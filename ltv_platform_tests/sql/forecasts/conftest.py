"""`ltv forecast` as programs use it, on the home of a test module."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from ltv_platform.cli import app
from ltv_platform_tests.testing.home import Home


@pytest.fixture
def forecast(home: Home, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `ltv forecast` with some arguments; returns its JSON."""
    monkeypatch.setenv("LTV_HOME", str(home.settings.home))

    def run(*arguments: str) -> Any:
        command = ["forecast", *arguments, "--format", "json"]
        answer = CliRunner().invoke(app, command, catch_exceptions=False)
        assert answer.exit_code == 0, answer.stderr
        return json.loads(answer.stdout)

    return run
