"""Open alerts and the outbox: one JSON file, replaced atomically.

A killed process leaves the old file or the new one, so every message is sent at least once.
"""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ltv_platform.locks import one_at_a_time

_LOG = logging.getLogger("ltv_platform.alerts")

_VERSION = 1
#: Seconds to wait for another process; writing takes milliseconds.
_PATIENCE = 10.0


@dataclass
class OpenAlert:
    """An unresolved alert.

    Attributes:
        kind: Its kind.
        key: What it is about.
        title: Its kind in words.
        what: What happened.
        since: When it was first reported.
        last: When it was last reported.
        times: How often it was reported.
        queued: When a message about it was last put into the outbox; None: no webhook was set.
    """

    kind: str
    key: str
    title: str
    what: str
    since: datetime
    last: datetime
    times: int = 1
    queued: datetime | None = None


@dataclass
class Waiting:
    """A message in the outbox.

    Attributes:
        id: Identifies it.
        body: The JSON to send.
        since: When it was put there.
        refused: How often the receiver rejected it.
    """

    id: str
    body: dict[str, Any]
    since: datetime
    refused: int = 0


@dataclass
class Book:
    """All state of the alerts.

    Attributes:
        open: Unresolved alerts by kind and key.
        outbox: Messages to send, the oldest first.
        failures: Consecutive failed deliveries.
        not_before: Nothing is sent before this time.
        answer: The error of the last failed delivery.
    """

    open: dict[tuple[str, str], OpenAlert] = field(default_factory=dict)
    outbox: list[Waiting] = field(default_factory=list)
    failures: int = 0
    not_before: datetime | None = None
    answer: str = ""

    def of_kind(self, kind: str) -> list[OpenAlert]:
        """The open alerts of a kind."""
        return [alert for alert in self.open.values() if alert.kind == kind]


def read_book(folder: Path) -> Book:
    """The book of a folder; an empty one if it is missing or damaged."""
    try:
        return _parsed(json.loads((folder / "alerts.json").read_text("utf-8")))
    except FileNotFoundError:
        return Book()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        _LOG.warning("%s is damaged (%s): alerts start again", folder / "alerts.json", error)
        return Book()


@contextmanager
def writing_book(folder: Path) -> Iterator[Book]:
    """The book, to be changed; it is written when the block ends without an error.

    Raises:
        BusyError: another process does not release it.
        OSError: it cannot be written.
    """
    path = folder / "alerts.json"
    with one_at_a_time(folder / ".lock", f"writes {path}", _PATIENCE):
        book = read_book(folder)
        before = _text(book)
        yield book
        if (after := _text(book)) == before:
            return
        draft = folder / ".alerts.json.new"
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(after)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise


def _text(book: Book) -> str:
    content = {
        "version": _VERSION,
        "open": [asdict(alert) for alert in book.open.values()],
        "outbox": [asdict(message) for message in book.outbox],
        "failures": book.failures,
        "not_before": book.not_before,
        "answer": book.answer,
    }
    return json.dumps(content, default=lambda moment: moment.isoformat(), indent=1) + "\n"


def _parsed(content: Any) -> Book:
    if content["version"] != _VERSION:
        raise ValueError(f"version {content['version']}")
    alerts = [
        OpenAlert(**{**item, **{name: _moment(item[name]) for name in ("since", "last", "queued")}})
        for item in content["open"]
    ]
    return Book(
        {(alert.kind, alert.key): alert for alert in alerts},
        [Waiting(**{**item, "since": _moment(item["since"])}) for item in content["outbox"]],
        int(content["failures"]),
        _moment(content["not_before"]),
        str(content["answer"]),
    )


def _moment(text: str | None) -> Any:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return moment
