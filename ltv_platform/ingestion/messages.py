"""Names in messages: few of many, and which of them may have been meant."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from ltv_platform.contracts import SourceTable
from ltv_platform.errors import UserError

#: Names, and characters of a name, that a message shows at the most.
_SHOWN = 30
#: How alike two names must be for one to pass for a slip of the other; 1 is equal, and one letter
#: left out of a short word is about so much.
_ALIKE = 0.8

#: What exports call our columns; folded.
_SYNONYMS = {
    "customer_id": ("user_id", "user", "customer", "client_id", "buyer", "member_id"),
    "user_id": ("customer_id", "customer", "user", "client_id"),
    "transaction_id": ("id", "payment_id", "charge_id", "transaction"),
    "transaction_date": ("date", "created", "created_at", "paid_at", "timestamp", "purchase_date"),
    "amount": ("total", "price", "revenue", "value", "gross"),
    "registration_date": ("created", "created_at", "signup_date", "install_time", "install_date"),
    "campaign_id": ("campaign", "campaign_name"),
    "date": ("day", "event_date"),
    "cost": ("spend", "amount_spent", "spent"),
    "rate": ("exchange_rate", "fx_rate", "price"),
    "channel_name": ("channel", "source", "medium"),
    "revenue": ("amount", "value", "total"),
}


def some(names: Sequence[str], most: int = _SHOWN) -> str:
    """Names for a message; a file can have thousands of them, each a page long."""
    shown = [name if len(name) <= _SHOWN else name[:_SHOWN] + "…" for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def folded(name: str) -> str:
    """A name without what people do not look at: capitals, and blanks around it."""
    return name.strip().casefold()


def meant(wanted: str, given: Collection[str]) -> str | None:
    """Which of some names that mean nothing else may be meant by a wanted one.

    That is a slip of it, or what exports are known to call it; None: there is none.
    """
    by_folded = {folded(name).replace(" ", "_").replace("-", "_"): name for name in given}
    near = get_close_matches(wanted, by_folded, n=1, cutoff=_ALIKE)
    known = [name for name in _SYNONYMS.get(wanted, ()) if name in by_folded]
    found = (*near, *known)
    return by_folded[found[0]] if found else None


def source_called(sources: Mapping[str, SourceTable], table: str) -> SourceTable:
    """The source table of that name.

    Raises:
        UserError: there is none; the message names those that there are.
    """
    if table in sources:
        return sources[table]
    near = get_close_matches(table, sources, n=1)
    raise UserError(
        f"There is no source table {table!r}.",
        (f"Did you mean {near[0]}? " if near else "") + f"There are: {', '.join(sources)}.",
    )
