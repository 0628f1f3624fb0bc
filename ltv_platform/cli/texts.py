"""Texts that come from data, as a terminal may have them: seen, not obeyed.

A name in a file can hold what moves the cursor, fills the clipboard (ESC ]52) or turns round the
direction of what follows it. Whatever a command prints goes through here.
"""

import re

#: Control characters (C0, DEL, C1), marks of direction, separators of lines and paragraphs, the
#: byte order mark, and halves of characters, which stand for bytes of a name that are none.
_BEYOND_ASCII = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_OBEYED = re.compile(f"[\x00-\x1f{_BEYOND_ASCII}]")
#: A message of ours has lines.
_OBEYED_IN_MESSAGES = re.compile(f"[\x00-\x08\x0b-\x1f{_BEYOND_ASCII}]")
#: JSON shows the others itself.
_OBEYED_IN_JSON = re.compile(f"[{_BEYOND_ASCII}]")


def visible(value: str) -> str:
    r"""A value in one line, with control characters shown as in ``\x1b``."""
    return _OBEYED.sub(_shown, value)


def visible_message(message: str) -> str:
    """A message with its lines and tabs, which may quote what stands in a file, or its name."""
    return _OBEYED_IN_MESSAGES.sub(_shown, message)


def visible_json(text: str) -> str:
    """JSON with the same values, and nothing that a terminal would obey."""
    return _OBEYED_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shown(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
