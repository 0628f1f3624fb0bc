"""Why something failed, in our own words.

The text of an error may quote a row, and a row may name a person. So errors are recognized, and
their texts never passed on. Unrecognized errors are only in the log of the run.
"""

from dataclasses import dataclass

from ltv_platform.warehouse.error_texts import OUT_OF_MEMORY


@dataclass(frozen=True)
class Cause:
    """A known cause that people can fix.

    Attributes:
        words: Texts in an error by which the cause is recognized; one is enough.
        says: Our description of it.
        next_step: What fixes it; empty: the alert's own next step applies.
    """

    words: tuple[str, ...]
    says: str
    next_step: str = ""


_OF_RUNS = (
    Cause(
        ("The disk is full", "No space left on device", "Check that the disk has room"),
        "the disk is full",
        "Free space on the disk of LTV_HOME.",
    ),
    Cause(
        ("is damaged:", "cannot be opened:"),
        "the warehouse is damaged",
        "Restore a backup; see When something fails in docs/operations.md.",
    ),
    Cause(
        ("is held by", "up to date (waited", "database is locked"),
        "another process held the warehouse for too long",
        "Let the other process finish or end it, or raise LTV_LOCK_TIMEOUT.",
    ),
    Cause(
        (*OUT_OF_MEMORY, "out of memory", "MemoryError"),
        "the engine ran out of memory",
        "Raise LTV_MEMORY_LIMIT, or free memory on the machine.",
    ),
    Cause(
        ("was killed", "unexpectedly exited", "terminated by signal", "no longer running"),
        "its process was killed",
        "Check whether the machine ran out of memory or was restarted.",
    ),
    Cause(
        ("API rejects the key",),
        "the IHC API rejects the key",
        "Correct IHC_API_KEY, or set LTV_IHC_ENGINE=local.",
    ),
    Cause(
        ("does not match its contract",),
        "a SELECT does not return the columns of its contract",
        "Fix the SELECT or the contract that the run's log names.",
    ),
    Cause(
        ("amount or a sum that is too large",),
        "an amount or a sum is too large",
        "Find the amount in the input of the table that the run's log names, then load a "
        "corrected version of its row.",
    ),
    Cause(("A setting is wrong", "is not a setting"), "a setting is wrong", "See `ltv doctor`."),
)

#: Beginning of the message about a file in a folder that belongs to no source table.
NO_SOURCE_TABLE = "There is no source table"

_OF_FILES = (
    Cause(("has an unsupported extension",), "its extension is not supported"),
    Cause((", despite its extension",), "its content does not match its extension"),
    Cause(
        (
            "is not an Excel workbook",
            " is a workbook ",
            " has no sheet ",
            "more digits than Excel keeps",
        ),
        "it is a workbook that cannot be read",
    ),
    Cause(("gzip file",), "it is a damaged gzip file"),
    Cause(("as a gzip bomb does",), "it grows too large when it is decompressed"),
    Cause(("is not a text file", "UTF-16 file"), "it is not text that can be read"),
    Cause(("was written to while",), "it was written to while it was read"),
    Cause(("links in landing are not followed",), "it is a link"),
    Cause(("no permission",), "reading it is not permitted"),
    Cause((", not a file",), "it is not a file"),
    Cause((" is empty.",), "it is empty"),
    Cause(("has no header",), "it has no header that can be read"),
    Cause(("columns of the same name",), "two of its columns have the same name"),
    Cause((" required for ",), "it lacks a required column"),
    Cause(("is not valid JSON",), "it is not valid JSON"),
    Cause(("has several lists of records",), "it has several lists of records"),
    Cause(
        ("is not a SQLite database", "extension of a SQLite database"),
        "it is not a SQLite database",
    ),
    Cause((NO_SOURCE_TABLE,), "its folder does not name a source table"),
    Cause(("There is no adapter", "The adapter ", "Adapter "), "its adapter is missing or wrong"),
    Cause(("fit adapter",), "it does not fit its adapter"),
    Cause(("free space on the disk",), "it needs more than half of the free disk"),
)

UNKNOWN = Cause((), "the run's log says why")


def cause_of_run(error: str) -> Cause:
    """The known cause of a run's error."""
    return _recognized(error, _OF_RUNS)


def cause_of_rejection(error: str) -> Cause:
    """The known cause of a file's rejection."""
    return _recognized(error, (*_OF_FILES, *_OF_RUNS))


def _recognized(error: str, causes: tuple[Cause, ...]) -> Cause:
    return next((c for c in causes if any(words in error for words in c.words)), UNKNOWN)
