"""Columns of a format: what its adapter calls them, how exports spell them, how they are read.

A line ``-- needs: cost (number) = Amount spent ({currency}) | Ausgegebener Betrag ({currency})``
says that the SELECT calls the column ``cost``, that it holds numbers as people write them, and
how files name it. ``{currency}`` stands for a currency code, which becomes a column of that name. A
name that stands in braces as a whole in a file, as Adjust's ``{adid}``, is read without them.
``needs`` are the fingerprint that a file is known by; ``takes`` may be missing, and are empty then.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from ltv_platform.errors import UserError
from ltv_platform.ingestion.messages import folded

#: How a column is read: as it is, as numbers, whole numbers or dates in the form that files write,
#: as what identifies a person, or as an address, which is replaced by a keyed hash.
Kind = Literal["text", "number", "count", "date", "id", "person"]

#: Names that the platform gives.
_OWN_NAMES = ("rowid",)
_DECLARED = re.compile(
    r"(?P<name>[a-z][a-z0-9_]*)(?: *\((?P<kind>\w+)\))?(?: *=(?P<spellings>.*))?"
)
#: Spellings with no braces, or one that captures.
_BRACES = re.compile(r"[^{}]*(\{currency\}[^{}]*)?")
#: What braces of a spelling may capture, and the pattern of it.
_CAPTURED = {"currency": r"[a-z]{3}"}


@dataclass(frozen=True)
class FileColumn:
    """A column that an adapter declares.

    Attributes:
        name: What the SELECT calls it.
        spellings: Names that files give it, the usual one first.
        needed: A file without it is not of the format.
        kind: How its values are read.
        remedy: What to do about a file without it; empty: nothing is known.
    """

    name: str
    spellings: tuple[str, ...]
    needed: bool
    kind: Kind
    remedy: str = ""

    def captures(self) -> frozenset[str]:
        """Columns that spellings of it give besides."""
        return frozenset(
            name for spelling in self.spellings for name in _CAPTURED if f"{{{name}}}" in spelling
        )

    def read(self, given: str) -> Mapping[str, str] | None:
        """What a name in a file says besides being this column's; None: it is not this column's."""
        name_of_file = _bare(given)
        for pattern in _patterns(self.spellings):
            if match := pattern.fullmatch(name_of_file):
                return {name: value.upper() for name, value in match.groupdict().items()}
        return None


@cache
def _patterns(spellings: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """What matches names in files that are spellings of a column, in their order."""
    patterns = []
    for spelling in spellings:
        pattern = re.escape(folded(spelling))
        for name, captured in _CAPTURED.items():
            pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{captured})")
        patterns.append(re.compile(pattern))
    return tuple(patterns)


def _bare(given: str) -> str:
    """A name in a file, folded, without braces around it."""
    name = folded(given)
    return name[1:-1].strip() if re.fullmatch(r"\{[^{}]*\}", name) else name


@dataclass(frozen=True)
class FoundColumns:
    """Where the columns of a format stand in a file.

    Attributes:
        names: The file's name of each declared column that it has.
        captured: Values that its names give, by the column that they make.
        missing: Spellings of needed columns that it does not have.
        remedy: What to do about the first of these that says it; empty: none does.
    """

    names: Mapping[str, str]
    captured: Mapping[str, str]
    missing: tuple[str, ...]
    remedy: str = ""


def declared_column(adapter: str, line: str, *, needed: bool) -> FileColumn:
    """Parse what follows ``-- needs:`` or ``-- takes:``.

    Raises:
        UserError: it declares no column.
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
            f"Adapter {adapter}: {wrong[0]!r} has braces that mean nothing.",
            "Write {currency}, once, where the header says the currency.",
        )
    return FileColumn(match["name"], spellings, needed, kind)  # type: ignore[arg-type]


def find_columns(declared: Collection[FileColumn], given: Sequence[str]) -> FoundColumns:
    """Where declared columns stand among the columns of a file.

    Of several spellings that a file has, that one counts which is declared first.

    Raises:
        UserError: they name several currencies.
    """
    names: dict[str, str] = {}
    captured: dict[str, str] = {}
    missing: list[FileColumn] = []
    for column in declared:
        found = [
            (place, name, said)
            for name in given
            if (said := column.read(name)) is not None
            for place in (_place(column, name),)
        ]
        if found:
            place, names[column.name], said = min(found, key=lambda each: each[0])
            twice = [name for other, name, _ in found if other == place]
            for what, value in said.items():
                told = captured.setdefault(what, value)
                if told != value or len(twice) > 1:
                    raise UserError(
                        f"Columns name several currencies: {', '.join(twice)}"
                        + (f", and {told} elsewhere." if told != value else "."),
                        "Keep the columns of one currency.",
                    )
        elif column.needed:
            missing.append(column)
    return FoundColumns(
        names,
        captured,
        tuple(column.spellings[0] for column in missing),
        next((column.remedy for column in missing if column.remedy), ""),
    )


def _place(column: FileColumn, name: str) -> int:
    """Which of a column's spellings a name is."""
    alone = (
        FileColumn(column.name, (spelling,), column.needed, column.kind)
        for spelling in column.spellings
    )
    return next(place for place, each in enumerate(alone) if each.read(name) is not None)
