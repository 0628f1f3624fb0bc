"""What is done once a day, and in which order."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ltv_platform.errors import UserError
from ltv_platform.orchestration import maintenance
from ltv_platform.orchestration.build import build_definitions
from ltv_platform_tests.testing.home import Home


def test_a_backup_that_fails_prunes_nonetheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk of backups must not fill this one with old runs as well."""
    home = Home(tmp_path / "home", dagster_history=30, now="2099-01-01T00:00:00Z")

    def fails(*_: Any) -> None:
        raise UserError("The disk of backups is full.", "Free space.")

    monkeypatch.setattr(maintenance, "back_up_if_set", fails)
    with dg.DagsterInstance.ephemeral() as instance:
        definitions = build_definitions(home.engine, home.graph)
        instance.create_run_for_job(
            definitions.resolve_job_def("refresh"), status=dg.DagsterRunStatus.SUCCESS
        )
        result = definitions.resolve_job_def("maintenance").execute_in_process(
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        assert not result.success
        assert [run.job_name for run in instance.get_runs()] == ["maintenance"]
