"""Refuses environment variables with our prefix that are not settings."""

import os
from collections.abc import Collection
from difflib import get_close_matches

from ltv_platform.errors import UserError
from ltv_platform.failpoints import VARIABLE as FAILPOINT

#: Variables with our prefix that are not settings: for tests, and for Dagster's event log.
_OTHER_VARIABLES = {"LTV_REFERENCE_DATA", "LTV_TEST_POSTGRES", FAILPOINT, "LTV_EVENT_LOG"}


def refuse_unknown(known: Collection[str]) -> None:
    """Refuse misspelt settings: the default would stay in force, and figures would be wrong.

    Args:
        known: The variables of the settings.

    Raises:
        UserError: a variable is not a setting.
    """
    for name in sorted(os.environ):
        if name.startswith("LTV_") and name not in {*known, *_OTHER_VARIABLES}:
            near = get_close_matches(name, known, n=1)
            raise UserError(
                f"{name} is not a setting." + (f" Did you mean {near[0]}?" if near else ""),
                "Unset it; `ltv doctor` lists the settings.",
            )
