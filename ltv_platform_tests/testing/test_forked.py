"""Processes started by tests must not blame the commands for the tests' own faults."""

import time
from concurrent.futures import ThreadPoolExecutor

from ltv_platform_tests.testing.forked import run_forked


def _briefly() -> None:
    time.sleep(0.01)


def test_threads_that_start_processes_at_once_get_the_exit_code_of_each() -> None:
    """An exit code can be read only once; the second reader got 255."""
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: run_forked(_briefly), range(80)))
    assert codes == [0] * 80
