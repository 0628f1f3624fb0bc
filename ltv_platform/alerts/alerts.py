"""Raises, sends and resolves alerts; the same cause is reported once.

Nothing here raises an exception: a webhook that is down, or a full disk, must not fail the run that
has something to report.
"""

import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ltv_platform.alerts.book import Book, OpenAlert, Waiting, read_book, writing_book
from ltv_platform.alerts.kinds import Alert
from ltv_platform.alerts.message import Message, payload, plain, together
from ltv_platform.errors import BusyError
from ltv_platform.locks import one_at_a_time
from ltv_platform.settings import Settings

if TYPE_CHECKING:
    from ltv_platform.alerts.webhook import Answer, Webhook

_LOG = logging.getLogger("ltv_platform.alerts")

#: The same cause is not sent again within this time.
QUIET = timedelta(hours=24)
#: More alerts than this at once are sent as one message.
_MOST_SINGLE = 3
#: More open alerts than this are only logged; nobody fixes more of them one by one.
_MOST_OPEN = 1_000
#: Most messages in the outbox, and their greatest age; older ones no longer help anybody.
_MOST_WAITING, _LONGEST_WAITING = 100, timedelta(days=7)
#: A message that the receiver has rejected this often is dropped.
_MOST_REFUSALS = 3
#: Seconds until the next delivery after a failed one; doubled each time, up to the second value.
_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 1_800.0
#: Seconds in which one delivery starts messages: Dagster ends a sensor's tick after 60.
_BEGUN_WITHIN = 15.0
#: Longest Retry-After that is obeyed, in seconds.
_LONGEST_OBEYED = 3_600.0


def _now() -> datetime:
    # Not LTV_NOW: the receiver has the real clock, and with a fixed one nothing is ever sent again.
    return datetime.now(UTC)


