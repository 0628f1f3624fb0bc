"""Reads a sample's files the slow and plain way, by the rules of tables.md, without numpy.

Written from the design pages alone and on purpose not from the generator, whose truths it checks.
"""

import csv
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

Row = dict[str, str]

LATEST = datetime(2026, 11, 30)
KEYS = {
    "customers": "customer_id",
    "transactions": "transaction_id",
    "customer_interactions": "interaction_id",
    "session_sources": "session_id",
    "conversions": "conv_id",
    "session_costs": "session_id",
    "campaigns": "campaign_id",
}


def _moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text) < LATEST
    except ValueError:
        return False


def _day(text: str) -> bool:
    try:
        return date.fromisoformat(text) < LATEST.date()
    except ValueError:
        return False


def _time(text: str) -> bool:
    return re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d", text) is not None


def _decimal(scale: int, *, zero: bool = True, negative: bool = False) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            value = Decimal(text)
        except InvalidOperation:
            return False
        if "_" in text or not value.is_finite() or (value == 0 and not zero):
            return False
        if value < 0 and not negative:
            return False
        exponent = value.as_tuple().exponent
        return isinstance(exponent, int) and -exponent <= scale and value < 10 ** (18 - scale)

    return check


def _boolean(text: str) -> bool:
    return text in ("0", "1")


def _currency(text: str) -> bool:
    return re.fullmatch(r"[A-Z]{3}", text) is not None


REQUIRED = {
    "customers": ("customer_id", "registration_date"),
    "transactions": ("transaction_id", "transaction_date", "amount"),
    "customer_interactions": (
        *("interaction_id", "customer_id", "interaction_date", "interaction_type"),
    ),
    "session_sources": (
        *("session_id", "user_id", "channel_name", "event_date", "event_time"),
        *("holder_engagement", "closer_engagement"),
    ),
    "conversions": ("conv_id", "user_id", "conv_date", "conv_time", "revenue"),
    "session_costs": ("session_id",),
    "campaign_costs": ("campaign_id", "date", "cost"),
    "campaigns": ("campaign_id",),
    "fx_rates": ("date", "currency", "rate"),
}
TYPES: dict[str, Callable[[str], bool]] = {
    "registration_date": _moment,
    "transaction_date": _moment,
    "interaction_date": _moment,
    "updated_at": _moment,
    "event_date": _day,
    "conv_date": _day,
    "date": _day,
    "event_time": _time,
    "conv_time": _time,
    "amount": _decimal(6),
    "revenue": _decimal(6),
    "cost": _decimal(6, negative=True),
    "rate": _decimal(8, zero=False),
    "currency": _currency,
    "is_refund": _boolean,
    "holder_engagement": _boolean,
    "closer_engagement": _boolean,
    "impression_interaction": _boolean,
}


def rows(folder: Path, table: str) -> list[Row]:
    """Return all rows of a file as text."""
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def faults(table: str, row: Row) -> list[str]:
    """Return the columns in which a row breaks a rule of tables.md."""
    wrong = [
        column
        for column, text in row.items()
        if (not text and column in REQUIRED[table])
        or (text and column in TYPES and not TYPES[column](text))
    ]
    refund_type = row.get("transaction_type") in ("refund", "chargeback")
    if table == "transactions" and refund_type and row["is_refund"] == "0":
        wrong.append("transaction_type")
    return wrong


def good_rows(folder: Path, table: str) -> list[Row]:
    """Return the rows that a platform must accept, in the order of the file."""
    return [
        row
        for row in rows(folder, table)
        if not faults(table, row) and not row.get("transaction_date", "").startswith("1999")
    ]
