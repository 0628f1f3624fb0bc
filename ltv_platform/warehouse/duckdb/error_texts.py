"""The words by which errors of the engine are told apart, where their class does not say enough.

Another release of DuckDB may word an error in another way, so that nothing here recognizes it:
``test_error_texts.py`` provokes each of them in the engine that is installed. The engine is not
imported: the command line asks of errors of every kind.
"""

import re

#: What is not as it was written; such errors are of several classes.
_DAMAGED = ("Corrupt database file", "Could not read enough bytes")
#: The disk takes no more. But for the first, the operating system's words, which the engine quotes.
_NOT_WRITTEN = ("Could not write", "No space left", "File too large", "Read-only file system")
#: Name of the class and beginning of the text, for errors that are kept as text.
OUT_OF_MEMORY = ("OutOfMemory", "Out of Memory")
#: Stands before the line of a statement that an error shows, with a caret below it.
_SHOWN = "LINE 1: "


def is_damage(error: Exception) -> bool:
    """Whether a file of the engine is not as it was written."""
    return any(words in str(error) for words in _DAMAGED)


def takes_no_more(error: Exception) -> bool:
    """Whether the engine failed because the disk takes no more."""
    return any(words in str(error) for words in _NOT_WRITTEN)


def is_held(error: Exception) -> bool:
    """Whether another process has the file open."""
    return "Could not set lock" in str(error)


def holder_of(error: Exception) -> int | None:
    """The process that has the file open, where the error of :func:`is_held` names it."""
    found = re.search(r"PID (\d+)", str(error))
    return int(found[1]) if found else None


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory, or room to spill into, did not suffice."""
    return type(error).__name__ == "OutOfMemoryException"


def is_interrupt(error: Exception) -> bool:
    """Whether Ctrl-C ended the statement."""
    return "Query interrupted" in str(error)


def is_change_in_subquery(error: Exception) -> bool:
    """Whether a WITH inside a subquery would change something."""
    return "must be at the top level" in str(error)


def is_about_decimal(error: Exception) -> bool:
    """Whether a value is no DECIMAL, or does not fit into it."""
    return "DECIMAL(" in str(error)


def is_about_text(error: Exception) -> bool:
    """Whether the value of an error of :func:`is_about_decimal` is a text."""
    return "convert string" in str(error)


def words_of(error: Exception) -> set[str]:
    """The words of the first line, the name of what is missing among them."""
    return set(re.findall(r"\w+", str(error).partition("\n")[0]))


def without_opening(error: Exception, opening: str) -> str:
    """The text of an error about a statement, without what was put before the statement.

    Args:
        error: Of the engine.
        opening: A regular expression of what the first line of the statement begins with; what
            the error shows is the rest, with the caret below the same word.
    """
    text = str(error)
    opened = re.search(rf"(?m)^{_SHOWN}{opening}", text)
    if opened is None:
        return text
    line, newline, below = text[opened.start() :].partition("\n")
    added = len(opened[0]) - len(_SHOWN)
    return text[: opened.start()] + _SHOWN + line[len(opened[0]) :] + newline + below[added:]
