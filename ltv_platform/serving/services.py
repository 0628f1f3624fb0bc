"""What the routes share: settings, the snapshot, tokens, metrics; open while the server runs."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from ltv_platform.published.current import require_snapshot
from ltv_platform.serving.measuring import Metrics
from ltv_platform.serving.tokens import Tokens
from ltv_platform.settings import Settings


class Services:
    """What the routes of a server share.

    Args:
        settings: The settings.
        loopback: Whether only this machine can reach the server.

    Attributes:
        tokens: Who may ask.
        metrics: What is counted for Prometheus.
        ready: What must work before the server is ready, by name; each raises a UserError that says
            what does not.
    """

    def __init__(self, settings: Settings, *, loopback: bool = True) -> None:
        self.settings = settings
        self.loopback = loopback
        self.tokens = Tokens(settings)
        self.metrics = Metrics()
        self.ready: dict[str, Callable[[], object]] = {
            "snapshot": lambda: require_snapshot(settings)
        }

    @property
    def open_to_all(self) -> bool:
        """Whether requests need no token: none was ever configured, and only we can ask."""
        return self.loopback and not self.tokens.configured

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open what must be open while the server answers, and close it afterwards."""
        async with AsyncExitStack():
            yield
