"""What scopes can name: a token for something misspelled would open nothing, without a word."""

from collections.abc import Iterable
from difflib import get_close_matches

from ltv_platform.errors import UserError
from ltv_platform.events.intake import TABLES
from ltv_platform.metrics import catalogue
from ltv_platform.pipes.declared import all_pipes
from ltv_platform.settings import Settings

#: What can be read besides pipes and metrics: pages, lists, agents.
_OTHERS = ("dashboard", "mcp", "metrics", "pipes")


def refuse_unknown_names(settings: Settings, scopes: Iterable[str]) -> None:
    """Refuse scopes of what does not exist.

    Raises:
        UserError: there is no such pipe, metric or source; the hint has a similar name.
    """
    readable = [*_OTHERS, *all_pipes(settings), *catalogue(settings)]
    for scope in scopes:
        kind, _, name = scope.partition(":")
        known = {"READ": readable, "APPEND": list(TABLES)}.get(kind)
        if known is None or name in ("*", *known):
            continue
        what = "pipe or metric" if kind == "READ" else "source"
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {kind}:{near[0]}?" if near else f"There are: {', '.join(known)}."
        raise UserError(f"There is no {what} {name!r}.", hint)
