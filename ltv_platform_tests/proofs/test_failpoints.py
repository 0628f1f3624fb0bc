"""Every failpoint of the code is a row of the table."""

import re
from pathlib import Path

import ltv_platform
from ltv_platform_tests.attribution.ihc_api.killed import POINTS
from ltv_platform_tests.erasure.killed import POINTS as ERASING
from ltv_platform_tests.events.test_kills import POINTS as EVENTS
from ltv_platform_tests.proofs.faults import killed, killed_backups
from ltv_platform_tests.user_tables.test_killed import POINTS as OWN


def test_each_failpoint_is_killed_at() -> None:
    """No point between two commits is left out, and no case names one that is gone."""
    root = Path(ltv_platform.__file__).parent
    found = [
        name
        for path in root.rglob("*.py")
        for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text("utf-8"))
    ]
    # Those of scoring need an API; attribution/test_killed.py kills at them. Those of erasing come
    # one after the other in erasure/test_unfinished.py, that of own tables in own/test_killed.py,
    # those of events in events/test_kills.py.
    cases = [*killed.COVERED, *killed_backups.COVERED, *POINTS, *ERASING, *OWN, *EVENTS]
    assert sorted(found) == sorted(cases)
    assert len(found) >= 25
