"""The columns of a format: their names in the adapter and in exports, and how to read them.

A line ``-- needs: cost (number) = Amount spent ({currency}) | Ausgegebener Betrag ({currency})``
says that the SELECT calls the column ``cost``, that it holds numbers as people write them, and
which names exports give it. ``{currency}`` matches a currency code, which becomes a column of that
name. If a file puts a whole name in braces, as Adjust's ``{adid}``, the braces are ignored. The
``needs`` columns are the fingerprint of the format; ``takes`` columns may be missing, and are then
empty.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from ltv_platform.errors import UserError
from ltv_platform.ingestion.messages import folded

#: How to read a column: as is; as numbers, whole numbers or dates as people write them; as an id
#: of a person; or as an e-mail address, which is replaced by a keyed hash.
Kind = Literal["text", "number", "count", "date", "id", "person"]

#: Names reserved by the platform.
_OWN_NAMES = ("rowid",)
_DECLARED = re.compile(
    r"(?P<name>[a-z][a-z0-9_]*)(?: *\((?P<kind>\w+)\))?(?: *=(?P<spellings>.*))?"
)
#: Spellings with no braces, or with one capture.
_BRACES = re.compile(r"[^{}]*(\{currency\}[^{}]*)?")
#: Patterns of what braces in a spelling may capture.
_CAPTURED = {"currency": r"[a-z]{3}"}


@dataclass(frozen=True)
class FileColumn:
    """A column that an adapter declares.

    Attributes:
        name: Its name in the SELECT.
        spellings: Its names in files, the usual one first.
        needed: A file without it is not of the format.
        kind: How to read its values.
        remedy: What to do about a file without it; empty: unknown.
    """

    name: str
    spellings: tuple[str, ...]
    needed: bool
    kind: Kind
    remedy: str = ""

    def captures(self) -> frozenset[str]:
        """Further columns that its spellings capture."""
        return frozenset(
            name for spelling in self.spellings for name in _CAPTURED if f"{{{name}}}" in spelling
        )

    def read(self, given: str) -> Mapping[str, str] | None:
        """The values captured from a column name in a file; None: the name is not this column's."""
        name_of_file = _bare(given)
        for pattern in _patterns(self.spellings):
            if match := pattern.fullmatch(name_of_file):
                return {name: value.upper() for name, value in match.groupdict().items()}
        return None


@cache
def _patterns(spellings: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Patterns that match a column's spellings in files, in order."""
    patterns = []
    for spelling in spellings:
        pattern = re.escape(folded(spelling))
        for name, captured in _CAPTURED.items():
            pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{captured})")
        patterns.append(re.compile(pattern))
    return tuple(patterns)


def _bare(given: str) -> str:
    """A column name in a file, case-folded, without surrounding braces."""
    name = folded(given)
    return name[1:-1].strip() if re.fullmatch(r"\{[^{}]*\}", name) else name


@dataclass(frozen=True)
class FoundColumns:
    """The columns of a format that a file has.

    Attributes:
        names: The file's name of each declared column it has.
        captured: Values captured from column names, by the column they become.
        missing: Usual spellings of needed columns that the file lacks.
        remedy: What to do about the first missing column with a remedy; empty: none has one.
    """

    names: Mapping[str, str]
    captured: Mapping[str, str]
    missing: tuple[str, ...]
    remedy: str = ""


def declared_column(adapter: str, line: str, *, needed: bool) -> FileColumn:
    """Parse the text after ``-- needs:`` or ``-- takes:``.

    Raises:
        UserError: the text does not declare a column.
    """
    match = _DECLARED.fullmatch(line.strip())
    kind = (match and match["kind"]) or "text"
    if match is None or kind not in get_args(Kind):
        raise UserError(
            f"Adapter {adapter} declares no column with {line.strip()!r}.",
            "Write: -- needs: cost (number) = Cost. Kinds: number, count, date, id, person.",
        )
    if match["name"] in _OWN_NAMES:
        raise UserError(
            f"Adapter {adapter} cannot call a column {match['name']}.", "Give it another name."
        )
    spellings = tuple(
        each.strip() for each in (match["spellings"] or match["name"]).split("|") if each.strip()
    )
    if wrong := [each for each in spellings if not _BRACES.fullmatch(each)]:
        raise UserError(
            f"Adapter {adapter}: {wrong[0]!r} has unknown braces.",
            "Write {currency}, once, where the header gives the currency.",
        )
    return FileColumn(match["name"], spellings, needed, kind)  # type: ignore[arg-type]


def find_columns(declared: Collection[FileColumn], given: Sequence[str]) -> FoundColumns:
    """Find declared columns among the columns of a file.

    If a file has several spellings of a column, the one declared first wins.

    Raises:
        UserError: the columns name several currencies.
    """
    names: dict[str, str] = {}
    captured: dict[str, str] = {}
    missing: list[FileColumn] = []
    for column in declared:
        found = [
            (index, name, values)
            for name in given
            if (values := column.read(name)) is not None
            for index in (_spelling_index(column, name),)
        ]
        if found:
            index, names[column.name], values = min(found, key=lambda each: each[0])
            twice = [name for other, name, _ in found if other == index]
            for what, value in values.items():
                known = captured.setdefault(what, value)
                if known != value or len(twice) > 1:
                    raise UserError(
                        f"Columns name several currencies: {', '.join(twice)}"
                        + (f", and {known} elsewhere." if known != value else "."),
                        "Keep only the columns of one currency.",
                    )
        elif column.needed:
            missing.append(column)
    return FoundColumns(
        names,
        captured,
        tuple(column.spellings[0] for column in missing),
        next((column.remedy for column in missing if column.remedy), ""),
    )


def _spelling_index(column: FileColumn, name: str) -> int:
    """The index of the spelling that a name matches."""
    alone = (
        FileColumn(column.name, (spelling,), column.needed, column.kind)
        for spelling in column.spellings
    )
    return next(index for index, each in enumerate(alone) if each.read(name) is not None)
