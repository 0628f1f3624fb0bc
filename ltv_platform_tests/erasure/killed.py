"""``ltv erase`` killed between any two commits of it, one after the other in the same home."""

import os
import signal
from pathlib import Path

from ltv_platform_tests.erasure.worlds import SETTINGS, erased
from ltv_platform_tests.testing.forked import ForkedLtv
from ltv_platform_tests.testing.home import Home

#: In their order, so that each kill comes further than the one before.
POINTS = (
    "erasure written down, nothing removed",
    "rows removed, not committed",
    "rows removed, files not rewritten",
    "file stripped, not replaced",
    "workbook written as text, not removed",
    "file replaced",
    "files stripped, history not redacted",
    "history redacted, figures not rebuilt",
    "warehouse rewritten, not replaced",
    "warehouse replaced",
    "snapshots removed",
)


def erase_ada() -> None:
    """What ``ltv erase`` does, without Dagster, which takes most of its time."""
    erased(Home(Path(os.environ["LTV_HOME"]), **SETTINGS))


def kill_while_erasing(home: Path, points: tuple[str, ...] = POINTS) -> None:
    """Kill it at each of the failpoints."""
    ltv = ForkedLtv(home, act=erase_ada)
    for point in points:
        answer = ltv("erase", failpoint=point)
        assert answer.code == -signal.SIGKILL, (point, answer)
