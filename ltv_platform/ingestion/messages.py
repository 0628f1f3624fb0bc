"""Names in messages: shortened lists, and suggestions for misspelled names."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from ltv_platform.contracts import SourceTable
from ltv_platform.errors import UserError

#: Maximum number of names in a message, and of characters in a name.
_SHOWN = 30
#: Similarity at which a name counts as a misspelling; 1 means equal, and a short word with one
#: letter missing reaches about this value.
_SIMILARITY = 0.8

#: Names that exports use for our columns; folded.
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
    """A list of names for a message; a file can have thousands, each a page long."""
    shown = [name if len(name) <= _SHOWN else name[:_SHOWN] + "…" for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def folded(name: str) -> str:
    """A name without the differences that people overlook: case and surrounding spaces."""
    return name.strip().casefold()


def meant(wanted: str, given: Collection[str]) -> str | None:
    """Find the given name that probably means a wanted one.

    It is a misspelling, or a name that exports are known to use; None: there is none.
    """
    by_folded = {folded(name).replace(" ", "_").replace("-", "_"): name for name in given}
    near = get_close_matches(wanted, by_folded, n=1, cutoff=_SIMILARITY)
    known = [name for name in _SYNONYMS.get(wanted, ()) if name in by_folded]
    found = (*near, *known)
    return by_folded[found[0]] if found else None


def source_called(sources: Mapping[str, SourceTable], table: str) -> SourceTable:
    """Look up a source table by name.

    Raises:
        UserError: there is no such table; the message lists those there are.
    """
    if table in sources:
        return sources[table]
    near = get_close_matches(table, sources, n=1)
    raise UserError(
        f"There is no source table {table!r}.",
        (f"Did you mean {near[0]}? " if near else "") + f"There are: {', '.join(sources)}.",
    )
