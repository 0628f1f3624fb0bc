"""What an erasure searches for: the person, and the ids of their rows.

The first step deletes them from the log. So they are kept in a journal until the erasure has
finished, and a second call can resume after a kill.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ltv_platform.errors import UserError
from ltv_platform.settings import Settings

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Identifiers:
    """Identifiers of persons to be erased.

    Attributes:
        persons: Their customer ids.
        keys: Ids of their rows by source table: transactions, sessions and so on.
        contested: Keys under which the log also has rows of others.
    """

    persons: frozenset[str]
    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)
    contested: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, table: str) -> frozenset[str]:
        """The keys in a source table."""
        return self.keys.get(table, _NONE)

    def __or__(self, other: "Identifiers") -> "Identifiers":
        return Identifiers(
            self.persons | other.persons,
            _joined(self.keys, other.keys),
            _joined(self.contested, other.contested),
        )

    def with_keys(self, table: str, keys: Iterable[str]) -> "Identifiers":
        """The identifiers with additional keys of a source table."""
        return self | Identifiers(_NONE, {table: frozenset(keys)})

    def all(self) -> frozenset[str]:
        """All identifiers, of every kind."""
        return self.persons.union(*self.keys.values())


def _joined(
    left: Mapping[str, frozenset[str]], right: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    return {name: left.get(name, _NONE) | right.get(name, _NONE) for name in {*left, *right}}


def read_journal(settings: Settings) -> Identifiers | None:
    """What an unfinished erasure searches for.

    Raises:
        UserError: the file is damaged.
    """
    path = settings.erasure_journal_path
    try:
        written = json.loads(path.read_text("utf-8"))
        return Identifiers(
            frozenset(written["persons"]),
            *(
                {table: frozenset(keys) for table, keys in written[name].items()}
                for name in ("keys", "contested")
            ),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}, the list of identifiers to erase, is damaged ({error}).",
            "Remove it and run `ltv erase` again for the same person.",
        ) from error


def write_journal(settings: Settings, identifiers: Identifiers) -> None:
    """Write the journal, readable by its owner only."""
    path = settings.erasure_journal_path
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)  # left by a killed process
    content = {
        "persons": sorted(identifiers.persons),
        "keys": {table: sorted(keys) for table, keys in identifiers.keys.items()},
        "contested": {table: sorted(keys) for table, keys in identifiers.contested.items()},
    }
    with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def remove_journal(settings: Settings) -> None:
    """Remove the journal: the erasure has finished."""
    settings.erasure_journal_path.unlink(missing_ok=True)
