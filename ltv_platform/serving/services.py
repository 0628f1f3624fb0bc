"""What the routes share: settings, the snapshot, tokens; opened and closed with the server."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from ltv_platform.serving.tokens import Tokens
from ltv_platform.settings import Settings


class Services:
    """What the routes of a server share.

    Args:
        settings: The settings.
        loopback: Whether only this machine can reach the server.
    """

    def __init__(self, settings: Settings, *, loopback: bool = True) -> None:
        self.settings = settings
        self.loopback = loopback
        self.tokens = Tokens(settings)

    @property
    def open_to_all(self) -> bool:
        """Whether requests need no token: none was ever configured, and only we can ask."""
        return self.loopback and not self.tokens.configured

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open what must be open while the server answers, and close it afterwards."""
        async with AsyncExitStack():
            yield