class Alerts:
    """The alerts of one LTV_HOME.

    Args:
        settings: Where alerts are kept and sent.
        webhook: Sends them; by default the one of LTV_ALERT_WEBHOOK, if that is set.
        clock: The time, with its zone.
    """

    def __init__(
        self,
        settings: Settings,
        webhook: "Webhook | None" = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        address = settings.alert_webhook
        self._folder = settings.alerts_path
        self._public_url = settings.public_url
        if webhook is None and address is not None:
            # An HTTP client is slow to import, and most installations have no webhook.
            from ltv_platform.alerts.webhook import Webhook  # noqa: PLC0415

            webhook = Webhook(address.get_secret_value())
        self._webhook = webhook
        self._clock = clock

    def report(self, *alerts: Alert) -> None:
        """Report something, at most once in :data:`QUIET` for each kind and key.

        A message that cannot be sent now waits in the outbox for the next call or delivery.
        """
        self._change(lambda book: self._reported(book, alerts), alerts)

    def resolve(self, kind: str, *keys: str) -> None:
        """Resolve the alerts of these keys, and notify everybody who received them.

        Args:
            kind: The kind.
            keys: The keys. One that ends in ``/`` matches all keys that begin with it.
        """
        whole = {plain(key) for key in keys if not key.endswith("/")}
        parts = tuple(key for key in keys if key.endswith("/"))
        self._resolve(kind, lambda key: key in whole or key.startswith(parts))

    def resolve_others(self, kind: str, keep: Collection[str]) -> None:
        """Resolve all open alerts of a kind except those of these keys."""
        kept = set(map(plain, keep))
        self._resolve(kind, lambda key: key not in kept)

    def report_only(self, kind: str, alerts: Iterable[Alert]) -> None:
        """Make these the only open alerts of a kind: report them, and resolve all others."""
        present = list(alerts)
        self.resolve_others(kind, {alert.key for alert in present})
        if present:
            self.report(*present)

    def open_alerts(self) -> list[OpenAlert]:
        """Open alerts, the newest first."""
        alerts = read_book(self._folder).open.values()
        return sorted(alerts, key=lambda alert: alert.since, reverse=True)

    def waiting(self) -> tuple[int, str]:
        """How many messages wait in the outbox, and the last error."""
        book = read_book(self._folder)
        return len(book.outbox), book.answer

    def test(self) -> "Answer | None":
        """Send a test message now, then the outbox; None: no webhook is set."""
        if self._webhook is None:
            return None
        message = Message(
            "Test",
            "This is what alerts of ltv-platform look like.",
            next_step="No action is needed.",
        )
        answer = self._webhook.send(payload(message, self._public_url))
        if answer.delivered:
            self._change(_resume)
        return answer

    def deliver(self) -> None:
        """Send the messages in the outbox; only one process at a time does."""
        if self._webhook is None:
            return
        try:
            give_up = time.monotonic() + _BEGUN_WITHIN
            # Another process may add a message after the last one was sent but before the lock is
            # released; so look again after releasing it.
            while time.monotonic() < give_up and self._is_due(read_book(self._folder)):
                with one_at_a_time(self._folder / ".sending", "sends alerts", 0):
                    while time.monotonic() < give_up and self._deliver_one(self._webhook):
                        pass
        except BusyError:  # it will also send the new message
            return
        except Exception as error:
            _LOG.warning("alerts are not delivered (%s)", _of(error))

    def _resolve(self, kind: str, is_meant: Callable[[str], bool]) -> None:
        try:  # usually there is nothing to resolve, so take no lock
            if not any(is_meant(alert.key) for alert in read_book(self._folder).of_kind(kind)):
                return
        except Exception as error:
            _LOG.warning("alerts cannot be read (%s)", _of(error))
            return
        self._change(lambda book: self._resolved(book, kind, is_meant))

    def _change(self, change: Callable[[Book], None], alerts: Iterable[Alert] = ()) -> None:
        """Change the book, then deliver."""
        try:
            with writing_book(self._folder) as book:
                change(book)
        except Exception as error:
            _LOG.warning("alerts are not kept (%s), so they are sent once, now", _of(error))
            self._send_unkept(alerts)
        else:
            self.deliver()

    def _reported(self, book: Book, alerts: Iterable[Alert]) -> None:
        now = self._clock()
        new: list[Message] = []
        for alert in alerts:
            message = alert.message()
            identity = (alert.kind, plain(alert.key))
            known = book.open.get(identity)
            if known is None:
                _LOG.warning("%s: %s", message.title, message.what)
                if len(book.open) >= _MOST_OPEN:
                    continue
                known = OpenAlert(*identity, message.title, message.what, now, now)
                book.open[identity] = known
            else:
                known.times, known.last, known.what = known.times + 1, now, message.what
            due = known.queued is None or not timedelta() <= now - known.queued < QUIET
            if self._webhook is not None and due:
                known.queued = now
                new.append(message)
        self._put(book, new, "alerts")

    def _resolved(self, book: Book, kind: str, is_meant: Callable[[str], bool]) -> None:
        resolved = [alert for alert in book.of_kind(kind) if is_meant(alert.key)]
        for alert in resolved:
            del book.open[alert.kind, alert.key]
            _LOG.info("resolved: %s: %s", alert.title, alert.key)
        known = [alert for alert in resolved if alert.queued is not None]
        self._put(
            book,
            [Message(f"Resolved: {alert.title}", alert.key) for alert in known],
            "alerts are resolved",
        )

    def _put(self, book: Book, messages: list[Message], title: str) -> None:
        if self._webhook is None:
            return
        now = self._clock()
        if len(messages) > _MOST_SINGLE:
            messages = [together(messages, title)]
        book.outbox += [
            Waiting(uuid.uuid4().hex, payload(message, self._public_url), now)
            for message in messages
        ]
        kept = [w for w in book.outbox if now - w.since <= _LONGEST_WAITING][-_MOST_WAITING:]
        if dropped := len(book.outbox) - len(kept):
            _LOG.warning("%d old alerts were never taken by the webhook and are dropped", dropped)
        book.outbox = kept

    def _send_unkept(self, alerts: Iterable[Alert]) -> None:
        try:
            messages = [alert.message() for alert in alerts]
            for message in messages:
                _LOG.warning("%s: %s", message.title, message.what)
            if len(messages) > _MOST_SINGLE:
                messages = [together(messages, "alerts")]
            if self._webhook is None:
                return
            for message in messages:
                self._webhook.send(payload(message, self._public_url))
        except Exception as error:
            _LOG.warning("alerts are not sent (%s)", _of(error))

    def _is_due(self, book: Book) -> bool:
        if book.not_before is None:
            return bool(book.outbox)
        pause = (book.not_before - self._clock()).total_seconds()
        # Longer than any pause can be: the clock was set back.
        return bool(book.outbox) and not 0 < pause <= _LONGEST_OBEYED

    def _deliver_one(self, webhook: "Webhook") -> bool:
        """Send the oldest message; returns whether to go on with the next."""
        book = read_book(self._folder)
        if not self._is_due(book):
            return False
        message = book.outbox[0]
        answer = webhook.send(message.body)
        with writing_book(self._folder) as book:
            mine = next((w for w in book.outbox if w.id == message.id), None)
            if mine is not None and not answer.delivered and answer.refused:
                mine.refused += 1
                _LOG.warning("the webhook refuses a message (%s)", answer.text)
            gone = answer.delivered or (mine is not None and mine.refused >= _MOST_REFUSALS)
            if mine is not None and gone:
                book.outbox.remove(mine)
            if answer.delivered:
                _resume(book)
                return True
            self._pause(book, answer)
        _LOG.warning("alerts wait: %s answers %s", webhook.host, answer.text)
        return False

    def _pause(self, book: Book, answer: "Answer") -> None:
        book.failures += 1
        book.answer = answer.text
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(book.failures - 1, 10))
        pause = max(pause, min(answer.retry_after, _LONGEST_OBEYED))
        book.not_before = self._clock() + timedelta(seconds=pause)


def _resume(book: Book) -> None:
    book.failures, book.not_before, book.answer = 0, None, ""


def _of(error: Exception) -> str:
    """An error in one line; those of files and locks name the path."""
    return plain(str(error)) if isinstance(error, OSError | BusyError) else type(error).__name__
