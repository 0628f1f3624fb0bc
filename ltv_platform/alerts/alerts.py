"""Telling people: what is told once, what is sent, what is resolved.

Nothing here raises: a webhook that is down, or a disk that takes no more, must not fail the run
that has something to tell.
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

#: What is told again of the same cause is not sent again within that time.
QUIET = timedelta(hours=24)
#: More alerts at once than that are sent as one message.
_MOST_SINGLE = 3
#: More open alerts than that are only logged; a person fixes no more one by one.
_MOST_OPEN = 1_000
#: Messages that wait at the most, and how long; older ones tell nothing that still helps.
_MOST_WAITING, _LONGEST_WAITING = 100, timedelta(days=7)
#: A message that the receiver finds at fault as often as that is given up.
_MOST_REFUSALS = 3
#: Seconds until the next delivery after one that failed; doubled up to the second.
_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 1_800.0
#: Seconds in which messages of one delivery are begun: Dagster ends a tick of a sensor after 60.
_BEGUN_WITHIN = 15.0
#: No receiver is obeyed for longer when it wants nothing, in seconds.
_LONGEST_OBEYED = 3_600.0


def _now() -> datetime:
    # Not LTV_NOW: a receiver lives by its own clock, and a fixed one would send nothing twice.
    return datetime.now(UTC)


class Alerts:
    """The alerts of one LTV_HOME.

    Args:
        settings: Where they are kept and sent.
        webhook: Who sends them; default: the one of LTV_ALERT_WEBHOOK, if it is set.
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
            # An HTTP client takes a while to load, and most homes have no webhook.
            from ltv_platform.alerts.webhook import Webhook  # noqa: PLC0415

            webhook = Webhook(address.get_secret_value())
        self._webhook = webhook
        self._clock = clock

    def tell(self, *alerts: Alert) -> None:
        """Tell people of something, once in :data:`QUIET` for each kind and key.

        What cannot be sent now waits in the outbox; whoever tells or delivers next sends it.
        """
        self._change(lambda book: self._told(book, alerts), alerts)

    def settle(self, kind: str, *keys: str) -> None:
        """What alerts of these keys said holds no more; people who were told are told that.

        Args:
            kind: The kind.
            keys: The keys. One that ends in ``/`` stands for all that begin with it.
        """
        whole = {plain(key) for key in keys if not key.endswith("/")}
        parts = tuple(key for key in keys if key.endswith("/"))
        self._settle(kind, lambda key: key in whole or key.startswith(parts))

    def settle_others(self, kind: str, keep: Collection[str]) -> None:
        """Settle whatever is open of a kind but these keys."""
        kept = set(map(plain, keep))
        self._settle(kind, lambda key: key not in kept)

    def these_alone(self, kind: str, alerts: Iterable[Alert]) -> None:
        """Of this kind these are open and no others: tell them, settle the rest."""
        present = list(alerts)
        self.settle_others(kind, {alert.key for alert in present})
        if present:
            self.tell(*present)

    def open_alerts(self) -> list[OpenAlert]:
        """What is not resolved, the newest first."""
        alerts = read_book(self._folder).open.values()
        return sorted(alerts, key=lambda alert: alert.since, reverse=True)

    def waiting(self) -> tuple[int, str]:
        """How many messages wait in the outbox, and what came back last."""
        book = read_book(self._folder)
        return len(book.outbox), book.answer

    def test(self) -> "Answer | None":
        """Send a test message now, then what waits; None: no webhook is set."""
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
        """Send what waits in the outbox; one process at a time does."""
        if self._webhook is None:
            return
        try:
            give_up = time.monotonic() + _BEGUN_WITHIN
            # Another process may put in a message while this one, already done, still holds the
            # lock; so look again after letting go.
            while time.monotonic() < give_up and self._is_due(read_book(self._folder)):
                with one_at_a_time(self._folder / ".sending", "sends alerts", 0):
                    while time.monotonic() < give_up and self._deliver_one(self._webhook):
                        pass
        except BusyError:  # it sends what was just put in, too
            return
        except Exception as error:
            _LOG.warning("alerts are not delivered (%s)", _of(error))

    def _settle(self, kind: str, is_meant: Callable[[str], bool]) -> None:
        try:  # mostly there is nothing to settle, and nothing to lock
            if not any(is_meant(alert.key) for alert in read_book(self._folder).of_kind(kind)):
                return
        except Exception as error:
            _LOG.warning("alerts cannot be read (%s)", _of(error))
            return
        self._change(lambda book: self._settled(book, kind, is_meant))

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

    def _told(self, book: Book, alerts: Iterable[Alert]) -> None:
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

    def _settled(self, book: Book, kind: str, is_meant: Callable[[str], bool]) -> None:
        settled = [alert for alert in book.of_kind(kind) if is_meant(alert.key)]
        for alert in settled:
            del book.open[alert.kind, alert.key]
            _LOG.info("resolved: %s: %s", alert.title, alert.key)
        known = [alert for alert in settled if alert.queued is not None]
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
        # Longer than any pause that is made: the clock was set back.
        return bool(book.outbox) and not 0 < pause <= _LONGEST_OBEYED

    def _deliver_one(self, webhook: "Webhook") -> bool:
        """Send the oldest message; whether the next one may follow."""
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
    """An error in one line; those of the file system and of locks say where."""
    return plain(str(error)) if isinstance(error, OSError | BusyError) else type(error).__name__
