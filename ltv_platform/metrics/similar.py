"""Names that are spelled like a given one, for refusals."""

from collections.abc import Iterable
from difflib import get_close_matches

#: Most names that are suggested.
_MOST = 3


def similar(given: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Known names that look like a given one, whatever their case; the most similar first.

    A name that contains it, or is part of it, is more similar than one that is spelled alike.
    """
    folded = {name.casefold(): name for name in known}
    asked = given.casefold().strip()
    around = [name for name in folded if asked and (asked in name or name in asked)]
    close = get_close_matches(asked, folded, n=_MOST, cutoff=cutoff)
    found = dict.fromkeys((*sorted(around, key=len), *close))
    return [folded[name] for name in list(found)[:_MOST]]
