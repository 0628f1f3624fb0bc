"""What a run prints without logger settings, for example one started by a sensor or the UI."""

import dagster as dg
import pytest

from ltv_platform.orchestration.console import quieten_runs


def test_a_run_prints_its_warnings_and_keeps_the_rest(capfd: pytest.CaptureFixture[str]) -> None:
    """The terminal of `ltv up` shows what people must know; the UI shows every line."""

    @dg.op
    def work(context: dg.OpExecutionContext) -> None:
        context.log.info("a table was written")
        context.log.warning("a file was rejected")

    @dg.job(executor_def=dg.in_process_executor)
    def job() -> None:
        work()

    quieten_runs()
    with dg.DagsterInstance.ephemeral() as instance:
        run = job.execute_in_process(instance=instance)
        kept = [entry.user_message for entry in instance.all_logs(run.run_id)]
    printed = capfd.readouterr().err.splitlines()
    assert len(printed) == 1 and printed[0].endswith("a file was rejected")
    assert "a table was written" in kept and len(kept) > 2
