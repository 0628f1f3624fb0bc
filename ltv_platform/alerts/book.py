"""What is open and what waits to be sent: one JSON file, replaced whole.

A process that is killed leaves the file of before or the one after, so a message that was to be
sent is sent at least once.
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
#: Seconds to wait for another process that writes the file, which takes milliseconds.
_PATIENCE = 10.0


@dataclass
class OpenAlert:
    """An alert that is not resolved.

    Attributes:
        kind: Its kind.
        key: What it is about.
        title: Its kind in words.
        what: What happened.
        since: When it was told first.
        last: When it was told last.
        times: How often it was told.
        queued: When its message was put into the outbox last; None: no webhook was set.
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
        id: Its own.
        body: The JSON to send.
        since: When it was put there.
        refused: How often the receiver found it at fault.
    """

    id: str
    body: dict[str, Any]
    since: datetime
    refused: int = 0


@dataclass
class Book:
    """All that is kept about alerts.

    Attributes:
        open: What is not resolved, by kind and key.
        outbox: Messages that wait, the oldest first.
        failures: Deliveries that failed in a row.
        not_before: Until when nothing is sent.
        answer: What came back last when a delivery failed.
    """

    open: dict[tuple[str, str], OpenAlert] = field(default_factory=dict)
    outbox: list[Waiting] = field(default_factory=list)
    failures: int = 0
    not_before: datetime | None = None
    answer: str = ""

    def of_kind(self, kind: str) -> list[OpenAlert]:
        """What is open of a kind."""
        return [alert for alert in self.open.values() if alert.kind == kind]


def read_book(folder: Path) -> Book:
    """The book of a folder; an empty one where there is none, or it is damaged."""
    try:
        return _parsed(json.loads((folder / "alerts.json").read_text("utf-8")))
    except FileNotFoundError:
        return Book()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        _LOG.warning("%s is damaged (%s): alerts start again", folder / "alerts.json", error)
        return Book()


@contextmanager
def writing_book(folder: Path) -> Iterator[Book]:
    """The book to be changed; it is written when the block ends without an error.

    Raises:
        BusyError: another process does not let go of it.
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
