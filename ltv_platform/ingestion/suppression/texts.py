"""Whether free text names somebody: records that could not be split, logs, files of other kinds."""

import json
import re
from collections.abc import Callable, Iterable, Iterator

from ltv_platform.ingestion.reading.record_texts import UNCLOSED

#: What stands in place of an identifier in a text that stays.
ERASED = "(erased)"

_BLANKS = " \t\r\n\u00a0\ufeff\0"
_DELIMITERS = ",;\t|"
#: What parts bare words; an identifier that holds one of these is found where it is quoted.
_BARE = re.compile(r"""[^\s,;|"'{}\[\]()=]+""")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.|"")*)"')
#: E-mail addresses, wherever they stand.
ADDRESSES = re.compile(r"[^\s,;|\"'<>]+@[^\s,;|\"'<>]+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")

#: Identifiers of these characters are found as the words of a text, however many they are.
_PLAIN = re.compile(r"[A-Za-z0-9_.@:+/-]*[A-Za-z0-9_@+/-]")
_WORD = re.compile(r"[A-Za-z0-9_.@:+/-]+")
#: What words are made of; and such parts as mean one thing wherever they stand.
_PART = re.compile(r"[A-Za-z0-9]+")
_UNLIKELY = re.compile(r"(?=.*[0-9])[A-Za-z0-9]{6,}")


def trimmed(value: object) -> str | None:
    """A value as ingestion reads it: without blanks around it, None where nothing is left."""
    return None if value is None else str(value).strip(_BLANKS) or None


def words(text: str, delimiter: str | None = None) -> set[str]:
    """Everything in a record that could not be split that may be a value of it.

    Args:
        text: The record.
        delimiter: What its file parts fields by, if that is unusual.
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
    """What stays of a record that could not be split; None: nothing of it.

    Behind a quote that is never closed stand other people's records, line by line; else the whole
    record is one person's.
    """
    if not reason.startswith(UNCLOSED):
        return None if is_named(text) else text
    return "".join(line for line in _LINES.findall(text) if not is_named(line)) or None


class Needles:
    """Identifiers that are looked for as whole words: c1 is not in c10, nor in c1-2.

    Args:
        identifiers: The identifiers.
        in_names: Look for them as parts of words, too, as in ``c00000014_june.csv``: those that
            are long enough not to stand there by chance.
        id_of: What makes an identifier of an address, which is then looked for, too.
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
        """Whether a text, be it JSON, is worth a closer look."""
        return (
            any(word in self._plain for word in _words_of(text))
            or any(trace in text for trace in self._traces)
            or self._has_part(text)
        )

    def are_in(self, text: str) -> bool:
        """Whether a text names one of them."""
        return (
            any(word in self._plain for word in _words_of(text))
            or any(odd.search(text) for odd in self._odd)
            or self._has_part(text)
            or self._has_address(text)
        )

    def redacted(self, text: str) -> str:
        """The text with :data:`ERASED` in place of each of them."""
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
    """As it stands, and as JSON writes it."""
    ascii_only, unicode_too = (
        json.dumps(identifier, ensure_ascii=each)[1:-1] for each in (True, False)
    )
    return identifier, ascii_only, unicode_too
