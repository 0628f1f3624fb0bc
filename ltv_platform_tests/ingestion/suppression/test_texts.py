"""Identifiers as words of a text."""

import pytest

from ltv_platform.ingestion.reading.record_texts import UNCLOSED
from ltv_platform.ingestion.suppression.texts import Needles, what_stays, words


@pytest.mark.parametrize(
    ("identifier", "text", "redacted"),
    [
        ("c1", "c1 and c10, c1-2, xc1, c1.5, a@c1", "(erased) and c10, c1-2, xc1, c1.5, a@c1"),
        ("c1", "keys twice, such as (c1, 'c1').", "keys twice, such as ((erased), '(erased)')."),
        ("c1", "user c1: gone. It was c1.", "user (erased): gone. It was (erased)."),
        ("o'neil", "o'neil o'neill", "(erased) o'neill"),
        ("a b", "a b, a bc, xa b", "(erased), a bc, xa b"),
        ("50%", "50% of 150% is 50%", "(erased) of 150% is (erased)"),
        ("é", "é été é", "(erased) été (erased)"),
        ("", "nothing", "nothing"),
    ],
)
def test_only_whole_words_are_redacted(identifier: str, text: str, redacted: str) -> None:
    """Another identifier that holds this one is left alone."""
    needles = Needles([identifier])
    assert needles.redacted(text) == redacted
    assert needles.are_in(text) is (redacted != text)


@pytest.mark.parametrize(
    "text",
    ["t,c 1,x", 't,"c 1",x', "c 1\tx", "x|c 1", '{"a": "c 1", ', "x;'c 1'", "x,c 1\r\n"],
)
def test_a_value_of_a_broken_record_is_among_its_words(text: str) -> None:
    """With any separator."""
    assert "c 1" in words(text)
    assert "c 1" not in words(text.replace("c 1", "c 12"))


def test_what_is_escaped_is_found_as_it_is_meant() -> None:
    """Doubled quotes of CSV, escapes of JSON, and a delimiter that only an adapter knows."""
    assert 'a"b' in words('t,"a""b",x')
    assert "é" in words('{"id": "\\u00e9"')
    assert "c1" in words("t^c1^x", "^")


def test_what_stays_of_a_broken_record() -> None:
    """Nothing; but after an unclosed quote there are records of others, line by line."""

    def named(line: str) -> bool:
        return "c1" in line

    assert what_stays("t,c1\nx", "record: has 2 columns, not 4", named) is None
    assert what_stays("t,c2", "record: has 2 columns, not 4", named) == "t,c2"
    assert what_stays('t,"c2\nt,c1\nt,c3\n', f"{UNCLOSED}; …", named) == 't,"c2\nt,c3\n'
    assert what_stays('"c1', f"{UNCLOSED}; …", named) is None
