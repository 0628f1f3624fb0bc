"""The message that is sent: JSON for Slack and for compatible receivers.

A message consists of our own sentences, names of tables and figures. It never includes text from
elsewhere (errors, rows): that may contain personal data, and chats are kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

#: Slack's limits for the text of a header, of a section, and of a field of a section.
_HEADER, _SECTION, _FIELD = 150, 3_000, 2_000
#: Most characters of the sentence about what happened.
_OF_TEXT = _SECTION // 2
#: Slack allows ten fields in a section.
_MOST_FIELDS = 10
#: Most characters of a file name or sentence in a message.
_LONGEST = 500
#: Longest part of an e-mail address before and after the @.
_MAIL = re.compile(r"[^\s@/]{1,64}@[^\s@/]{1,255}\.[^\s@/]+")


@dataclass(frozen=True)
class Place:
    """Where something happened.

    Attributes:
        label: What it is, as in ``Run``.
        text: Its name.
        path: Path of its page in Dagster's UI; empty: it has none.
    """

    label: str
    text: str
    path: str = ""


@dataclass(frozen=True)
class Message:
    """The message to people.

    Attributes:
        title: The kind of event.
        what: What happened, in a sentence.
        where: Where.
        next_step: What to do; empty if nothing needs to be done.
    """

    title: str
    what: str
    where: tuple[Place, ...] = ()
    next_step: str = ""


def run_page(run_id: str) -> str:
    """The page of a run."""
    return f"/runs/{quote(run_id, safe='')}"


def asset_page(asset: str, view: str = "") -> str:
    """The page of an asset, given as ``marts.campaign_ltv``."""
    pages = "/".join(quote(part, safe="") for part in asset.split("."))
    return f"/assets/{pages}" + (f"?view={view}" if view else "")


def plain(text: str) -> str:
    """A name made safe for a message: one line, printable, short, without e-mail addresses."""
    text = text.encode("utf-8", "backslashreplace").decode()
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    # Cut after the search: half an address would not be found.
    return _cut(_MAIL.sub("(address)", text[: 4 * _LONGEST]), _LONGEST)


def together(messages: Sequence[Message], title: str) -> Message:
    """Many messages as one, so that a flood of files causes no flood of messages."""
    shown: list[str] = []
    room = _OF_TEXT - len("• and 1,000,000 more: `ltv alerts list`")
    for message in messages:
        sentence = f"• {message.title}: {message.what}"
        room -= len(_entities(sentence)) + 1
        if room < 0:
            shown.append(f"• and {len(messages) - len(shown):,} more: `ltv alerts list`")
            break
        shown.append(sentence)
    steps = dict.fromkeys(m.next_step for m in messages if m.next_step)
    return Message(f"{len(messages):,} {title}", "\n".join(shown), (), "\n".join(steps))


def payload(message: Message, public_url: str) -> dict[str, Any]:
    """The JSON of a message: ``text`` is the plain message, ``blocks`` the same in Slack's layout.

    Args:
        message: The message.
        public_url: Where people reach the UI.
    """
    said = [f"*{_escaped(message.title, _HEADER)}*: {_escaped(message.what, _OF_TEXT)}"]
    said += [f"{p.label}: {_link(p, public_url)}" for p in message.where]
    if message.next_step:
        said.append(f"Next: {_escaped(message.next_step, _SECTION // 4)}")
    # Links are not cut: fields that do not fit are left out, and the link to the UI stays.
    while sum(map(len, said)) + len(said) > _SECTION and len(said) > 1:
        said.pop(-2 if message.next_step else -1)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(message.title, _HEADER)}},
        {"type": "section", "text": _text(_escaped(message.what, _SECTION))},
    ]
    fields = [
        _text(f"*{place.label}*\n{link}")
        for place in message.where[:_MOST_FIELDS]
        if len(link := _link(place, public_url)) < _FIELD - len(place.label) - len("**\n")
    ]
    if fields:
        blocks.append({"type": "section", "fields": fields})
    if message.next_step:
        step = _escaped(message.next_step, _SECTION - len("*Next*: "))
        blocks.append({"type": "section", "text": _text(f"*Next*: {step}")})
    source = _escaped(f"ltv-platform, {public_url}", _SECTION)
    blocks.append({"type": "context", "elements": [_text(source)]})
    return {"text": "\n".join(said), "blocks": blocks}


def _text(text: str) -> dict[str, Any]:
    # Verbatim: Slack must not turn names into links to channels, people or addresses.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _link(place: Place, public_url: str) -> str:
    text = _escaped(place.text, _LONGEST)
    if not place.path:
        return text
    address = _entities(public_url + place.path).replace("|", "%7C")
    return f"<{address}|{text.replace('|', '¦')}>"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escaped(text: str, limit: int) -> str:
    """Text escaped for Slack, within a limit that counts the escaped characters."""
    whole = _entities(text)
    if len(whole) <= limit:
        return whole
    kept, length = [], 1
    for character in text:
        entity = _entities(character)
        if length + len(entity) > limit:
            break
        kept.append(entity)
        length += len(entity)
    return "".join(kept) + "…"
