"""How many requests a token, or an address without one, may send in a second."""

import math
import time

from limits.aio.storage import MemoryStorage

from ltv_platform.settings import Settings

_EVENTS = "/v0/events"
_WINDOW = 1


class RateLimits:
    """Counts requests in windows of a second, those with events and all others apart.

    Uses the storage of ``limits`` directly: its strategies would ask it for the same count twice.
    """

    def __init__(self, settings: Settings) -> None:
        self._events = settings.serve_event_rate
        self._others = settings.serve_read_rate
        self._storage = MemoryStorage()

    async def take(self, path: str, key: str) -> tuple[bool, list[tuple[bytes, bytes]]]:
        """Count a request.

        Args:
            path: Its path.
            key: Who sends it.

        Returns:
            Whether it is within the limit, and the headers that say so; the last one has the
            seconds after which the next window begins.
        """
        events = path == _EVENTS
        most = self._events if events else self._others
        counter = f"events {key}" if events else key
        count = await self._storage.incr(counter, _WINDOW)
        left = await self._storage.get_expiry(counter) - time.time()
        return count <= most, [
            (b"x-ratelimit-limit", b"%d" % most),
            (b"x-ratelimit-remaining", b"%d" % max(0, most - count)),
            (b"x-ratelimit-reset", b"%d" % max(1, math.ceil(left))),
        ]
