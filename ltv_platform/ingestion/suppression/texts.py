"""Whether free text names somebody: malformed records, logs, files of other formats."""

import json
import re
from collections.abc import Callable, Iterable, Iterator

from ltv_platform.ingestion.reading.record_texts import UNCLOSED

#: Replaces an identifier in a text that is kept.
ERASED = "(erased)"

_BLANKS = " \t\r\n\u00a0\ufeff\0"
_DELIMITERS = ",;\t|"
#: Separators of unquoted words; an identifier that contains one is only found in quotes.
_BARE = re.compile(r"""[^\s,;|"'{}\[\]()=]+""")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.|"")*)"')
#: E-mail addresses at any position.
ADDRESSES = re.compile(r"[^\s,;|\"'<>]+@[^\s,;|\"'<>]+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")

#: Identifiers of these characters are looked up as words, so their number does not matter.
_PLAIN = re.compile(r"[A-Za-z0-9_.@:+/-]*[A-Za-z0-9_@+/-]")
_WORD = re.compile(r"[A-Za-z0-9_.@:+/-]+")
#: Characters of words, and of parts that are unambiguous at any position.
_PART = re.compile(r"[A-Za-z0-9]+")
_UNLIKELY = re.compile(r"(?=.*[0-9])[A-Za-z0-9]{6,}")


def trimmed(value: object) -> str | None:
    """A value as ingestion reads it: trimmed, and None if nothing is left."""
    return None if value is None else str(value).strip(_BLANKS) or None


def words(text: str, delimiter: str | None = None) -> set[str]:
    """Everything in a malformed record that may be a value.

    Args:
        text: The record.
        delimiter: The delimiter of its file, if unusual.
    """
    found = set(_BARE.findall(text))
    for each in {*_DELIMITERS, delimiter or ","}:
        found.update(piece.strip(_BLANKS + "\"'") for piece in text.split(each))
    for inner in _QUOTED.findall(text):
        found.update((inner, inner.replace('""', '"'), _unescaped(inner)))
    return found


def _unescaped(inner: str) -> str:
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return inner


def what_stays(text: str, reason: str, is_named: Callable[[str], bool]) -> str | None:
    """The part of a malformed record to keep; None: nothing.

    After a quote that is never closed come other people's records, line by line; otherwise the
    whole record is one person's.
    """
    if not reason.startswith(UNCLOSED):
        return None if is_named(text) else text
    return "".join(line for line in _LINES.findall(text) if not is_named(line)) or None


class Needles:
    """Identifiers to find as whole words: c1 is not in c10, nor in c1-2.

    Args:
        identifiers: The identifiers.
        in_names: Also find them as parts of words, as in ``c00000014_june.csv``, if they are long
            enough not to occur by chance.
        id_of: Makes an identifier from an address; addresses are then found as well.
    """

    def __init__(
        self,
        identifiers: Iterable[str],
        *,
        in_names: bool = False,
        id_of: Callable[[str], str] | None = None,
    ) -> None:
        all_of_them = {each for each in identifiers if each}
        self._all, self._id_of = all_of_them, id_of
        self._parts = {each for each in all_of_them if in_names and _UNLIKELY.fullmatch(each)}
        self._plain = {each for each in all_of_them if _PLAIN.fullmatch(each)}
        odd = sorted(all_of_them - self._plain, key=lambda each: (-len(each), each))
        self._odd = [re.compile(_alone(each)) for each in odd]
        self._traces = tuple(trace for each in odd for trace in _spellings(each))

    def may_be_in(self, text: str) -> bool:
        """Whether a text, or JSON, may contain one: a fast first check."""
        return (
            any(word in self._plain for word in _words_of(text))
            or any(trace in text for trace in self._traces)
            or self._has_part(text)
        )

    def are_in(self, text: str) -> bool:
        """Whether a text contains one of them."""
        return (
            any(word in self._plain for word in _words_of(text))
            or any(odd.search(text) for odd in self._odd)
            or self._has_part(text)
            or self._has_address(text)
        )

    def redacted(self, text: str) -> str:
        """The text with each of them replaced by :data:`ERASED`."""
        for odd in self._odd:
            text = odd.sub(ERASED, text)
        text = _WORD.sub(self._redacted_word, text)
        if self._parts:
            text = _PART.sub(lambda part: ERASED if part[0] in self._parts else part[0], text)
        return text

    def _has_part(self, text: str) -> bool:
        return bool(self._parts) and any(part in self._parts for part in _PART.findall(text))

    def _has_address(self, text: str) -> bool:
        return self._id_of is not None and any(
            self._id_of(address) in self._all for address in ADDRESSES.findall(text)
        )

    def _redacted_word(self, match: re.Match[str]) -> str:
        word = match[0].rstrip(".:")
        return ERASED + match[0][len(word) :] if word in self._plain else match[0]


def _words_of(text: str) -> Iterator[str]:
    return (word.rstrip(".:") for word in _WORD.findall(text))


def _alone(identifier: str) -> str:
    before = r"(?<!\w)" if identifier[0].isalnum() else ""
    behind = r"(?!\w)" if identifier[-1].isalnum() else ""
    return f"{before}{re.escape(identifier)}{behind}"


def _spellings(identifier: str) -> tuple[str, ...]:
    """An identifier as it is, and as JSON writes it."""
    ascii_only, unicode_too = (
        json.dumps(identifier, ensure_ascii=each)[1:-1] for each in (True, False)
    )
    return identifier, ascii_only, unicode_too
