"""Names that are spelled like a given one, for refusals."""

from collections.abc import Iterable
from difflib import get_close_matches

#: Most names that are suggested.
_MOST = 3


def similar(given: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Known names that look like a given one, whatever their case; the most similar first."""
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(given.casefold(), folded, n=_MOST, cutoff=cutoff)
    return [folded[name] for name in close]
