"""Texts from data, made safe for a terminal: control characters are shown, not executed.

A name in a file can move the cursor, fill the clipboard (ESC ]52) or reverse the direction of the
text that follows. Everything that a command prints goes through here.
"""

import re

#: Control characters (C0, DEL, C1), direction marks, line and paragraph separators, the byte order
#: mark, and surrogates, which stand for undecodable bytes of a file name.
_BEYOND_ASCII = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_OBEYED = re.compile(f"[\x00-\x1f{_BEYOND_ASCII}]")
#: Our own messages have several lines.
_OBEYED_IN_MESSAGES = re.compile(f"[\x00-\x08\x0b-\x1f{_BEYOND_ASCII}]")
#: JSON escapes the others itself.
_OBEYED_IN_JSON = re.compile(f"[{_BEYOND_ASCII}]")


def visible(value: str) -> str:
    r"""A value in one line, with control characters shown as in ``\x1b``."""
    return _OBEYED.sub(_shown, value)


def visible_message(message: str) -> str:
    """A message with its line breaks and tabs; it may quote file names and content."""
    return _OBEYED_IN_MESSAGES.sub(_shown, message)


def visible_json(text: str) -> str:
    """JSON with the same values, and with control characters escaped."""
    return _OBEYED_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shown(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
