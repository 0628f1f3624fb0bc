"""Faults of requests, drawn from a seed."""

import random
from collections.abc import Sequence

#: All faults. ``partial`` fails some journeys of a request with several.
FAULTS = (
    "429",
    "500",
    "503",
    "500 in the body",
    "timeout",
    "reset",
    "partial",
    "truncated",
    "invalid JSON",
    "HTML",
)


class Faults:
    """Draws a fault for a share of the requests.

    Args:
        share: The share of requests, from 0 to 1.
        seed: The same seed gives the same faults to the same requests in the same order.
        kinds: Some of :data:`FAULTS`.
    """

    def __init__(self, share: float = 0.0, seed: int = 1, kinds: Sequence[str] = FAULTS) -> None:
        self._share = share
        self._kinds = tuple(kinds)
        self._random = random.Random(seed)  # noqa: S311 - no secret

    def draw(self, journeys: int) -> str | None:
        """The fault of the next request, if it has one.

        A request with a single journey has no ``partial`` failure: that would reject the journey
        for good.
        """
        kinds = [kind for kind in self._kinds if kind != "partial" or journeys > 1]
        fault = self._random.random() < self._share
        return self._random.choice(kinds) if fault and kinds else None

    def some(self, names: Sequence[str]) -> list[str]:
        """A random part of the names: at least one, and not all if there are several."""
        most = max(1, min(3, len(names) - 1))
        return self._random.sample(list(names), self._random.randint(1, most))
