"""Texts that identify errors of the engine whose class is not specific enough.

Another release of DuckDB may change the wording of an error: ``test_error_texts.py`` provokes each
of them in the installed engine. The engine is not imported here, because the command line checks
errors of every kind.
"""

import re

#: A damaged file; such errors have several classes.
_DAMAGED = ("Corrupt database file", "Could not read enough bytes")
#: A full disk; all but the first are messages of the operating system, which the engine quotes.
_NOT_WRITTEN = ("Could not write", "No space left", "File too large", "Read-only file system")
#: Class name and beginning of the text, for errors that are stored as text.
OUT_OF_MEMORY = ("OutOfMemory", "Out of Memory")
#: Precedes the line of the statement that an error shows, with a caret below it.
_SHOWN = "LINE 1: "


def is_damage(error: Exception) -> bool:
    """Whether a file of the engine is damaged."""
    return any(words in str(error) for words in _DAMAGED)


def takes_no_more(error: Exception) -> bool:
    """Whether the engine failed because the disk is full."""
    return any(words in str(error) for words in _NOT_WRITTEN)


def is_held(error: Exception) -> bool:
    """Whether another process has the file open."""
    return "Could not set lock" in str(error)


def holder_of(error: Exception) -> int | None:
    """The process that has the file open, if the error of :func:`is_held` names it."""
    found = re.search(r"PID (\d+)", str(error))
    return int(found[1]) if found else None


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory, or disk space to spill to, was not sufficient."""
    return type(error).__name__ == "OutOfMemoryException"


def is_interrupt(error: Exception) -> bool:
    """Whether Ctrl-C ended the statement."""
    return "Query interrupted" in str(error)


def is_change_in_subquery(error: Exception) -> bool:
    """Whether a WITH inside a subquery would change something."""
    return "must be at the top level" in str(error)


def is_about_decimal(error: Exception) -> bool:
    """Whether a value is not a DECIMAL, or does not fit into one."""
    return "DECIMAL(" in str(error)


def is_about_text(error: Exception) -> bool:
    """Whether the value in an error of :func:`is_about_decimal` is a text."""
    return "convert string" in str(error)


def column_without_value(error: Exception) -> str:
    """The required column that a row leaves empty; empty: the error is about something else."""
    found = re.search(r"NOT NULL constraint failed: \w+\.(\w+)", str(error))
    return found[1] if found else ""


def words_of(error: Exception) -> set[str]:
    """The words of the first line, which include the name of a missing table or column."""
    return set(re.findall(r"\w+", str(error).partition("\n")[0]))


def without_opening(error: Exception, opening: str) -> str:
    """The text of an error about a statement, without the prefix that was added to the statement.

    Args:
        error: An error of the engine.
        opening: A regular expression for the prefix of the first line. The error then shows only
            the rest, with the caret below the same word.
    """
    text = str(error)
    opened = re.search(rf"(?m)^{_SHOWN}{opening}", text)
    if opened is None:
        return text
    line, newline, below = text[opened.start() :].partition("\n")
    added = len(opened[0]) - len(_SHOWN)
    return text[: opened.start()] + _SHOWN + line[len(opened[0]) :] + newline + below[added:]
