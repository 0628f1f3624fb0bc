"""Environment variables with our prefix that mean nothing."""

import os
from collections.abc import Collection
from difflib import get_close_matches

from ltv_platform.errors import UserError
from ltv_platform.failpoints import VARIABLE as FAILPOINT

#: Variables with our prefix that are no settings: for tests, and Dagster's event log.
_OTHER_VARIABLES = {"LTV_REFERENCE_DATA", "LTV_TEST_POSTGRES", FAILPOINT, "LTV_EVENT_LOG"}


def refuse_unknown(known: Collection[str]) -> None:
    """A misspelt setting would leave the default in force, and the figures wrong.

    Args:
        known: The variables of the settings.

    Raises:
        UserError: a variable is none of them.
    """
    for name in sorted(os.environ):
        if name.startswith("LTV_") and name not in {*known, *_OTHER_VARIABLES}:
            near = get_close_matches(name, known, n=1)
            raise UserError(
                f"{name} is not a setting." + (f" Did you mean {near[0]}?" if near else ""),
                "Unset it; `ltv doctor` lists the settings.",
            )
