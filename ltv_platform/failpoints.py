"""Named points between two commits at which a test ends the process, as a power cut would.

A point does nothing unless ``LTV_FAILPOINT`` names it; then the process kills itself, so that
nothing after it runs, not even a ``finally``. ``LTV_FAILPOINT="table committed #3"`` does so the
third time that the point is passed. The proofs end a run at each of them.
"""

import os
import signal
from itertools import count

#: The environment variable; not a setting, because it is for tests only.
VARIABLE = "LTV_FAILPOINT"


_passes = count(1)


def failpoint(name: str) -> None:
    """End the process here if the environment says so."""
    wanted, _, pass_number = os.environ.get(VARIABLE, "").partition(" #")
    if wanted == name and next(_passes) == int(pass_number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
