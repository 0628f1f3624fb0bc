"""What the routes share: settings, the snapshot, tokens, metrics; open while the server runs."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)

from ltv_platform.contracts import build_catalog
from ltv_platform.events.intake import Intake
from ltv_platform.published.current import SnapshotError
from ltv_platform.published.live import LiveSnapshot, Reading
from ltv_platform.serving.errors import unavailable
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
        live: The current snapshot, kept open; routes read it with :meth:`reading`.
        metrics: What is counted for Prometheus.
        intake: What takes events in.
        alongside: What else runs while the server does, such as keeping pages ready.
        failure: What went wrong when they were opened.
        ready: What must work before the server is ready, by name; each raises a UserError that says
            what does not.
    """

    def __init__(self, settings: Settings, *, loopback: bool = True) -> None:
        self.settings = settings
        self.failure: Exception | None = None
        self.loopback = loopback
        self.tokens = Tokens(settings)
        self.live = LiveSnapshot(settings)
        self.metrics = Metrics()
        self.intake = Intake(settings, build_catalog(settings).sources)
        self.alongside: list[Callable[[], AbstractAsyncContextManager[None]]] = []
        self.ready: dict[str, Callable[[], object]] = {
            "snapshot": self._check_snapshot,
            "events": self.intake.check,
        }

    @property
    def open_to_all(self) -> bool:
        """Whether requests need no token: none was ever configured, and only we can ask."""
        return self.loopback and not self.tokens.configured

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """The current snapshot, for one question; call it in a thread.

        Raises:
            RefusedError: 503, if nothing is published, or the snapshot is damaged or older than
                what is asked for.
        """
        try:
            with self.live.reading() as reading:
                yield reading
        except SnapshotError as error:
            raise unavailable(error) from error

    def _check_snapshot(self) -> None:
        with self.live.reading():
            pass

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open what must be open while the server answers, and close it afterwards."""
        async with AsyncExitStack() as stack:
            try:
                await self._open(stack)
            except Exception as error:
                self.failure = error
                raise
            yield

    async def _open(self, stack: AsyncExitStack) -> None:
        stack.callback(self.live.close)
        stack.callback(self.live.interrupt)
        await stack.enter_async_context(self.intake.running())
        for other in self.alongside:
            await stack.enter_async_context(other())
