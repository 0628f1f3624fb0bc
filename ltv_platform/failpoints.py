"""Named points between two commits at which a test ends the process, as a power cut would.

A point does nothing unless ``LTV_FAILPOINT`` names it; then the process kills itself, so that
nothing after it runs, no ``finally`` either. The proofs end a run at each of them.
"""

import os
import signal

#: The environment variable; no setting, because it is for tests only.
VARIABLE = "LTV_FAILPOINT"


def failpoint(name: str) -> None:
    """End the process here if the environment says so."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
