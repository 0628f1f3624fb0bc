"""How many examples are drawn: the same few every time, or new ones with shrinking."""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings

_SLOW: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}

# A failure is not shrunk here: each example takes seconds. The long profile does that.
settings.register_profile(
    "short",
    max_examples=5,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    **_SLOW,
)
settings.register_profile("long", max_examples=1_000, print_blob=True, **_SLOW)

PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
